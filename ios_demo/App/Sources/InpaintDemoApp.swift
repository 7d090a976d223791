import SwiftUI

@main
struct InpaintDemoApp: App {
    @StateObject private var editor = Editor()

    var body: some Scene {
        WindowGroup {
            EditorView(editor: editor)
        }
    }
}
