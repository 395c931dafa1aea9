// Disks that are full, slow, or taken away in the middle; and what is on them at every moment.
import Glibc
import Media
import Model
import Recorder
import TestSupport
import Testing

@Suite struct SegmentDiskTests {
    @Test func everythingOlderThanASecondCanBePlayed() async throws {
        let tape = try await Tape.both(seconds: 10, gop: 50).live(lead: .milliseconds(100))
        let lab = try RecordingLab(segment: .seconds(4), isLive: true, wall: RecordingLab.simulated)
        try lab.recording.begin(tracks: tape.tracks)
        var checked = 0
        for (index, packet) in tape.packets.enumerated() {
            try lab.recording.write(packet)
            guard index % 29 == 28 else { continue }
            // As a kill at this moment would leave it: only what the kernel has been given counts.
            let due = tape.packets[...index].filter { packet.arrival - $0.arrival > .seconds(1) }
            guard due.count > 100 else { continue }
            let place = try TempDirectory("killed")
            for name in RecordingLab.names(in: lab.directory.path) {
                try place.write(contents(ofFile: lab.directory.file(name)) ?? [], to: name)
            }
            _ = try Repair.run(directory: place.path, zone: .utc, reporter: Report())
            let names = RecordingLab.names(in: place.path)
            #expect(!names.contains { $0.contains(".part") })
            let kept = try names.map { try Tape.read(place.file($0)) }
            for kind in [TrackKind.video, .audio] {
                let wanted = due.filter { $0.kind == kind }.map { Tape.hash($0.data) }
                let there = kept.flatMap { $0.hashes(kind) }
                #expect(Array(there.prefix(wanted.count)) == wanted, "\(kind) at \(index)")
                #expect(Set(there).count == there.count, "a packet is there twice")
            }
            checked += 1
        }
        try lab.recording.finish()
        #expect(checked > 15)
    }

    @Test func aStreamThatStandsStillIsFlushed() async throws {
        let tape = try await Tape.both(seconds: 4, gop: 25).live()
        let lab = try RecordingLab(segment: nil, isLive: true, wall: RecordingLab.simulated)
        try lab.feed(tape)
        let name = try #require(RecordingLab.names(in: lab.directory.path).first)
        try lab.recording.tick(now: HostTime(seconds: 1005))
        let place = try TempDirectory("stalled")
        try place.write(contents(ofFile: lab.directory.file(name)) ?? [], to: name)
        let file = try #require(try Repair.run(directory: place.path, zone: .utc, reporter: Report()).files.first)
        #expect(try Tape.read(file.path).packets.count == tape.packets.count)
        try lab.recording.finish()
    }

    @Test func aFullDiskEndsItAndKeepsWhatIsThere() async throws {
        let disk = try await SmallDisk(kilobytes: 1024)
        let place = disk.directory
        let tape = try await Tape.made(
            "-f lavfi -i testsrc2=s=320x240:r=25:d=20 -f lavfi -i sine=r=48000:d=20 -c:v libx264 -preset ultrafast "
                + "-b:v 2M -g 25 -c:a aac"
        ).live()
        let lab = try RecordingLab(segment: .seconds(3600), isLive: true, in: place, wall: RecordingLab.simulated)
        let error = failure { try lab.feed(tape) }
        #expect(error?.reason == .noSpace)
        #expect(error?.isMidStream == true)
        // Nothing is written after it.
        #expect(failure { try lab.recording.write(tape.packets[0]) }?.reason == .noSpace)
        try lab.recording.finish()
        let file = try #require(lab.recording.files.first)
        #expect(!file.complete)
        let back = try Tape.read(file.path)
        #expect(back.packets.count > 50)
        #expect(Array(tape.hashes(.video).prefix(back.hashes(.video).count)) == back.hashes(.video))
        #expect(try await complaints(file.path) == "")
        // On a disk that is full from the beginning there is no recording.
        try place.write([UInt8](repeating: 1, count: 1), to: "x")
        _ = try? place.write([UInt8](repeating: 1, count: 2 << 20), to: "fill")
        let second = try RecordingLab(segment: nil, isLive: true, in: place, wall: RecordingLab.simulated)
        let refused = failure { try second.feed(tape) }
        #expect(refused?.reason == .noSpace)
        #expect(refused?.isMidStream == false)
        try second.recording.finish()
    }

