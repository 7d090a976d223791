import InpaintCore
import InpaintKit
import SwiftUI

/// The photo under the fingers: one finger paints, two move and zoom.
struct CanvasView: UIViewRepresentable {
    @ObservedObject var editor: Editor
    let sheet: Sheet

    func makeUIView(context: Context) -> PhotoCanvas {
        let canvas = PhotoCanvas()
        let model = editor
        canvas.painted = { stroke in model.add(stroke) }
        canvas.detail = { box, mostPixels in await model.studio.detail(box, mostPixels: mostPixels) }
        return canvas
    }

    func updateUIView(_ canvas: PhotoCanvas, context: Context) {
        canvas.show(sheet)
        canvas.strokes = editor.strokes
        canvas.brushPoints = CGFloat(editor.brushPoints)
        canvas.takesAway = editor.takesAway
        canvas.compared = editor.compares ? editor.original : nil
        canvas.mayPaint = editor.work != .erase && editor.work != .detail && !editor.compares
    }
}
