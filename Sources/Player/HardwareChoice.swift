// Where pictures are decoded: on a graphics device as long as that goes well, else in software, with one line.
import Media
import Model

/// Belongs to the "video" thread.
struct HardwareChoice {
    private let wish: PlaySettings.HardwareDecoding?
    private let reporter: any Reporter
    private var device: HardwareDevice?
    private var isOpen = false
    private var isTold = false

    init(_ settings: PlaySettings, reporter: any Reporter) {
        // What goes to programs would only have to be fetched back from the device.
        wish = settings.hardwareDecoding ?? (settings.rawOutput == nil ? nil : PlaySettings.HardwareDecoding.none)
        self.reporter = reporter
    }

    /// The device for the next decoder; opened the first time. nil: software.
    mutating func deviceForDecoder() -> HardwareDevice? {
        guard wish != PlaySettings.HardwareDecoding.none else { return nil }
        if !isOpen {
            isOpen = true
            do throws(SluiceError) { device = try HardwareDevice() } catch {
                // Who did not ask for it does not miss it.
                tell(wish == .auto ? .notice : .debug, "decoding in software: \(error.why)")
            }
        }
        return device
    }

    /// After each picture: says once where pictures are decoded.
    mutating func decoded(onDevice: Bool) {
        guard let device, !isTold else { return }
        if onDevice {
            tell(.info, "decoding on \(device.path)")
        } else {
            self.device = nil
            tell(.notice, "decoding in software: \(device.path) does not take this stream")
        }
    }

    /// The device failed in the middle.
    /// - Returns: True when there is software to go on with.
    mutating func fails(_ error: SluiceError) -> Bool {
        guard device != nil else { return false }
        device = nil
        isTold = false
        tell(.notice, "going on in software: \(error.why)")
        return true
    }

    private mutating func tell(_ level: LogLevel, _ text: String) {
        guard !isTold else { return }
        isTold = true
        reporter.log(level, text)
    }
}
