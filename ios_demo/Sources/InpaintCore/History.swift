/// The erases of a photo that can be taken back and done again: only the changed boxes are kept, and no more than fit.
public struct History: Sendable {
    /// What was there before each erase, part by part.
    private var undone: [[Patch]] = []
    private var redone: [[Patch]] = []
    private let mostBytes: Int

    /// - Parameter mostBytes: the oldest erases are forgotten beyond that.
    public init(mostBytes: Int) {
        self.mostBytes = mostBytes
    }

    public var canUndo: Bool { !undone.isEmpty }
    public var canRedo: Bool { !redone.isEmpty }

    /// - Parameter before: what ``Compositor/erase(_:from:by:)`` returned.
    public mutating func add(_ before: [Patch]) {
        redone = []
        undone.append(before)
        while bytes > mostBytes, !undone.isEmpty {
            undone.removeFirst()
        }
    }

    /// Takes back the last erase.
    public mutating func undo(_ pixels: inout Pixels) {
        guard let patches = undone.popLast() else { return }
        let after = swapped(patches, with: &pixels)
        redone.append(after)
    }

    /// Does again the last one that was taken back.
    public mutating func redo(_ pixels: inout Pixels) {
        guard let patches = redone.popLast() else { return }
        let before = swapped(patches, with: &pixels)
        undone.append(before)
    }

    /// Forgets all, for the system needs the memory.
    public mutating func clear() {
        undone = []
        redone = []
    }

    private var bytes: Int {
        undone.joined().reduce(0) { $0 + $1.rgb.count }
    }

    /// Puts back in reverse order, and returns what was there in the order that brings it back the same way.
    private func swapped(_ patches: [Patch], with pixels: inout Pixels) -> [Patch] {
        var before: [Patch] = []
        for patch in patches.reversed() {
            before.append(pixels.take(patch.box))
            pixels.put(patch)
        }
        return before
    }
}
