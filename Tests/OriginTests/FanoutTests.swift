// When messages leave for the viewers, and in what company.
import Model
import NIOCore
import Testing
import Wire

@testable import Origin

@Suite struct FanoutTests {
    /// A crowd of three, so that a test need not make a hundred.
    private func crowded() throws -> (HubLab, [RecordingViewer]) {
        let lab = try HubLab { $0.fanout.crowd = 2 }
        lab.receive(Made.headers + [Made.key(0)])
        return (lab, (0..<3).map { _ in lab.viewer() })
    }

    @Test func inACrowd_soundLeavesWithTheNextPicture() throws {
        let (lab, viewers) = try crowded()
        let before = viewers[0].batches.count
        lab.receive([Made.sound(10)])
        lab.pass(.milliseconds(20))
        lab.receive([Made.sound(30)])
        #expect(viewers[0].batches.count == before)
        lab.receive([Made.inter(40)])
        #expect(viewers[0].writes.last == [Made.sound(10), Made.sound(30), Made.inter(40)])
        #expect(viewers[0].batches.count == before + 1)
    }

    @Test func inACrowd_soundWaitsNoLongerThanTheCap() throws {
        let (lab, viewers) = try crowded()
        let before = viewers[0].batches.count
        lab.receive([Made.sound(10)])
        lab.pass(.milliseconds(44))
        #expect(viewers[0].batches.count == before)
        lab.pass(.milliseconds(1))
        #expect(viewers[0].writes.last == [Made.sound(10)])
    }

    @Test func inACrowd_picturesNeverWait() throws {
        let (lab, viewers) = try crowded()
        lab.receive([Made.inter(40)])
        #expect(viewers.allSatisfy { $0.writes.last == [Made.inter(40)] })
    }

    @Test func inACrowd_soundAloneWaitsLess() throws {
        let lab = try HubLab { $0.fanout.crowd = 2 }
        lab.receive([Made.audioHeader, Made.sound(0)])
        let viewers = (0..<3).map { _ in lab.viewer() }
        lab.receive([Made.sound(20)])
        lab.pass(.milliseconds(19))
        #expect(!viewers[0].tags.contains(Made.sound(20)))
        lab.pass(.milliseconds(1))
        #expect(viewers[0].tags.contains(Made.sound(20)))
    }

    @Test func amongFew_everyReadLeavesAtOnceAndTogether() throws {
        let lab = try HubLab()
        lab.receive(Made.headers + [Made.key(0)])
        let viewer = lab.viewer()
        lab.receive([Made.sound(10)])
        #expect(viewer.writes.last == [Made.sound(10)])
        lab.receive([Made.sound(30), Made.inter(40)])
        #expect(viewer.writes.last == [Made.sound(30), Made.inter(40)])
    }

    @Test func whoAsksForMerging_getsItAndOthersDoNot() throws {
        let lab = try HubLab()
        lab.receive(Made.headers + [Made.key(0)])
        let prompt = lab.viewer()
        let patient = lab.viewer(merge: .milliseconds(350))
        for time in stride(from: UInt32(40), through: 360, by: 40) {
            lab.receive([Made.inter(time)])
            lab.pass(.milliseconds(40))
        }
        #expect(prompt.batches.count == patient.batches.count + 8)
        #expect(prompt.tags.dropFirst(4).first == patient.tags.dropFirst(4).first)
        lab.pass(.milliseconds(350))
        #expect(patient.tags == prompt.tags)
    }

    @Test func aBatchIsSerialisedOnceForAll() throws {
        let (_, viewers) = try crowded()
        #expect(viewers[1].batches.count == 1)
        #expect(zip(viewers[1].batches, viewers[2].batches).allSatisfy { $0 === $1 })
    }

    @Test func everyGOPBeginsABatch() throws {
        let (lab, viewers) = try crowded()
        lab.receive([Made.sound(10), Made.key(40), Made.sound(41)])
        lab.pass(.milliseconds(45))
        #expect(viewers[0].writes.suffix(2) == [[Made.sound(10)], [Made.key(40), Made.sound(41)]])
        #expect(viewers[0].batches.last?.isEntry == true)
    }

    @Test func newHeadersLeaveTogetherWithTheirKeyFrame() throws {
        let (lab, viewers) = try crowded()
        var header = Made.videoHeader
        header.timestamp = 40
        header.body.setInteger(UInt8(9), at: 7)
        lab.receive([Made.sound(10), header, Made.key(40)])
        #expect(viewers[0].writes.last == [header, Made.key(40)])
        #expect(viewers[0].batches.last?.isEntry == true)
    }

    @Test(arguments: [
        ("350ms", 350.0), ("1s", 1000), ("0.1", 100), ("30ms", 50), ("20ms", 0), ("1h", 0), ("-1", 0), ("7s", 1000),
        ("", 0), ("nan", 0),
    ])
    func mergingIsReadAndBounded(text: String, milliseconds: Double) {
        let options = ViewerOptions { $0 == "merge" ? text : nil }
        #expect(options.merge == .milliseconds(milliseconds))
    }
}
