// A virtual X server for one test: its frame buffer is a file, so what is on the screen can be read as
// bytes. Ends with the test.
import Glibc
import Model

@testable import Screen

final class Xvfb {
    let display: String
    private let process: pid_t
    private let directory: String

    init?(width: Int, height: Int) {
        var template = Array("/tmp/sluice-screen-XXXXXX".utf8CString)
        guard template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) != nil else {
            return nil
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return nil }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 9)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        // It ends with its last client, so it does not outlive a test that crashed.
        let arguments = [
            "Xvfb", "-displayfd", "9", "-screen", "0", "\(width)x\(height)x24", "-fbdir", directory, "-nolisten",
            "tcp", "-nocursor", "-terminate",
        ]
        // Test threads block every signal, and a child would inherit that and never hear of its end.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pointers = arguments.map { strdup($0) } + [nil]
        var child: pid_t = 0
        let status = posix_spawn(&child, "/usr/bin/Xvfb", &actions, &attributes, &pointers, environ)
        for pointer in pointers { free(pointer) }
        posix_spawnattr_destroy(&attributes)
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        defer { close(ends[0]) }
        process = child
        guard status == 0 else { return nil }
        var number = ""
        var poller = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        var byte: UInt8 = 0
        while poll(&poller, 1, 10_000) > 0, read(ends[0], &byte, 1) == 1, byte != 10 {
            number.unicodeScalars.append(Unicode.Scalar(byte))
        }
        guard !number.isEmpty else {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
            return nil
        }
        display = ":" + number
    }

    func stop() {
        kill(process, SIGTERM)
        waitpid(process, nil, 0)
        unlink(directory + "/Xvfb_screen0")
        rmdir(directory)
    }

    /// B, G, R, X of the whole screen, rows packed. The file is an XWD dump: a header of big-endian
    /// words, a colour map of 12 bytes an entry, then the rows.
    func pixels() -> (bytes: [UInt8], width: Int, height: Int)? {
        let file = open(directory + "/Xvfb_screen0", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        var bytes = [UInt8](repeating: 0, count: max(0, size))
        guard size > 100, pread(file, &bytes, size, 0) == size else { return nil }
        func word(_ index: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[4 * index + $1]) } }
        let (width, height, stride, start) = (word(4), word(5), word(12), word(0) + 12 * word(19))
        guard width > 0, height > 0, stride >= width * 4, start + stride * height <= size else { return nil }
        var out: [UInt8] = []
        for row in 0..<height {
            out.append(contentsOf: bytes[start + row * stride..<start + row * stride + width * 4])
        }
        return (out, width, height)
    }
}
