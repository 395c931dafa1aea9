// What a recording is called: what its address names, without anything that could be a secret.
public import Model

extension FileNaming {
    /// The last part of the address's path without its suffix; for a playlist that is called like all playlists, the
    /// part before; without a path the host. Queries and user info are never part of it.
    public static func name(of address: MediaAddress) -> String {
        if address.scheme == .standardStream { return "recording" }
        if address.scheme == .srt, let stream = srtStream(address.query ?? "") { return fit(stream) }
        var parts = address.path.split(separator: "/").map(String.init)
        if address.isNetwork {
            // Parameters of a path segment are as good as a query.
            parts = parts.map { $0.prefix { $0 != ";" && $0 != "?" && $0 != "#" }.percentDecoded }
            parts.removeAll { $0.isEmpty || $0.contains("=") }
        }
        guard var last = parts.popLast() else { return address.host.isEmpty ? "recording" : fit(address.host) }
        last = withoutSuffix(last, any: !address.isNetwork)
        let usual: Set<String> = ["index", "playlist", "master", "manifest", "chunklist", "main", "stream"]
        if address.isPlaylist, usual.contains(last.lowercased()), let folder = parts.last { last = folder }
        return fit(last)
    }

    private static let suffixes: Set<String> = [
        ".flv", ".m3u8", ".m3u", ".mpd", ".mp4", ".ts", ".mkv", ".webm", ".sdp", ".m4s", ".mov",
    ]

    private static func withoutSuffix(_ file: String, any: Bool) -> String {
        let (stem, suffix) = splitSuffix(file)
        return any || suffixes.contains(suffix.lowercased()) ? stem : file
    }

    /// The resource of an SRT stream id: of the standard form `#!::r=live/demo,m=request`, or of MediaMTX's
    /// `read:live/demo:user:password`. Anything else may hold a key and is not used.
    private static func srtStream(_ query: String) -> String? {
        for field in query.split(separator: "&") {
            guard let sign = field.firstIndex(of: "="), field[..<sign] == "streamid" else { continue }
            let id = field[field.index(after: sign)...].percentDecoded
            var resource: Substring?
            if id.hasPrefix("#!::") {
                resource = id.dropFirst(4).split(separator: ",").first { $0.hasPrefix("r=") }?.dropFirst(2)
            } else {
                let words = id.split(separator: ":", omittingEmptySubsequences: false)
                if words.count >= 2, ["read", "publish", "request"].contains(words[0]) { resource = words[1] }
            }
            if let last = resource?.prefix(while: { $0 != "?" }).split(separator: "/").last { return String(last) }
        }
        return nil
    }
}

extension RecordFormat {
    /// The container that the suffix of a template asks for; nil where it names none.
    public init?(template: String) {
        switch FileNaming.splitSuffix(template.split(separator: "/").last.map(String.init) ?? "").suffix
            .lowercased()
        {
        case ".mp4", ".m4v", ".m4a", ".mov": self = .mp4
        case ".mkv", ".mka", ".webm": self = .mkv
        case ".ts", ".m2ts", ".mts": self = .ts
        case ".flv": self = .flv
        default: return nil
        }
    }
}
