// What `--version` says.
import Model

enum Version {
    static let number = "0.1.0"

    /// - Returns: The exit status.
    static func print(asJSON: Bool) -> Int32 {
        var line = "sluice \(number)"
        if asJSON {
            line = EventLine.text(of: Event("result", [.init("version", .string(number))]), at: .now())
        }
        return StandardOutput.write(line + "\n") ? ExitStatus.success : ExitStatus.inputOutput
    }
}
