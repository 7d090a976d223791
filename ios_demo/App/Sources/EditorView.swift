import InpaintCore
import PhotosUI
import SwiftUI
import UIKit

/// The one screen: the photo, and what can be done to it.
struct EditorView: View {
    @ObservedObject var editor: Editor
    @State private var picked: PhotosPickerItem?
    @State private var showsSettings = false

    var body: some View {
        NavigationStack {
            VStack(spacing: 0) {
                canvas
                if editor.sheet != nil {
                    BrushBar(editor: editor)
                }
            }
            .toolbar { toolbar }
            .navigationTitle("Inpaint")
            .navigationBarTitleDisplayMode(.inline)
        }
        .task { await editor.start() }
        .task(id: picked) {
            if let picked {
                await editor.open(picked)
            }
        }
        .sheet(isPresented: $showsSettings) { SettingsView(editor: editor) }
        .sheet(item: $editor.shared) { file in ShareSheet(url: file.url) }
        .alert("Inpaint", isPresented: $editor.isTold, presenting: editor.message) { _ in
            Button("OK") {}
        } message: { message in
            Text(message)
        }
        .onReceive(NotificationCenter.default.publisher(for: UIApplication.didReceiveMemoryWarningNotification)) { _ in
            Task { await editor.studio.shrink() }
        }
    }

    @ViewBuilder private var canvas: some View {
        if let sheet = editor.sheet {
            CanvasView(editor: editor, sheet: sheet)
                .overlay(alignment: .top) { BusyView(editor: editor) }
        } else {
            VStack(spacing: 16) {
                Image(systemName: "photo").font(.largeTitle).accessibilityHidden(true)
                Text("Choose a photo, paint over an object, and it is gone. The photo stays on this device.")
                    .multilineTextAlignment(.center)
                picker { Text("Choose a photo") }.buttonStyle(.borderedProminent)
                BusyView(editor: editor)
            }
            .padding()
            .frame(maxWidth: .infinity, maxHeight: .infinity)
        }
    }

    @ToolbarContentBuilder private var toolbar: some ToolbarContent {
        ToolbarItemGroup(placement: .navigationBarLeading) {
            picker { Label("Choose a photo", systemImage: "photo.on.rectangle") }
            Button { showsSettings = true } label: { Label("Settings", systemImage: "gearshape") }
        }
        ToolbarItemGroup(placement: .navigationBarTrailing) {
            Button { Task { await editor.undo() } } label: { Label("Undo", systemImage: "arrow.uturn.backward") }
                .disabled(!editor.canUndo)
                .keyboardShortcut("z", modifiers: .command)
            Button { Task { await editor.redo() } } label: { Label("Redo", systemImage: "arrow.uturn.forward") }
                .disabled(!editor.canRedo)
                .keyboardShortcut("z", modifiers: [.command, .shift])
            Button { Task { await editor.save() } } label: { Label("Save", systemImage: "square.and.arrow.down") }
                .disabled(editor.sheet == nil || editor.work != nil)
            Button { Task { await editor.share() } } label: { Label("Share", systemImage: "square.and.arrow.up") }
                .disabled(editor.sheet == nil || editor.work != nil)
        }
    }

    private func picker<Content: View>(@ViewBuilder label: () -> Content) -> some View {
        PhotosPicker(selection: $picked, matching: .images, preferredItemEncoding: .current, label: label)
            .disabled(editor.work != nil)
    }
}

/// Brush, comparison and the button that does it.
struct BrushBar: View {
    @ObservedObject var editor: Editor

    var body: some View {
        VStack(spacing: 12) {
            HStack {
                Picker("Brush", selection: $editor.takesAway) {
                    Label("Mark", systemImage: "paintbrush").tag(false)
                    Label("Unmark", systemImage: "eraser").tag(true)
                }
                .pickerStyle(.segmented)
                .fixedSize()
                Slider(value: $editor.brushPoints, in: 6...96) { Text("Brush size") }
                    .accessibilityValue("\(Int(editor.brushPoints)) points")
            }
            HStack {
                Toggle("Before and after", isOn: $editor.compares).toggleStyle(.button)
                Spacer()
                if let times = editor.times {
                    Text("\(Int(times.totalMs)) ms")
                        .monospacedDigit()
                        .accessibilityLabel("The last erase took \(Int(times.totalMs)) milliseconds")
                }
                if editor.work == .detail {
                    Button("Keep this") { editor.keep() }
                }
                if editor.work == .erase || editor.work == .detail {
                    Button("Cancel", role: .cancel) { editor.cancel() }
                } else {
                    Button("Erase") { editor.erase() }
                        .buttonStyle(.borderedProminent)
                        .disabled(!editor.canErase)
                        .keyboardShortcut(.return, modifiers: .command)
                }
            }
        }
        .padding()
        .background(.bar)
    }
}

/// What is going on.
struct BusyView: View {
    @ObservedObject var editor: Editor

    var body: some View {
        if let work = editor.work ?? (editor.isPreparing ? Editor.Work.network : nil) {
            HStack {
                if work == .detail {
                    ProgressView(value: editor.detailShare).frame(width: 80)
                } else {
                    ProgressView()
                }
                Text(work.rawValue)
            }
            .padding(8)
            .background(.regularMaterial, in: Capsule())
            .padding(8)
            .accessibilityElement(children: .combine)
        }
    }
}

/// The system's share sheet.
struct ShareSheet: UIViewControllerRepresentable {
    let url: URL

    func makeUIViewController(context: Context) -> UIActivityViewController {
        UIActivityViewController(activityItems: [url], applicationActivities: nil)
    }

    func updateUIViewController(_ controller: UIActivityViewController, context: Context) {}
}
