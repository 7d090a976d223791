import CoreGraphics
import InpaintCore

/// Where the photo lies on the screen.
struct Viewport: Equatable {
    private static let mostPointsAPixel: CGFloat = 8

    /// Points of the screen a pixel of the photo.
    private(set) var scale: CGFloat = 1
    private(set) var origin = CGPoint.zero
    private var fitting: CGFloat = 1
    private var size = CGSize(width: 1, height: 1)

    /// The whole photo, in the middle.
    mutating func fit(width: Int, height: Int, into room: CGSize) {
        guard room.width > 0, room.height > 0 else { return }
        size = CGSize(width: width, height: height)
        fitting = min(room.width / size.width, room.height / size.height)
        scale = fitting
        keepInside(room)
    }

    mutating func move(by distance: CGPoint, in room: CGSize) {
        origin.x += distance.x
        origin.y += distance.y
        keepInside(room)
    }

    /// - Parameter point: stays where it is.
    mutating func zoom(by factor: CGFloat, round point: CGPoint, in room: CGSize) {
        let wanted = min(max(scale * factor, fitting), max(Viewport.mostPointsAPixel, fitting))
        let change = wanted / scale
        origin.x = point.x - (point.x - origin.x) * change
        origin.y = point.y - (point.y - origin.y) * change
        scale = wanted
        keepInside(room)
    }

    func photoPoint(_ point: CGPoint) -> Stroke.Point {
        let x = (point.x - origin.x) / scale
        let y = (point.y - origin.y) / scale
        return Stroke.Point(x: Int(x.rounded(.down)), y: Int(y.rounded(.down)))
    }

    func frame(of box: Box) -> CGRect {
        CGRect(
            x: origin.x + CGFloat(box.left) * scale, y: origin.y + CGFloat(box.top) * scale,
            width: CGFloat(box.width) * scale, height: CGFloat(box.height) * scale
        )
    }

    /// The part of the photo that is on the screen.
    func visible(width: Int, height: Int, in room: CGSize) -> Box {
        let first = photoPoint(.zero)
        let last = photoPoint(CGPoint(x: room.width, y: room.height))
        return Box(
            top: min(max(first.y, 0), height), bottom: min(max(last.y + 1, 0), height),
            left: min(max(first.x, 0), width), right: min(max(last.x + 1, 0), width)
        )
    }

    /// What is larger than the room leaves no gap, what is smaller stands in its middle.
    private mutating func keepInside(_ room: CGSize) {
        origin.x = Viewport.kept(origin.x, size.width * scale, room.width)
        origin.y = Viewport.kept(origin.y, size.height * scale, room.height)
    }

    private static func kept(_ start: CGFloat, _ length: CGFloat, _ room: CGFloat) -> CGFloat {
        length <= room ? (room - length) / 2 : min(max(start, room - length), 0)
    }
}
