// A disk that is soon full: a small tmpfs, mounted by this process or, for an ordinary user, through sudo. Where
// neither works the test fails: it must not pass without having looked.
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Unmounted when its owner goes.
public final class SmallDisk: Sendable {
    public let directory: TempDirectory
    public var path: String { directory.path }
    private let isOurs: Bool

    public init(kilobytes: Int) async throws {
        directory = try TempDirectory("disk")
        let options = "size=\(kilobytes)k,mode=777"
        isOurs = mount("none", directory.path, "tmpfs", 0, options) == 0
        guard !isOurs else { return }
        let code = errno
        let helper = try Program(["sudo", "-n", "mount", "-t", "tmpfs", "-o", options, "none", directory.path])
        guard await helper.wait(within: .seconds(10)) == .exited(0) else {
            throw LabError("cannot mount a tmpfs (errno \(code)), and sudo does not either: \(helper.errors)")
        }
    }

    deinit {
        if isOurs {
            umount2(path, Int32(MNT_DETACH))
        } else {
            // Nobody can wait here for a program's answer; it is one system call.
            let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
            let helper = try? ChildProcess.start(
                ChildPlan(
                    words: ["sudo", "-n", "umount", "-l", path], environment: [:], directory: nil, input: nothing,
                    output: nothing, errors: nothing))
            if let helper { waitpid(helper, nil, 0) }
            close(nothing)
        }
    }
}
