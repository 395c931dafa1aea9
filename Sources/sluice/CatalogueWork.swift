// `record --list` and `record --repair`: what is there, and what was left open.
import Model
import Recorder

enum CatalogueWork {
    static func list(directory: String, name: String?) throws(SluiceError) -> Outcome {
        let entries = try RecordingCatalogue.list(directory: directory, name: name)
        if let name, entries.isEmpty {
            throw SluiceError(
                .noInput, "cannot list \(name)", why: "\(directory) has no recording of this name",
                hint: "sluice record --list \(directory) shows all")
        }
        return Outcome(
            event: CatalogueReport.event(entries, directory: directory), lines: CatalogueReport.lines(entries))
    }
}
