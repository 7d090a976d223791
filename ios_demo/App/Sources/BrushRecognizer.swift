import UIKit
import UIKit.UIGestureRecognizerSubclass

/// One finger that paints, from where it touched the screen. A second one ends it, for that is a zoom; a tap is a dot.
final class BrushRecognizer: UIGestureRecognizer {
    private(set) var start = CGPoint.zero

    override func touchesBegan(_ touches: Set<UITouch>, with event: UIEvent) {
        super.touchesBegan(touches, with: event)
        if (event.touches(for: self)?.count ?? 0) > 1 {
            state = state == .possible ? .failed : .cancelled
        } else if let touch = touches.first {
            start = touch.location(in: view)
        }
    }

    override func touchesMoved(_ touches: Set<UITouch>, with event: UIEvent) {
        super.touchesMoved(touches, with: event)
        switch state {
        case .possible:
            let now = location(in: view)
            if abs(now.x - start.x) + abs(now.y - start.y) > 4 {
                state = .began
            }
        case .began, .changed:
            state = .changed
        default:
            break
        }
    }

    override func touchesEnded(_ touches: Set<UITouch>, with event: UIEvent) {
        super.touchesEnded(touches, with: event)
        state = .ended
    }

    override func touchesCancelled(_ touches: Set<UITouch>, with event: UIEvent) {
        super.touchesCancelled(touches, with: event)
        state = .cancelled
    }
}
