import InpaintCore
import InpaintKit
import SwiftUI

/// Which unit computes, what it takes, and whose work is inside.
struct SettingsView: View {
    @ObservedObject var editor: Editor
    @Environment(\.dismiss) private var dismiss

    var body: some View {
        NavigationStack {
            Form {
                Section {
                    Picker("Compute on", selection: $editor.chosen) {
                        ForEach(ComputeUnit.allCases, id: \.self) { unit in
                            Text(title(unit)).tag(unit)
                        }
                    }
                    .pickerStyle(.inline)
                    Button("Measure again and take the fastest") { Task { await editor.measureUnits() } }
                    Button("Write a latency report") {
                        Task {
                            await editor.report()
                            if editor.shared != nil {
                                dismiss()
                            }
                        }
                    }
                } header: {
                    Text("Network")
                } footer: {
                    Text("\(editor.network). Medians of five runs on this device.")
                }
                .disabled(editor.work != nil || editor.isPreparing)
                if let times = editor.times {
                    Section("The last erase") {
                        LabeledContent("Before the network", value: milliseconds(times.preMs))
                        LabeledContent("In the network", value: milliseconds(times.netMs))
                        LabeledContent("Behind it", value: milliseconds(times.postMs))
                    }
                }
                Section("Licences") {
                    Text(BundledArtifact.notices(in: .main)).font(.footnote).textSelection(.enabled)
                }
            }
            .overlay(alignment: .top) { BusyView(editor: editor) }
            .navigationTitle("Settings")
            .navigationBarTitleDisplayMode(.inline)
            .toolbar {
                ToolbarItem(placement: .confirmationAction) {
                    Button("Done") { dismiss() }
                }
            }
        }
    }

    private func title(_ unit: ComputeUnit) -> String {
        guard let time = editor.unitTimes.first(where: { $0.unit == unit }) else { return unit.title }
        return "\(unit.title), \(milliseconds(time.medianMs))"
    }

    private func milliseconds(_ time: Double) -> String {
        time < 10 ? String(format: "%.1f ms", time) : String(format: "%.0f ms", time)
    }
}
