// An HTTP client that shows every byte of an answer: one connection, requests as they are written.
import Model
import TestSupport

@testable import Origin

final class WebPeer {
    struct Answer {
        var status = 0
        /// Names in lower case.
        var fields: [String: String] = [:]
        var body: [UInt8] = []
        /// The body has come to its end as its framing says.
        var isWhole = false
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let client: RawClient
    private var pending: [UInt8] = []
    private(set) var hasEnded = false

    init(_ lab: OriginLab, kernelBuffer: Int32? = nil) throws {
        client = try RawClient(port: lab.ports.http, kernelBuffer: kernelBuffer)
    }

    /// One request on a connection of its own.
    static func get(
        _ lab: OriginLab, _ path: String, method: String = "GET", fields: [String] = [],
        within limit: Span = .seconds(20)
    ) async throws -> Answer {
        let peer = try WebPeer(lab)
        peer.send("\(method) \(path) HTTP/1.1", fields)
        return try await peer.answer(isHead: method == "HEAD", within: limit)
    }

    func send(_ line: String, _ fields: [String] = []) {
        let text = ([line, "Host: localhost"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
        _ = client.send(Array(text.utf8))
    }

    func send(raw text: String) { _ = client.send(Array(text.utf8)) }

    /// The next whole answer; of one without an end what came until the connection ended.
    func answer(isHead: Bool = false, within limit: Span = .seconds(20)) async throws -> Answer {
        let deadline = HostTime.now() + limit
        var answer = try await head(deadline)
        if isHead || answer.status == 204 {
            answer.isWhole = true
        } else if let length = answer.fields["content-length"].flatMap({ Int($0) }) {
            while pending.count < length, await more(deadline) {}
            answer.isWhole = pending.count >= length
            answer.body = Array(pending.prefix(length))
            pending.removeFirst(min(length, pending.count))
        } else if answer.fields["transfer-encoding"] == "chunked" {
            while let part = await chunk(deadline) {
                if part.isEmpty { answer.isWhole = true }
                answer.body += part
                if part.isEmpty { break }
            }
        } else {
            while await more(deadline) {}
            answer.body = pending
            answer.isWhole = hasEnded
        }
        return answer
    }

    /// Status line and fields; the body stays.
    func head(_ deadline: HostTime = .now() + .seconds(20)) async throws -> Answer {
        let end: [UInt8] = [13, 10, 13, 10]
        while true {
            if let at = pending.indices.first(where: { pending[$0...].starts(with: end) }) {
                let lines = String(decoding: pending[..<at], as: UTF8.self).split(separator: "\r\n")
                pending.removeFirst(at + 4)
                var answer = Answer()
                answer.status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    guard parts.count == 2 else { throw LabError("a damaged header: \(line)") }
                    answer.fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
                }
                return answer
            }
            guard await more(deadline) else {
                throw LabError("no answer: \(pending.count) bytes, ended: \(hasEnded)")
            }
        }
    }

    /// The next chunk of a body, empty for the last one; nil where the connection or the time ended before.
    func chunk(_ deadline: HostTime = .now() + .seconds(20)) async -> [UInt8]? {
        while true {
            if let at = pending.firstIndex(of: 10) {
                let line = String(decoding: pending[..<at].dropLast(), as: UTF8.self)
                guard let size = Int(line, radix: 16) else { return nil }
                if pending.count >= at + 1 + size + 2 {
                    let part = Array(pending[(at + 1)..<(at + 1 + size)])
                    pending.removeFirst(at + 1 + size + 2)
                    return part
                }
            }
            guard await more(deadline) else { return nil }
        }
    }

    /// Whether the server closes before the limit, whatever it says meanwhile.
    func isClosed(within limit: Span) async -> Bool {
        let deadline = HostTime.now() + limit
        while await more(deadline) {}
        return hasEnded
    }

    /// Blocks nobody meanwhile: the tests of a module share two threads.
    private func more(_ deadline: HostTime) async -> Bool {
        guard !hasEnded else { return false }
        return await firstValue(within: deadline - HostTime.now(), every: .milliseconds(2)) { () -> Bool? in
            switch client.receive(within: .zero) {
            case .bytes(let bytes):
                pending += bytes
                return true
            case .ended, .reset:
                hasEnded = true
                return false
            case .nothing: return nil
            }
        } ?? false
    }
}
