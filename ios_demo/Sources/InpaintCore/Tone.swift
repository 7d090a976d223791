/// Grey levels that rounding may move a channel of a toned photo off the line.
private let tolerance = 2

/// Levels of R + G + B between the ends of a toned photo's line, at least: a shorter one has no sure direction.
private let shortest = 96

/// A line in colour space: two of its colours R, G, B, the darker one first by their sum.
struct Line {
    let dark: [Int]
    let bright: [Int]

    static let grey = Line(dark: [0, 0, 0], bright: [255, 255, 255])

    /// The level of channel `c` of the line's colour with the same R + G + B, `sum`.
    func level(_ c: Int, sum: Int) -> Int {
        let start = dark[0] + dark[1] + dark[2]
        let span = bright[0] + bright[1] + bright[2] - start
        let along = 2 * (sum - start) * (bright[c] - dark[c]) + span
        return min(max(dark[c] + floorDivide(along, 2 * span), 0), 255)
    }
}

/// The line on which colours lie; nil where there is none. Step 9 of `docs/compositor.md`.
///
/// Grey must be exact. On another line a channel may be off by two levels, and pixels with a channel at 0 or 255 do not count,
/// as toning clips there; at least half of the pixels must count.
///
/// - Parameter visit: calls what it is given with R, G and B of each, in the same order each time.
func lineOf(_ visit: ((Int, Int, Int) -> Void) -> Void) -> Line? {
    var known = 0
    var inner = 0
    var isGrey = true
    var dark = [0, 0, 0]
    var bright = [0, 0, 0]
    var low = Int.max
    var high = Int.min
    visit { red, green, blue in
        known += 1
        if red != green || green != blue {
            isGrey = false
        }
        if isInner(red, green, blue) {
            inner += 1
            let sum = red + green + blue
            if sum < low {
                low = sum
                dark = [red, green, blue]
            }
            if sum > high {
                high = sum
                bright = [red, green, blue]
            }
        }
    }
    if known == 0 {
        return nil
    }
    if isGrey {
        return Line.grey
    }
    if inner == 0 || 2 * inner < known || high - low < shortest {
        return nil
    }
    let line = Line(dark: dark, bright: bright)
    var most = 0
    visit { red, green, blue in
        if isInner(red, green, blue) {
            let sum = red + green + blue
            most = max(most, abs(line.level(0, sum: sum) - red))
            most = max(most, abs(line.level(1, sum: sum) - green))
            most = max(most, abs(line.level(2, sum: sum) - blue))
        }
    }
    return most <= tolerance ? line : nil
}

private func isInner(_ red: Int, _ green: Int, _ blue: Int) -> Bool {
    (1...254).contains(red) && (1...254).contains(green) && (1...254).contains(blue)
}
