// `--max-disk`: the oldest finished files of this recording go, and nothing else does.
import Glibc
import Model
import TestSupport
import Testing

@testable import Recorder

@Suite struct DiskBudgetTests {
    private let directory: TempDirectory
    private let index: RecordingIndex
    private let now = CivilTime(WallTime(seconds: 1_774_800_000), utcOffset: 7200)
    init() throws {
        directory = try TempDirectory("budget")
        index = RecordingIndex(directory: directory.path)
    }

    private func add(_ entry: RecordingEntry, bytes: Int) throws {
        try index.put(entry)
        try directory.write([UInt8](repeating: 1, count: bytes), to: entry.file)
    }

    private func isThere(_ entry: RecordingEntry) -> Bool { contents(ofFile: directory.file(entry.file)) != nil }

    @Test func theOldestGoFirstAndOnlyAsManyAsNeeded() throws {
        for number in 1...5 { try add(indexEntry(number), bytes: 100) }
        var budget = try DiskBudget(index: index, recording: "demo", limit: 350)
        #expect(budget.finishedBytes == 500)
        #expect(try budget.enforce(openBytes: 0, now: now).map(\.number) == [1, 2])
        #expect(try budget.enforce(openBytes: 50, now: now).isEmpty)
        // The open one's growth counts.
        #expect(try budget.enforce(openBytes: 51, now: now).map(\.number) == [3])
        #expect(budget.finishedBytes == 200)
        #expect(try index.read().entries.map(\.number) == [4, 5])
        #expect(try index.read().deleted.map(\.number) == [1, 2, 3])
        #expect(!isThere(indexEntry(3)) && isThere(indexEntry(4)))
        try add(indexEntry(6), bytes: 100)
        budget.add(100)
        #expect(try budget.enforce(openBytes: 51, now: now).map(\.number) == [4])
    }

    @Test func nothingElseIsTouched() throws {
        let open = indexEntry(1, state: .open)
        let other = indexEntry(2, recording: "other")
        let lost = indexEntry(3)
        try add(open, bytes: 1000)
        try add(other, bytes: 1000)
        try index.put(lost)
        let unknown = indexEntry(4)
        try directory.write([1, 2, 3], to: unknown.file)
        let mine = indexEntry(5)
        try add(mine, bytes: 1000)
        // A link is not what was recorded.
        let outside = try TempDirectory("outside")
        try outside.write("theirs", to: "file")
        let linked = indexEntry(6)
        try index.put(linked)
        #expect(symlink(outside.file("file"), directory.file(linked.file)) == 0)
        var budget = try DiskBudget(index: index, recording: "demo", limit: 10)
        #expect(try budget.enforce(openBytes: 1000, now: now).map(\.number) == [5])
        #expect(isThere(open) && isThere(other) && isThere(unknown) && isThere(linked) && !isThere(mine))
        #expect(budget.isExceeded(openBytes: 1000))
        #expect(try budget.enforce(openBytes: 1000, now: now).isEmpty)
    }

    @Test func filesOfOthersUnderTheSameNameCount() throws {
        try add(indexEntry(1, task: "before"), bytes: 100)
        var budget = try DiskBudget(index: index, recording: "demo", limit: 250)
        try add(indexEntry(2, task: "beside"), bytes: 100)
        try add(indexEntry(3, task: "ours"), bytes: 100)
        budget.add(100)
        #expect(budget.finishedBytes == 300)
        #expect(try budget.enforce(openBytes: 100, now: now).map(\.task) == ["before", "beside"])
    }

    @Test func repairedFilesGoToo() throws {
        try add(indexEntry(1, state: .repaired), bytes: 100)
        var budget = try DiskBudget(index: index, recording: "demo", limit: 50)
        #expect(try budget.enforce(openBytes: 0, now: now).count == 1)
    }

    @Test func aNewDirectoryHasNothingToCount() throws {
        let fresh = RecordingIndex(directory: directory.file("new"))
        var budget = try DiskBudget(index: fresh, recording: "demo", limit: 50)
        #expect(try budget.enforce(openBytes: 100, now: now).isEmpty)
    }
}
