// Which container a recording gets and what it can hold.
import Media
import Model

extension RecordSettings {
    /// The format that was asked for, else the one that the template's suffix names, else MP4.
    public var resolvedFormat: RecordFormat {
        if let format { return format }
        if case .template(let template?) = output, let found = RecordFormat(template: template) { return found }
        return .mp4
    }
}

enum Containers {
    /// Whether a codec has a place in that container.
    static func carrying(_ format: RecordFormat) throws(SluiceError) -> (Codec) -> Bool {
        let form = try OutputFormat(named: format.rawValue, for: nil)
        return { form.carries($0) }
    }
}
