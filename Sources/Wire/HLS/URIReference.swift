// Resolves the addresses inside a playlist against the playlist's own (RFC 3986 section 5).
// Works on text: what it does not understand it leaves as it is.

/// Reference resolution.
public enum URIReference {
    private struct Parts {
        var scheme: Substring?
        var authority: Substring?
        var path: Substring
        var query: Substring?
    }

    /// The absolute form of `reference`; fragments are dropped. A base without a scheme is taken as a file
    /// path, and the result is one as well.
    public static func resolve(_ reference: String, against base: String) -> String {
        let target = split(reference)
        if target.scheme != nil { return joined(target, target.path) }
        let base = split(base)
        var result = Parts(scheme: base.scheme, authority: base.authority, path: target.path, query: target.query)
        if let authority = target.authority {
            result.authority = authority
            return joined(result, withoutDots(target.path))
        }
        if target.path.isEmpty {
            if target.query == nil { result.query = base.query }
            return joined(result, base.path)
        }
        if target.path.utf8.first == UInt8(ascii: "/") { return joined(result, withoutDots(target.path)) }
        return joined(result, withoutDots(merged(base, target.path)))
    }

    private static func merged(_ base: Parts, _ path: Substring) -> Substring {
        if base.authority != nil, base.path.isEmpty { return "/" + path }
        guard let slash = base.path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return base.path[...slash] + path
    }

    private static func joined(_ parts: Parts, _ path: Substring) -> String {
        var out = ""
        if let scheme = parts.scheme { out += scheme + ":" }
        if let authority = parts.authority { out += "//" + authority }
        out += path
        if let query = parts.query { out += "?" + query }
        return out
    }

    private static func split(_ text: String) -> Parts {
        var rest = text[...]
        if let hash = rest.utf8.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<hash] }
        var parts = Parts(path: "")
        if let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")), isScheme(rest[..<colon].utf8) {
            parts.scheme = rest[..<colon]
            rest = rest[rest.utf8.index(after: colon)...]
        }
        if rest.utf8.starts(with: "//".utf8) {
            rest = Substring(rest.utf8.dropFirst(2))
            let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            parts.authority = rest[..<end]
            rest = rest[end...]
        }
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            parts.query = rest[rest.utf8.index(after: mark)...]
            rest = rest[..<mark]
        }
        parts.path = rest
        return parts
    }

    private static func isScheme(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, isLetter(first) else { return false }
        return text.allSatisfy {
            isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: ".")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    /// remove_dot_segments (5.2.4); "../" above the root stays at the root.
    private static func withoutDots(_ path: Substring) -> Substring {
        guard path.utf8.contains(UInt8(ascii: ".")) else { return path }
        let isRooted = path.utf8.first == UInt8(ascii: "/")
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        var out: [Substring] = []
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".":
                if isLast { out.append("") }
            case "..":
                if out.count > (isRooted ? 1 : 0), out.last != ".." {
                    out.removeLast()
                } else if !isRooted {
                    out.append("..")
                }
                if isLast { out.append("") }
            default: out.append(segment)
            }
        }
        return Substring(out.joined(separator: "/"))
    }
}
