import Foundation
import InpaintCore
import InpaintKit
import PhotosUI
import SwiftUI

/// The state of the one screen.
@MainActor
final class Editor: ObservableObject {
    enum Work: String {
        case network = "Preparing the network…"
        case photo = "Opening the photo…"
        case erase = "Erasing…"
        case detail = "This is the fill. Adding detail…"
        case saving = "Writing the photo…"
        case measuring = "Measuring…"
    }

    @Published private(set) var sheet: Sheet?
    /// The photo as it was opened, as large as the screen needs.
    @Published private(set) var original: Picture?
    @Published private(set) var strokes: [Stroke] = []
    @Published private(set) var work: Work?
    /// The share of the detail that is added to the network's fill.
    @Published private(set) var detailShare = 0.0
    @Published private(set) var isPreparing = false
    @Published private(set) var times: EraseTimes?
    @Published private(set) var unitTimes: [UnitTime] = []
    @Published private(set) var unit: ComputeUnit = .all
    @Published private(set) var network = ""
    @Published var message: String?
    @Published var brushPoints = 32.0
    @Published var takesAway = false
    @Published var compares = false
    /// A file to hand on.
    @Published var shared: SharedFile?

    let studio = Studio()
    private var undoneStrokes: [Stroke] = []
    private var running: Task<Void, Never>?
    private var enough = Signal()

    /// For the screen to bind to: taking it away takes the message away.
    var isTold: Bool {
        get { message != nil }
        set { message = newValue ? message : nil }
    }

    /// For the screen to bind to: another unit loads the network anew.
    var chosen: ComputeUnit {
        get { unit }
        set { Task { await choose(newValue) } }
    }

    var canErase: Bool { work == nil && !isPreparing && strokes.contains(where: { !$0.erases }) }
    var canUndo: Bool { work == nil && (!strokes.isEmpty || sheet?.canUndo == true) }
    var canRedo: Bool { work == nil && (!undoneStrokes.isEmpty || sheet?.canRedo == true) }

    /// Loads the network on the unit that was chosen or, the first time on this system, is measured to be the fastest.
    /// A photo may be opened and painted on meanwhile.
    func start() async {
        guard network.isEmpty else { return }
        isPreparing = true
        defer { isPreparing = false }
        do {
            let manifest = try await studio.manifest()
            network = "\(manifest.contract.model), \(manifest.contract.precision)"
            let memory = UnitMemory(sha256: manifest.sha256)
            unitTimes = memory.times
            if unitTimes.isEmpty {
                unitTimes = try await studio.compareUnits()
                memory.times = unitTimes
            }
            let best = memory.chosen ?? unitTimes.first?.unit ?? .all
            try await studio.load(best)
            unit = best
        } catch {
            message = error.localizedDescription
        }
    }

    func open(_ item: PhotosPickerItem) async {
        await perform(.photo) { [self] in
            guard let data = try await item.loadTransferable(type: Data.self) else {
                throw PhotoError("the photo cannot be read; choose another one")
            }
            sheet = nil
            original = nil
            strokes = []
            undoneStrokes = []
            times = nil
            let opened = try await studio.open(data)
            sheet = opened
            original = opened.preview
        }
    }

    func add(_ stroke: Stroke) {
        strokes.append(stroke)
        undoneStrokes = []
    }

    func erase() {
        let marked = strokes
        let before = sheet
        enough = Signal()
        let until = enough
        running = Task {
            await perform(.erase) { [self] in
                do {
                    let (after, taken) = try await studio.erase(marked, until: until) { news in
                        Task { @MainActor [weak self] in self?.add(news) }
                    }
                    sheet = after
                    times = taken
                    strokes = []
                    undoneStrokes = []
                } catch {
                    sheet = before
                    strokes = marked
                    throw error
                }
            }
        }
    }

    /// Calls off the erase that is running; the photo is as it was.
    func cancel() {
        running?.cancel()
    }

    /// Ends the detail that is being added: the network's fill stays.
    func keep() {
        enough.set()
    }

    /// Shows the network's fill without the marks over it, and how much detail is added.
    private func add(_ news: DetailNews) {
        guard work == .erase || work == .detail else { return }
        if let shown = news.sheet {
            work = .detail
            sheet = shown
            strokes = []
        }
        detailShare = news.share
    }

    func undo() async {
        if let last = strokes.popLast() {
            undoneStrokes.append(last)
        } else {
            await perform(.erase) { [self] in sheet = try await studio.undo() }
        }
    }

    func redo() async {
        if let last = undoneStrokes.popLast() {
            strokes.append(last)
        } else {
            await perform(.erase) { [self] in sheet = try await studio.redo() }
        }
    }

    func save() async {
        await perform(.saving) { [self] in
            let url = try await studio.write()
            try await PhotoLibrary.add(url)
            message = "Saved to your photos."
        }
    }

    func share() async {
        await perform(.saving) { [self] in shared = SharedFile(url: try await studio.write()) }
    }

    func choose(_ wanted: ComputeUnit) async {
        await perform(.network) { [self] in
            try await studio.load(wanted)
            unit = wanted
            let memory = UnitMemory(sha256: try await studio.manifest().sha256)
            memory.chosen = wanted
        }
    }

    /// Measures all units again and takes the fastest.
    func measureUnits() async {
        await perform(.measuring) { [self] in
            let memory = UnitMemory(sha256: try await studio.manifest().sha256)
            unitTimes = try await studio.compareUnits()
            memory.times = unitTimes
            memory.chosen = nil
            let best = unitTimes.first?.unit ?? .all
            try await studio.load(best)
            unit = best
        }
    }

    func report() async {
        await perform(.measuring) { [self] in shared = SharedFile(url: try await studio.report(unit)) }
    }

    /// Does one thing at a time, and says in a line what went wrong.
    private func perform(_ what: Work, _ action: @MainActor () async throws -> Void) async {
        guard work == nil else { return }
        work = what
        defer { work = nil }
        do {
            try await action()
        } catch is CancellationError {
            message = nil
        } catch {
            message = error.localizedDescription
        }
    }
}

/// A file for the share sheet.
struct SharedFile: Identifiable {
    let url: URL
    var id: URL { url }
}
