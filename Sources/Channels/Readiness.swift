// How a process in the background tells the one that started it how its start went: one line of JSON over a pipe, or,
// when it dies before that, the pipe's end.
import CProcess
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// The new process's end.
final class ReadinessWriter: Sendable {
    static let descriptor: Int32 = 4
    private let state = Monitor(ReadinessWriter.descriptor as Int32?)

    /// Takes the descriptor that `BackgroundProcess` has left. What this process starts must not inherit it.
    init() { _ = fcntl(Self.descriptor, F_SETFD, FD_CLOEXEC) }

    /// Tells it, once.
    /// - Returns: False when nobody listens any more.
    @discardableResult
    func ready(_ facts: [JSONValue.Field] = []) -> Bool { tell(.object([.init("ready", .bool(true))] + facts)) }

    @discardableResult
    func failed(_ error: SluiceError) -> Bool { tell(.object([.init("error", error.asJSON)])) }

    private func tell(_ value: JSONValue) -> Bool {
        let descriptor = state.withLock { state -> Int32? in
            defer { state = nil }
            return state
        }
        guard let descriptor else { return false }
        defer { close(descriptor) }
        // Shorter than what a pipe takes at once.
        let bytes = Array((value.text + "\n").utf8)
        return write(descriptor, bytes, bytes.count) == bytes.count
    }
}

/// The starter's end.
final class ReadinessReader {
    enum Answer: Equatable {
        case ready(JSONValue)
        case failed(SluiceError)
        /// It has ended without a word.
        case died
        /// Nothing was said in time.
        case pending
    }

    private let descriptor: Int32
    private var bytes: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }

    static func pipe(what: String) throws(SluiceError) -> (reading: Int32, writing: Int32) {
        var (reading, writing): (Int32, Int32) = (0, 0)
        guard cp_pipe(&reading, &writing) == 0 else {
            throw SluiceError(.internal, what, why: SystemWords.of(errno), code: Int(errno))
        }
        return (reading, SettingsFile.above(writing))
    }

    func wait(until deadline: HostTime, cancel: CancelFlag) -> Answer {
        while !cancel.isSet {
            let left = deadline - .now()
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let count = poll(&request, 1, Int32(max(0, min(left.milliseconds.rounded(.up), 100))))
            if count > 0, let answer = take() { return answer }
            if count <= 0, left <= .zero { return .pending }
        }
        return .pending
    }

    private func take() -> Answer? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { return nil }
        guard count > 0 else { return .died }
        bytes += buffer[..<count]
        guard bytes.last == UInt8(ascii: "\n") else { return bytes.count < 1 << 20 ? nil : .died }
        guard let value = JSONValue.parse(bytes) else { return .died }
        if let error = value["error"].flatMap(SluiceError.init(json:)) { return .failed(error) }
        return .ready(value)
    }
}

extension SluiceError {
    /// Whole, so that it is the same on the other side.
    var asJSON: JSONValue {
        .object([
            .init("reason", .string(reason.rawValue)), .init("what", .string(what)), .init("why", .string(why)),
            .init("hint", .optional(hint)), .init("is_mid_stream", .bool(isMidStream)),
            .init("code", .optional(code)), .init("service_code", .optional(serviceCode)),
        ])
    }

    init?(json: JSONValue) {
        guard let reason = json["reason"]?.string.flatMap(Reason.init), let what = json["what"]?.string,
            let why = json["why"]?.string
        else { return nil }
        self.init(
            reason, what, why: why, hint: json["hint"]?.string,
            isMidStream: json["is_mid_stream"]?.bool ?? false, code: json["code"]?.int,
            serviceCode: json["service_code"]?.int)
    }
}
