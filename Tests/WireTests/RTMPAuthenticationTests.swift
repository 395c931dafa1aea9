import Model
import NIOCore
import Testing

@testable import Wire

@Suite struct RTMPAuthenticationTests {
    static let need = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "
    static let challenge =
        "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=bob&salt=s4lt=&challenge=ch==&opaque=op=="

    static func read(_ text: String, app: String = "live", user: String? = "bob", answered: Bool = false)
        -> RTMPAuthentication
    {
        .read(
            description: text, app: app, user: user, password: user == nil ? nil : "secret", nonce: "0011aabb",
            wasAnswered: answered)
    }

    // The responses were computed apart from this code, from the description of the schemes.
    @Test func adobe_answersTheChallenge() {
        #expect(Self.read(Self.need) == .answer(query: "authmod=adobe&user=bob"))
        #expect(
            Self.read(Self.challenge)
                == .answer(
                    query: "authmod=adobe&user=bob&challenge=0011aabb&response=qfQzBmtrCDoaV8G1a6RlYQ==&opaque=op=="
                ))
        let plain = Self.challenge.replacing("&opaque=op==", with: "")
        #expect(
            Self.read(plain)
                == .answer(query: "authmod=adobe&user=bob&challenge=0011aabb&response=su6R7Haf45y/1KklBtMLng=="))
    }

    @Test(arguments: [
        ("live", "6fcdbefc36469fb30dfbc33b5339651b"), ("live/inst", "49e82d2d240bbe6ff12e7389689e4738"),
        ("live?x=1", "6fcdbefc36469fb30dfbc33b5339651b"),
    ])
    func limelight_answersTheChallenge(app: String, response: String) {
        let text = "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=bob&nonce=n0nce"
        #expect(
            Self.read(text, app: app)
                == .answer(
                    query: "authmod=llnw&user=bob&nonce=n0nce&cnonce=0011aabb&nc=00000001&response=\(response)"))
    }

    @Test func whatCannotBeAnswered_saysWhy() {
        #expect(Self.read("no such thing") == .notAsked)
        #expect(Self.read(Self.need, user: nil) == .impossible("the server wants a user name and a password"))
        #expect(
            Self.read("authmod=adobe ?reason=authfailed&opaque=x") == .impossible("wrong user name or password"))
        #expect(Self.read("authmod=adobe ?reason=nosuchuser") == .impossible("no such user"))
        #expect(
            Self.read("authmod=kerberos") == .impossible("the server wants log-in of an unknown kind \"kerberos\""))
        #expect(Self.read(Self.challenge, answered: true) == .impossible("the server does not accept the log-in"))
        #expect(Self.read("authmod=adobe") == .impossible("the server's log-in challenge cannot be read"))
    }

    @Test(arguments: RTMPDelivery.allCases) func wholeLogin_takesThreeConnections(delivery: RTMPDelivery) throws {
        let first = rtmpSettings(.publish, user: "bob", password: "secret")
        func refused(_ text: String) throws -> ServerScript {
            try RTMPRefusalTests.refusedConnect("NetConnection.Connect.Rejected", text)
        }
        let one = RTMPRun(first, try refused(Self.need), delivery)
        #expect(one.events.last == .authenticate(query: "authmod=adobe&user=bob"))
        let second = try #require(one.session.nextSettings)
        let two = RTMPRun(second, try refused(Self.challenge), delivery)
        let connect = try #require(try two.commands().first?.arguments.first)
        #expect(connect["app"] == .string("live?authmod=adobe&user=bob"))
        #expect(connect["tcUrl"] == .string("rtmp://h/live?authmod=adobe&user=bob"))
        let third = try #require(two.session.nextSettings)
        #expect(third.app == "live")
        #expect(third.authenticationQuery.contains("response="))
        let three = RTMPRun(third, try RTMPDialogueTests.nginxPublish(), delivery)
        #expect(three.session.isEstablished)
        // A server that goes on asking is not asked for ever.
        let refusedAgain = RTMPRun(third, try refused(Self.challenge), delivery)
        #expect(refusedAgain.failure?.kind == .badAuth)
        #expect(refusedAgain.session.nextSettings == nil)
        let forgetful = RTMPRun(third, try refused(Self.need), delivery)
        #expect(forgetful.failure?.kind == .badAuth)
    }

    @Test func withoutAPassword_theServersWishIsTold() throws {
        let run = RTMPRun(
            rtmpSettings(.publish),
            try RTMPRefusalTests.refusedConnect("NetConnection.Connect.Rejected", Self.need))
        #expect(run.failure?.kind == .badAuth)
        #expect(run.failure?.description == "the server wants a user name and a password")
    }

    @Test(arguments: [
        ("rtmp://h/live/demo", "live", "demo", "rtmp://h/live"),
        ("rtmp://h/live", "live", "", "rtmp://h/live"),
        ("rtmp://h/live?x=1", "live?x=1", "", "rtmp://h/live?x=1"),
        ("rtmp://h/live/", "live", "", "rtmp://h/live"),
        ("rtmp://h", "", "", "rtmp://h/"),
        ("rtmp://h:1935/live/demo?txSecret=a&txTime=5D", "live", "demo?txSecret=a&txTime=5D", "rtmp://h/live"),
        ("rtmp://u:p@h:1936/live/demo", "live", "demo", "rtmp://h:1936/live"),
        ("rtmp://h/a/b/c", "a/b", "c", "rtmp://h/a/b"),
        ("rtmp://h/a/b/c/d?q", "a/b", "c/d?q", "rtmp://h/a/b"),
        ("rtmps://h/live/demo", "live", "demo", "rtmps://h/live"),
        ("rtmps://h:1935/live/demo", "live", "demo", "rtmps://h:1935/live"),
        ("rtmp://[::1]:1940/live/x", "live", "x", "rtmp://[::1]:1940/live"),
        ("rtmp://h//live/x", "live", "x", "rtmp://h/live"),
    ])
    func addresses_areSplit(text: String, app: String, stream: String, tcUrl: String) throws {
        let target = RTMPTarget(try MediaAddress(text))
        #expect(target.app == app)
        #expect(target.streamName == stream)
        #expect(target.tcUrl == tcUrl)
    }

    @Test func longPaths_haveASecondReading() throws {
        let other = RTMPTarget.alternative(try MediaAddress("rtmp://h/a/b/c?q=1"))
        #expect(other?.app == "a")
        #expect(other?.streamName == "b/c?q=1")
        #expect(other?.tcUrl == "rtmp://h/a")
        #expect(RTMPTarget.alternative(try MediaAddress("rtmp://h/a/b")) == nil)
    }
}
