// What the environment says about the state of channels.
import Channels
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum StateEnvironment {
    static func directory() throws(SluiceError) -> StateDirectory { try .open(environment: value) }

    /// How long an origin goes on after its last stream, where a minute is too long: for tests and scripts.
    static func originLinger() throws(SluiceError) -> Span? {
        let name = "SLUICE_ORIGIN_LINGER"
        guard let text = value(name), !text.isEmpty else { return nil }
        do throws(ArgumentProblem) {
            return try DurationArgument.parsePositive(text)
        } catch {
            throw SluiceError(.config, name, why: "\"\(text)\" \(error.description)")
        }
    }

    private static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
