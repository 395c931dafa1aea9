// What a slow viewer loses: whole GOPs, the oldest first, and never the headers.
import Model
import NIOCore
import Testing
import Wire

@testable import Origin

@Suite struct ViewerQueueTests {
    private func batch(_ tag: FLVTag, _ before: HeaderSet = .none, _ after: HeaderSet? = nil) throws -> TagBatch {
        let tag = try #require(StreamTag(tag))
        return TagBatch(
            [tag], isEntry: tag.startsGOP, before: before, after: after ?? before, arrival: .zero)
    }

    private func rest(_ queue: inout ViewerQueue) -> [FLVTag] {
        var tags: [FLVTag] = []
        while let item = queue.take() {
            if case .media(let batch, _) = item { tags += batch.tags.map(\.tag) }
        }
        return tags
    }

    private func at(_ seconds: Double) -> HostTime { HostTime(seconds: seconds) }

    @Test func whatWaitsTooLongIsDroppedUpToTheNewestKeyFrame() throws {
        var queue = ViewerQueue(longest: .seconds(5), mostBytes: 1 << 20)
        var lost = 0
        for second in 0..<6 {
            lost += queue.add(try batch(Made.key(UInt32(second * 1000))), now: at(Double(second)))
            lost += queue.add(try batch(Made.inter(UInt32(second * 1000 + 500))), now: at(Double(second) + 0.5))
        }
        #expect(lost == 5)
        #expect(rest(&queue) == [Made.key(5000), Made.inter(5500)])
        #expect(queue.bytes == 0 && queue.isOpen)
    }

    @Test func theBeginningHasLeftAlready_theRestOfTheGOPCountsAsOne() throws {
        var queue = ViewerQueue(longest: .seconds(1), mostBytes: 1 << 20)
        #expect(queue.add(try batch(Made.inter(40)), now: at(0)) == 0)
        #expect(queue.add(try batch(Made.inter(80)), now: at(0.5)) == 0)
        #expect(queue.add(try batch(Made.key(1000)), now: at(1.5)) == 1)
        #expect(rest(&queue) == [Made.key(1000)])
    }

    @Test func withoutAKeyFrameToGoOnWith_allIsLostUntilThereIsOne() throws {
        var queue = ViewerQueue(longest: .seconds(1), mostBytes: 1 << 20)
        #expect(queue.add(try batch(Made.key(0)), now: at(0)) == 0)
        #expect(queue.add(try batch(Made.inter(1500)), now: at(1.5)) == 1)
        #expect(queue.isEmpty && !queue.isOpen)
        #expect(queue.add(try batch(Made.inter(1600)), now: at(1.6)) == 0)
        #expect(queue.isEmpty)
        #expect(queue.add(try batch(Made.key(2000)), now: at(2)) == 0)
        #expect(rest(&queue) == [Made.key(2000)])
    }

    @Test func bytesAreBoundedAsWell() throws {
        var queue = ViewerQueue(longest: .seconds(100), mostBytes: 10_000)
        var lost = 0
        for second in 0..<4 {
            lost += queue.add(try batch(Made.key(UInt32(second), size: 3000)), now: at(Double(second)))
        }
        #expect(lost == 3 && queue.bytes == 3000)
    }

    @Test func headersThatWereLostComeBeforeWhatGoesOn() throws {
        let old = HeaderSet.none.replacing(with: try #require(StreamTag(Made.videoHeader)))
        var header = Made.videoHeader
        header.body.setInteger(UInt8(9), at: 7)
        let new = old.replacing(with: try #require(StreamTag(header)))
        for isLate in [false, true] {
            var queue = ViewerQueue(longest: .seconds(1), mostBytes: 1 << 20)
            _ = queue.add(try batch(Made.inter(0), old), now: at(0))
            _ = queue.add(try batch(header, old, new), now: at(0.1))
            // Either the key frame is there when media are given up, or it comes afterwards.
            if isLate { _ = queue.add(try batch(Made.inter(40), new), now: at(2)) }
            _ = queue.add(try batch(Made.key(1000), new), now: at(2.1))
            var expected = header
            expected.timestamp = 1000
            #expect(rest(&queue) == [expected, Made.key(1000)])
        }
    }

    @Test func wordsAreNeverGivenUp() throws {
        var queue = ViewerQueue(longest: .seconds(1), mostBytes: 1 << 20)
        _ = queue.add(try batch(Made.key(0)), now: at(0))
        queue.add(words: ByteBuffer(string: "pong"))
        _ = queue.add(try batch(Made.inter(40)), now: at(3))
        guard case .words(let words)? = queue.take() else {
            Issue.record("the words are gone")
            return
        }
        #expect(String(buffer: words) == "pong")
        #expect(queue.isEmpty)
    }
}
