import InpaintCore

/// One movement of the brush, in pixels of the photo.
struct Stroke: Equatable, Sendable {
    struct Point: Equatable, Sendable {
        let x: Int
        let y: Int
    }

    var points: [Point]
    let radius: Int
    /// Takes away what other strokes marked.
    let erases: Bool
}

extension Mask {
    mutating func paint(_ stroke: Stroke) {
        let ends = stroke.points.count > 1 ? Array(stroke.points.dropFirst()) : stroke.points
        for (from, to) in zip(stroke.points, ends) {
            paint(fromX: from.x, fromY: from.y, toX: to.x, toY: to.y, radius: stroke.radius, erase: stroke.erases)
        }
    }
}
