/// A hole whose mean width, or a gap whose width, is compared with this fraction of its longer side.
private let thin = 8

/// Rows `top` to `bottom` and columns `left` to `right`, the ends exclusive.
public struct Box: Hashable, Sendable {
    public var top: Int
    public var bottom: Int
    public var left: Int
    public var right: Int

    public init(top: Int, bottom: Int, left: Int, right: Int) {
        self.top = top
        self.bottom = bottom
        self.left = left
        self.right = right
    }

    public var height: Int { bottom - top }
    public var width: Int { right - left }

    /// The longer side in pixels.
    public var side: Int { max(height, width) }

    /// `by` pixels larger on each side, as far as a photo of `height` x `width` goes.
    public func grown(_ by: Int, height: Int, width: Int) -> Box {
        Box(top: max(top - by, 0), bottom: min(bottom + by, height), left: max(left - by, 0), right: min(right + by, width))
    }
}

/// What the network sees; where the photo is shorter than `side` it reaches beyond, into the photo's mirror images.
struct Square: Hashable, Sendable {
    let top: Int
    let left: Int
    let side: Int
}

/// Disjoint boxes, tight, that together hold the whole hole; each is filled through one crop, in this order.
///
/// A box up to `limit` pixels long is one part. A longer one is cut across its longer side, again and again: in the middle of
/// its widest empty band if that is longer than 1/8 of the box, or else, where the hole is thin (its area is less than 1/8 of
/// the longer side's square), at the thinnest place of the middle half.
func parts(_ hole: Mask, limit: Int) -> [Box] {
    var found: [Box] = []
    var waiting = [hole.everything]
    while let loose = waiting.popLast() {
        guard let box = boundingBox(hole, within: loose) else { continue }
        guard let line = cut(of: hole, in: box, limit: limit) else {
            found.append(box)
            continue
        }
        var first = box
        var second = box
        if box.height == box.side {
            first.bottom = box.top + line
            second.top = box.top + line
        } else {
            first.right = box.left + line
            second.left = box.left + line
        }
        waiting += [second, first]
    }
    return found
}

/// The crop for `box`: `context` times its longer side but at least `smallest`, centred as far as the photo allows.
///
/// It is moved inside the photo where it fits; on an axis on which it does not, the photo stands in its middle. Mirror images
/// are poor company: the crop stays below 5/4 of the photo's shorter side, unless the hole with an eighth to spare is longer.
func squareRound(_ box: Box, height: Int, width: Int, context: Double, smallest: Int) -> Square {
    let widest = max(box.side + box.side / 8, 5 * min(height, width) / 4)
    let longest = min(widest, max(height, width))
    // Compared as doubles: a context without end has no whole number.
    let wanted = (context * Double(box.side)).rounded(.up)
    let side = max(smallest, wanted < Double(longest) ? Int(wanted) : longest)
    return Square(
        top: start(box.top, box.bottom, side: side, length: height),
        left: start(box.left, box.right, side: side, length: width),
        side: side
    )
}

private func start(_ low: Int, _ high: Int, side: Int, length: Int) -> Int {
    if side >= length {
        return floorDivide(length - side, 2)
    }
    return min(max(floorDivide(low + high - side, 2), 0), length - side)
}

/// The smallest box that holds every hole pixel, or those `within`; nil where there is none.
func boundingBox(_ hole: Mask, within: Box? = nil) -> Box? {
    let loose = within ?? hole.everything
    var box = Box(top: loose.bottom, bottom: loose.top, left: loose.right, right: loose.left)
    for y in loose.top..<loose.bottom {
        let row = y * hole.width
        guard let first = (loose.left..<loose.right).first(where: { hole.hole[row + $0] }) else { continue }
        var last = loose.right - 1
        while last >= box.right, !hole.hole[row + last] {
            last -= 1
        }
        box.top = min(box.top, y)
        box.bottom = y + 1
        box.left = min(box.left, first)
        box.right = max(box.right, last + 1)
    }
    return box.top < box.bottom ? box : nil
}

/// Pixels from the box's start along its longer side, or nil for a part.
private func cut(of hole: Mask, in box: Box, limit: Int) -> Int? {
    let side = box.side
    if side <= limit {
        return nil
    }
    let isTall = box.height == side
    var profile = [Int](repeating: 0, count: side)
    for y in box.top..<box.bottom {
        for x in box.left..<box.right where hole[y, x] {
            profile[isTall ? y - box.top : x - box.left] += 1
        }
    }
    var gap = 0
    var middle = 0
    var last = 0  // of the lines that hold something; the box is tight, so the first one does
    for line in 1..<max(side, 1) where profile[line] > 0 {
        if line - last > gap {
            gap = line - last
            middle = (last + line + 1) / 2
        }
        last = line
    }
    if (gap - 1) * thin > side {
        return middle
    }
    if profile.reduce(0, +) * thin < side * side {
        return (side / 4..<side - side / 4).min { profile[$0] < profile[$1] }
    }
    return nil
}

/// Towards minus infinity, as Python divides; `/` rounds towards zero.
///
/// - Parameter divisor: above 0.
func floorDivide(_ number: Int, _ divisor: Int) -> Int {
    let quotient = number / divisor
    return number % divisor < 0 ? quotient - 1 : quotient
}
