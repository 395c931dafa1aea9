// Files, packets and probes that the tests of Demuxer, Decoder, Muxer and FLV share.
import Glibc
import Media
import Model
import TestSupport
import Testing

enum Fixtures {
    /// The repository's own clips.
    static func clip(_ name: String) -> String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/media/" + name
    }

    /// A fresh directory for one test; it stays until all are done.
    static func directory() throws -> String {
        try TempDirectory.ofTheRun("media").path
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw TestFailure("cannot write \(path)") }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw TestFailure("short write") }
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw TestFailure("cannot read \(path)") }
        defer { fclose(file) }
        var all: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = fread(&block, 1, block.count, file)
            if got == 0 { return all }
            all += block[..<got]
        }
    }

    /// Runs a program without a shell's surprises in `arguments` (no quotes needed inside) and returns its output.
    @discardableResult
    static func run(_ command: String) throws -> String {
        guard let pipe = popen(command + " 2>/dev/null", "r") else { throw TestFailure("cannot run \(command)") }
        var out: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = fread(&block, 1, block.count, pipe)
            if got == 0 { break }
            out += block[..<got]
        }
        let status = pclose(pipe)
        guard status == 0 else { throw TestFailure("\(command): status \(status)") }
        return String(decoding: out, as: UTF8.self)
    }

    /// Makes a small file with the ffmpeg program. `arguments` come before the output's path.
    static func make(_ name: String, _ arguments: String) throws -> String {
        let path = try directory() + "/" + name
        try run("ffmpeg -nostdin -v error -y \(arguments) \(path)")
        return path
    }

    static func open(_ path: String, _ change: (inout Demuxer.Options) -> Void = { _ in }) throws -> Demuxer {
        var options = Demuxer.Options()
        change(&options)
        return try Demuxer(.address(try MediaAddress(path)), options: options)
    }

    /// Every packet until the end of input.
    static func packets(_ demuxer: Demuxer) throws -> [Packet] {
        var all: [Packet] = []
        while true {
            switch try demuxer.read() {
            case .packet(let packet): all.append(packet)
            case .tracksChanged: continue
            case .endOfInput: return all
            }
        }
    }

    /// Every frame of one track.
    static func frames(_ decoder: Decoder, _ packets: [Packet]) throws -> [Frame] {
        var all: [Frame] = []
        func take() throws -> Bool {
            while true {
                switch try decoder.receive() {
                case .frame(let frame): all.append(frame)
                case .needsInput: return false
                case .endOfStream: return true
                }
            }
        }
        for packet in packets where packet.track == decoder.track.id {
            while try decoder.send(packet) == .full { _ = try take() }
            _ = try take()
        }
        _ = try decoder.send(nil)
        while try !take() {}
        return all
    }

    /// Number of open descriptors of this process.
    static func openDescriptors() -> Int {
        fileNames(in: "/proc/self/fd").count
    }

    /// Resident memory in KiB.
    static func residentKiB() throws -> Int {
        let line = try read("/proc/self/statm")
        let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4
    }

    static func hash(_ data: [UInt8]) -> UInt64 {
        data.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The SluiceError that `body` throws, or nil.
func failure(_ body: () throws -> Void) -> SluiceError? {
    do {
        try body()
        return nil
    } catch {
        return error as? SluiceError
    }
}
