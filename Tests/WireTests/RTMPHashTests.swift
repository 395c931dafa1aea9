import Testing
import Wire

@Suite struct RTMPHashTests {
    // RFC 1321, appendix A.5, and the lengths around a block's end.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "d174ab98d277d9f5a5611c2c9f419d9f"
        ),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
        (String(repeating: "a", count: 55), "ef1772b6dff9a122358552954ad0df65"),
        (String(repeating: "a", count: 56), "3b0c8ac703f828b04c6c197006d17218"),
        (String(repeating: "a", count: 64), "014842d480b571495a4a0363793f7367"),
        ("abc1238888_test5867D600", "38fceda3af1982de3a19930c9b56eadb"),
    ])
    func md5_matchesPublishedDigests(text: String, digest: String) {
        #expect(MD5.hex(text) == digest)
    }

    // RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64_matchesPublishedText(plain: String, text: String) {
        #expect(Base64.encode(plain.utf8) == text)
    }

    @Test func base64_usesTheWholeAlphabet() {
        #expect(Base64.encode([0xFB, 0xEF, 0xBE, 0xFF]) == "++++/w==")
    }
}
