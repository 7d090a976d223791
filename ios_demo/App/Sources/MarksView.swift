import UIKit

/// What is marked, in a colour that shines through.
final class MarksView: UIView {
    var strokes: [Stroke] = [] {
        didSet { redraw(strokes != oldValue) }
    }

    /// The one that is being painted.
    var current: Stroke? {
        didSet { redraw(current != oldValue) }
    }

    var viewport = Viewport() {
        didSet { redraw(viewport != oldValue) }
    }

    override init(frame: CGRect) {
        super.init(frame: frame)
        isOpaque = false
        isUserInteractionEnabled = false
        contentMode = .redraw
        alpha = 0.55
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) {
        fatalError("made in code alone")
    }

    override func draw(_ rect: CGRect) {
        guard let context = UIGraphicsGetCurrentContext() else { return }
        context.translateBy(x: viewport.origin.x, y: viewport.origin.y)
        context.scaleBy(x: viewport.scale, y: viewport.scale)
        context.setStrokeColor(UIColor.systemPink.cgColor)
        context.setLineCap(.round)
        context.setLineJoin(.round)
        let all = current.map { strokes + [$0] } ?? strokes
        for stroke in all {
            context.setBlendMode(stroke.erases ? .clear : .normal)
            context.setLineWidth(CGFloat(2 * stroke.radius + 1))
            // From pixel centre to pixel centre; a single point is a line to itself, which the round cap makes a dot.
            let points = stroke.points.map { CGPoint(x: CGFloat($0.x) + 0.5, y: CGFloat($0.y) + 0.5) }
            context.beginPath()
            context.addLines(between: points.count > 1 ? points : points + points)
            context.strokePath()
        }
    }

    private func redraw(_ isNeeded: Bool) {
        if isNeeded {
            setNeedsDisplay()
        }
    }
}
