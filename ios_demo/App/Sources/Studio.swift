import Foundation
import InpaintCore
import InpaintKit
import os

/// What the screen shows of a photo.
struct Sheet: Sendable {
    let width: Int
    let height: Int
    /// The whole photo, small enough for the screen.
    let preview: Picture
    let canUndo: Bool
    let canRedo: Bool
}

/// What goes on while detail is added: the photo with the network's fill at first, and the share that is added.
struct DetailNews: Sendable {
    let sheet: Sheet?
    let share: Double
}

/// Something that one thread sets and another looks at.
final class Signal: Sendable {
    private let state = OSAllocatedUnfairLock(initialState: false)

    var isSet: Bool { state.withLock { $0 } }

    func set() {
        state.withLock { $0 = true }
    }
}

/// All that is slow or large, away from the main thread: the network, and the one full-resolution copy of the photo.
actor Studio {
    private var artifact: Artifact?
    private var inpainter: CoreMlInpainter?
    private var photo: Pixels?
    private var file: PhotoFile?
    private var history = History(mostBytes: 0)

    /// Phones of 2 GB are ended by the system at about half of that.
    private let isSmall = ProcessInfo.processInfo.physicalMemory < 3_500_000_000

    /// The artifact in the app, checked once.
    func manifest() throws -> Manifest {
        try opened().manifest
    }

    /// Has Core ML compile and load the network, in place of the one before.
    func load(_ unit: ComputeUnit) async throws {
        let artifact = try opened()
        let compiled = try await CompiledModels.url(of: artifact).url
        inpainter = nil
        inpainter = try CoreMlInpainter(compiled: compiled, contract: artifact.manifest.contract, unit: unit)
    }

    /// What each unit takes, the fastest first.
    func compareUnits() async throws -> [UnitTime] {
        try await Measuring.compare(try opened())
    }

    /// A file with the report of a measurement on one unit.
    func report(_ unit: ComputeUnit) async throws -> URL {
        let report = try await Measuring.report(of: try opened(), unit: unit)
        let time = String(report.date.prefix(19)).replacingOccurrences(of: ":", with: "")
        let name = "\(report.subject.name).\(time).json"
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try Data(report.text().utf8).write(to: url, options: .atomic)
        return url
    }

    /// Takes the photo in `data` in place of the one before, which goes first: two may not fit into memory.
    func open(_ data: Data) throws -> Sheet {
        let free = os_proc_available_memory()
        photo = nil
        let opened = try PhotoFile.open(data, freeBytes: free > 0 ? free : nil)
        file = opened.file
        photo = opened.pixels
        history = History(mostBytes: isSmall ? 24_000_000 : 96_000_000)
        return try sheet()
    }

    /// Fills what the strokes mark.
    ///
    /// - Parameters:
    ///   - until: set it, and no more detail is added to the network's fill.
    ///   - told: of the photo with the network's fill, where detail is added to it, and of the share that is added.
    func erase(
        _ strokes: [Stroke], until enough: Signal, told: @escaping @Sendable (DetailNews) -> Void
    ) throws -> (sheet: Sheet, times: EraseTimes) {
        guard let inpainter else { throw EngineError("the network is not loaded yet; wait a moment") }
        let compositor = try Compositor(numbers: opened().manifest.compositor)
        let watch = Stopwatch()
        let patches = try change { pixels in
            var hole = Mask(width: pixels.width, height: pixels.height)
            for stroke in strokes {
                hole.paint(stroke)
            }
            if !hole.hole.contains(true) {
                throw MaskError("nothing of the photo is marked: paint over what shall go")
            }
            if !hole.hole.contains(false) {
                throw MaskError("the whole photo is marked: nothing is left to fill from; unmark some of it")
            }
            let detailing: Detailing = { now, _, share in
                told(DetailNews(sheet: share == 0 ? try? self.sheet(of: now) : nil, share: share))
                return !enough.isSet
            }
            return try compositor.erase(hole, from: &pixels, detailing: detailing, by: watch.timed(inpainter.fill))
        }
        let times = watch.read()
        history.add(patches)
        let after = try sheet()
        return (after, times)
    }

    func undo() throws -> Sheet {
        try change { history.undo(&$0) }
        return try sheet()
    }

    func redo() throws -> Sheet {
        try change { history.redo(&$0) }
        return try sheet()
    }

    /// Gives back what the system can have.
    func shrink() {
        history.clear()
    }

    /// A part of the photo at full resolution, or nearly so where it is larger than the screen.
    func detail(_ box: Box, mostPixels: Int) -> Picture? {
        guard let photo, let file else { return nil }
        let inside = Box(
            top: max(box.top, 0), bottom: min(box.bottom, photo.height),
            left: max(box.left, 0), right: min(box.right, photo.width)
        )
        guard inside.height > 0, inside.width > 0 else { return nil }
        var shrink = 1
        while inside.height / shrink * (inside.width / shrink) > mostPixels {
            shrink += 1
        }
        return Picture(photo, inside, shrink: shrink, file.colours)
    }

    /// The photo as a file in its own format.
    func write() throws -> URL {
        guard let photo, let file else { throw PhotoError("there is no photo yet; choose one") }
        return try file.write(photo, name: "erased")
    }

    private func opened() throws -> Artifact {
        if let artifact {
            return artifact
        }
        let opened = try BundledArtifact.open(in: .main)
        artifact = opened
        return opened
    }

    /// Changes the photo where it is: two references to its bytes would make a second copy of them.
    private func change<Value>(_ action: (inout Pixels) throws -> Value) throws -> Value {
        guard var pixels = photo else { throw PhotoError("there is no photo yet; choose one") }
        photo = nil
        defer { photo = pixels }
        return try action(&pixels)
    }

    private func sheet() throws -> Sheet {
        guard let photo else { throw PhotoError("there is no photo yet; choose one") }
        return try sheet(of: photo)
    }

    private func sheet(of photo: Pixels) throws -> Sheet {
        let longest = isSmall ? 1536 : 2048
        guard let file else { throw PhotoError("there is no photo yet; choose one") }
        let everything = Box(top: 0, bottom: photo.height, left: 0, right: photo.width)
        let shrink = (everything.side + longest - 1) / longest
        guard let preview = Picture(photo, everything, shrink: shrink, file.colours) else {
            throw PhotoError("no memory to show the photo; close other apps and try again")
        }
        return Sheet(
            width: photo.width, height: photo.height, preview: preview, canUndo: history.canUndo, canRedo: history.canRedo
        )
    }
}
