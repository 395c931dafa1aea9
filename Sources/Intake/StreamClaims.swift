// Reads onMetaData for whoever compares a sender's claims with what it sends.
import Wire

extension StreamClaims {
    /// Zeros say nothing: servers that write the metadata anew fill with them what they do not know.
    init(_ fields: [AMF0Field]) {
        self.init()
        func value(_ name: String) -> AMF0Value? { fields.first { $0.name == name }?.value }
        func number(_ name: String, below limit: Double) -> Double? {
            guard let number = value(name)?.numberValue, number > 0, number < limit else { return nil }
            return number
        }
        func isThere(_ flag: String, _ codec: String) -> Bool? {
            if let said = value(flag)?.booleanValue { return said }
            guard let codec = value(codec) else { return nil }
            // A number, or a FourCC as a string; enhanced FLV has both.
            return codec.numberValue == 0 ? nil : true
        }
        width = number("width", below: 65536).map { Int($0) }
        height = number("height", below: 65536).map { Int($0) }
        frameRate = number("framerate", below: 1000) ?? number("fps", below: 1000)
        videoKbps = number("videodatarate", below: 1e7)
        audioKbps = number("audiodatarate", below: 1e6)
        hasVideo = isThere("hasVideo", "videocodecid")
        hasAudio = isThere("hasAudio", "audiocodecid")
    }
}
