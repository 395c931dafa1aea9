// The system's words for an error number, in the form of our own texts.

#if canImport(Glibc)
    import Glibc
#endif

enum SystemText {
    static func of(_ code: Int32) -> String { String(cString: strerror(code)).lowercasedFirst }
}

extension String {
    /// System texts begin with a capital; ours do not.
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
