public import Model

// A real X server without a monitor. Its frame buffer is a file, so what a window shows is read from outside.
#if canImport(Glibc)
    import Glibc
#endif

/// One Xvfb on a display of its own, picked by the server itself. Ends with its owner.
public final class XvfbScreen: @unchecked Sendable {
    // Safe because the mapping is read-only, made once, and unmapped by deinit alone.
    public let display: String
    public let width: Int
    public let height: Int
    private let program: Program
    private let directory: TempDirectory
    private let mapping: UnsafeRawBufferPointer
    private let pixels: Int
    private let stride: Int

    public static func start(width: Int = 640, height: Int = 360) async throws -> XvfbScreen {
        let directory = try TempDirectory("screen")
        let program = try Program([
            "Xvfb", "-displayfd", "1", "-screen", "0", "\(width)x\(height)x24", "-fbdir", directory.path, "-ac",
            "-nolisten", "tcp", "-nocursor",
        ])
        let file = directory.file("Xvfb_screen0")
        let size = await firstValue(within: .seconds(15)) { () -> Int? in
            guard program.isRunning, program.output.contains("\n") else { return nil }
            var facts = stat()
            return stat(file, &facts) == 0 && facts.st_size >= width * height * 4 ? Int(facts.st_size) : nil
        }
        guard let size else { throw LabError("Xvfb does not start: \(program.errors)") }
        let number = program.output.filter(\.isNumber)
        return try XvfbScreen(":\(number)", width, height, program, directory, file, size)
    }

    private init(
        _ display: String, _ width: Int, _ height: Int, _ program: Program, _ directory: TempDirectory,
        _ file: String, _ size: Int
    ) throws {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LabError("cannot open the frame buffer: errno \(errno)") }
        defer { close(descriptor) }
        guard let base = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw LabError("cannot map the frame buffer: errno \(errno)")
        }
        mapping = UnsafeRawBufferPointer(start: base, count: size)
        // The file is an XWD: big-endian words; 0 header size, 12 bytes a line, 19 colours of 12 bytes each.
        let words = mapping
        let word = { (index: Int) in
            Int(UInt32(bigEndian: words.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
        }
        pixels = word(0) + word(19) * 12
        stride = word(12)
        self.display = display
        self.width = width
        self.height = height
        self.program = program
        self.directory = directory
        guard stride >= width * 4, pixels + stride * height <= size else {
            munmap(UnsafeMutableRawPointer(mutating: base), size)
            throw LabError("the frame buffer has an unknown shape")
        }
    }

    deinit {
        if let base = mapping.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), mapping.count) }
    }

    /// What programs need in their environment to use this screen.
    public var environment: [String: String?] {
        [
            "DISPLAY": display, "SDL_VIDEODRIVER": "x11", "SDL_RENDER_DRIVER": "software",
            "LIBGL_ALWAYS_SOFTWARE": "1",
        ]
    }

    /// Red, green and blue at a point.
    public func colour(_ column: Int, _ row: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
        let at = pixels + row * stride + column * 4
        return (mapping[at + 2], mapping[at + 1], mapping[at])
    }

    /// The number that is on the screen now, at the top left of a picture `width` wide.
    public func barcode(width: Int? = nil, left: Int = 0, top: Int = 0) -> UInt64? {
        Barcode.read(width: width ?? self.width) { colour(left + $0, top + $1).green }
    }

    /// Waits for the first barcode; nil when `limit` passes without one.
    public func firstBarcode(within limit: Span) async -> UInt64? {
        await firstValue(within: limit, every: .milliseconds(3)) { barcode() }
    }

    public struct Sighting: Sendable {
        public let at: WallTime
        public let value: UInt64
        /// For wall clock stamps: from the making of the picture to now.
        public var delay: Span { at - WallTime(milliseconds: Int64(value)) }
    }

    /// Every change of the number on the screen for `length`.
    public func sightings(for length: Span) async -> [Sighting] {
        var seen: [Sighting] = []
        _ = await eventually(within: length, every: .milliseconds(3)) {
            if let value = barcode(), value != seen.last?.value {
                seen.append(Sighting(at: WallTime.now(), value: value))
            }
            return false
        }
        return seen
    }

    /// Share of the screen that is not black; tells a picture from an empty window.
    public func litShare() -> Double {
        var lit = 0
        for row in 0..<height {
            for column in 0..<width {
                let point = colour(column, row)
                if Int(point.red) + Int(point.green) + Int(point.blue) > 60 { lit += 1 }
            }
        }
        return Double(lit) / Double(width * height)
    }

    /// Keeps what is on the screen as a PPM file.
    public func savePPM(to path: String) throws {
        var bytes = Array("P6\n\(width) \(height)\n255\n".utf8)
        for row in 0..<height {
            for column in 0..<width {
                let point = colour(column, row)
                bytes += [point.red, point.green, point.blue]
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LabError("cannot write \(path): errno \(errno)") }
        defer { close(descriptor) }
        guard writeAll(descriptor, bytes) else { throw LabError("cannot fill \(path): errno \(errno)") }
    }

    public func stop() async { await program.stop() }
}
