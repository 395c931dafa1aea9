// A stream that cannot be packaged, and many who ask for it all the same.
import Glibc
import Model
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite(.timeLimit(.minutes(3))) struct FailingPackagesTests {
        /// To be made on the test's own thread.
        private struct Bench {
            let loop = FuzzLoop()
            let core: OriginCore
            let packages: StreamPackages

            init() {
                core = OriginCore(loop: loop, settings: OriginSettings(), reporter: nil)
                packages = StreamPackages(core)
            }

            func wait(_ condition: () -> Bool) -> Bool {
                let deadline = HostTime.now() + .seconds(15)
                repeat {
                    loop.openMailbox()
                    if condition() { return true }
                    usleep(1000)
                } while HostTime.now() < deadline
                return false
            }
        }

        /// H.264 whose parameters tell no size.
        private static let tags: [FLVTag] = {
            let header: [UInt8] = [
                0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x0A, 0xFF, 0xE1, 0, 4, 0x67, 0, 0, 0, 1, 0, 4, 0x68, 0xCE, 0x0F,
                0xC8,
            ]
            let picture: [UInt8] = [0x17, 1, 0, 0, 0, 0, 0, 0, 5, 0x65, 1, 2, 3, 4]
            let bodies = [header] + [[UInt8]](repeating: picture, count: 30)
            return bodies.enumerated().map {
                FLVTag(kind: .video, timestamp: UInt32($0.offset * 40), body: ByteBuffer(bytes: $0.element))
            }
        }()

        /// More than may wait for a packager.
        private func flood(_ publication: Publication) {
            let picture = ByteBuffer(bytes: [0x17, 1] + [UInt8](repeating: 0, count: 1 << 20))
            for time in 0..<20 {
                publication.receive([FLVTag(kind: .video, timestamp: UInt32(time), body: picture)])
            }
        }

        @Test func theyCostOneThreadAndNoMemory() throws {
            let bench = Bench()
            let (core, packages) = (bench.core, bench.packages)
            let publication = try #require(core.hub.open("odd").publish { _ in })
            let feed = try #require(packages.feed(named: "odd"))
            let presentation = try #require(packages.presentation(named: "odd"))
            publication.receive(Self.tags)
            #expect(bench.wait { feed.failure?.status == .notImplemented && presentation.hasFailed })
            #expect(bench.wait { core.packagers == 0 })
            for _ in 0..<200 {
                #expect(packages.feed(named: "odd") === feed)
                #expect(packages.presentation(named: "odd") === presentation)
            }
            #expect(core.packagers == 0)
            var answers: [HTTPRefusal] = []
            presentation.awaitPlaylist { if case .refused(let refusal) = $0 { answers.append(refusal) } }
            #expect(answers.map(\.status) == [.notImplemented])
            flood(publication)
            #expect(feed.lostGOPs == 0 && presentation.lostGOPs == 0)
            core.hub.closeAll()
        }

        @Test func theNextPublisherIsPackagedAgain() throws {
            let bench = Bench()
            let (core, packages) = (bench.core, bench.packages)
            let stream = core.hub.open("odd")
            let first = try #require(stream.publish { _ in })
            let feed = try #require(packages.feed(named: "odd"))
            first.receive(Self.tags)
            #expect(bench.wait { feed.failure != nil })
            first.end()
            let second = try #require(stream.publish { _ in })
            // The sweep of two seconds has come by.
            bench.loop.advance(seconds: 3)
            let next = try #require(packages.feed(named: "odd"))
            #expect(next !== feed)
            second.receive(FuzzMedia.packaged)
            #expect(bench.wait { next.contentType != nil })
            core.hub.closeAll()
            #expect(bench.wait { core.packagers == 0 })
        }
    }
}