    @Test func withoutRoomForACopyTheFileStaysInFragments() async throws {
        let disk = try await SmallDisk(kilobytes: 1024)
        let place = disk.directory
        let tape = try await Tape.both(seconds: 4, gop: 25).live()
        let lab = try RecordingLab(segment: nil, isLive: true, in: place, wall: RecordingLab.simulated)
        try lab.feed(tape)
        try lab.recording.finish()
        let file = try #require(lab.recording.files.first)
        #expect(file.complete)
        #expect(boxes(file.path).contains("moof"))
        #expect(lab.report.lines.contains { $0.contains("too little space") })
        #expect(try Tape.read(file.path).hashes(.video) == tape.hashes(.video))
        #expect(RecordingLab.names(in: place.path).count == 1)
    }

    @Test func aDirectoryThatCannotBeMade() throws {
        let error = failure {
            _ = try RecordingLab(segment: nil, template: "/proc/none/{name}.mp4")
        }
        #expect(error?.reason == .cannotCreate)
    }

    @Test func theOldestFilesGoFirst() async throws {
        let tape = try await Tape.both(seconds: 20, gop: 25).live()
        let lab = try RecordingLab(segment: .seconds(2), isLive: true, wall: RecordingLab.simulated) {
            $0.maxDisk = 150_000
        }
        try lab.feed(tape)
        try lab.recording.finish()
        #expect(lab.recording.files.count == 10)
        let left = RecordingLab.names(in: lab.directory.path)
        #expect(left.count < 10 && left.count >= 1)
        #expect(
            left == lab.recording.files.suffix(left.count).map { String($0.path.split(separator: "/").last ?? "") })
        let sizes = left.map { contents(ofFile: lab.directory.file($0))?.count ?? 0 }
        #expect(sizes.reduce(0, +) <= 150_000)
    }

    @Test func aQueueDoesNotHoldUpItsCaller() async throws {
        let tape = try await Tape.both(seconds: 10, gop: 25)
        let lab = try RecordingLab(segment: nil)
        let queue = RecordingQueue(lab.recording, reporter: lab.report)
        try queue.begin(tracks: tape.tracks)
        for packet in tape.packets { try queue.write(packet) }
        try queue.finish()
        #expect(queue.droppedPackets == 0)
        let file = try #require(queue.files.first)
        #expect(try Tape.read(file.path).hashes(.video) == tape.hashes(.video))
    }

    @Test func aQueueBeforeADiskThatStandsStillDropsWholeGroups() async throws {
        var tape = try await Tape.both(seconds: 8, gop: 10)
        // Filler NAL units make megabytes of the pictures.
        let filler: [UInt8] = [0, 4, 0, 0, 12] + [UInt8](repeating: 0xFF, count: (4 << 16) - 1)
        for index in tape.packets.indices where tape.packets[index].kind == .video {
            tape.packets[index].data += filler
        }
        let disk = CancelFlag()
        let stall = CancellableWait(disk)
        let lab = try RecordingLab(
            segment: nil,
            wall: { packet in
                // The thread that writes stands here until the disk goes on.
                stall.wait(until: .now() + .seconds(60))
                return RecordingLab.simulated(packet)
            })
        let queue = RecordingQueue(lab.recording, reporter: lab.report)
        try queue.begin(tracks: tape.tracks)
        let began = HostTime.now()
        var fed = 0
        while fed < tape.packets.count, queue.droppedPackets < 12 {
            try queue.write(tape.packets[fed])
            fed += 1
        }
        #expect(HostTime.now() - began < .seconds(5))
        #expect(queue.droppedPackets == 12)
        disk.set()
        // Once what waited is written, there is room again.
        let directory = lab.directory
        #expect(
            await eventually(within: .seconds(30)) {
                let name = RecordingLab.names(in: directory.path).first ?? ""
                return (contents(ofFile: directory.file(name))?.count ?? 0) > 28 << 20
            })
        for packet in tape.packets[fed...] { try queue.write(packet) }
        try queue.finish()
        let back = try Tape.read(try #require(queue.files.first).path)
        let pictures = tape.packets.filter { $0.kind == .video }
        let kept = back.hashes(.video)
        #expect(kept.count < pictures.count && kept.count > 20)
        // After each hole the pictures go on with a key frame.
        let places = Dictionary(uniqueKeysWithValues: zip(tape.hashes(.video), pictures.indices))
        let order = kept.compactMap { places[$0] }
        #expect(order.count == kept.count)
        for (before, after) in zip(order, order.dropFirst()) where after != before + 1 {
            #expect(pictures[after].isKeyframe)
        }
    }
}
