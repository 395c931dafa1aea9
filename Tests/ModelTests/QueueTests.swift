import Model
import Testing

@Suite struct BoundedQueueTests {
    @Test func elements_comeOutInOrder_andTheBoundHolds() {
        let queue = BoundedQueue<Int>(limit: 10) { $0 }
        #expect(queue.tryPush(6))
        #expect(queue.tryPush(4))
        #expect(!queue.tryPush(1))
        #expect(queue.forcePush(3))
        #expect(queue.depth == (3, 13))
        #expect(queue.tryPop() == 6)
        #expect(queue.tryPop() == 4)
        #expect(queue.tryPop() == 3)
        #expect(queue.tryPop() == nil)
    }

    @Test func anElementThatIsTooLarge_fitsIntoAnEmptyQueue() {
        let queue = BoundedQueue<Int>(limit: 10) { $0 }
        #expect(queue.push(100, deadline: .now()))
        #expect(!queue.push(1, deadline: .now()))
    }

    @Test func whatWasQueuedBeforeTheEnd_isStillDelivered() {
        let queue = BoundedQueue<Int>(limit: 10)
        queue.push(1)
        queue.close()
        #expect(!queue.push(2))
        guard case .element(1) = queue.pop() else {
            Issue.record("the element was lost")
            return
        }
        guard case .closed = queue.pop() else {
            Issue.record("the end was not told")
            return
        }
    }

    @Test func twoThreads_passAHundredThousandElements() {
        let queue = BoundedQueue<Int>(limit: 16)
        let writer = NamedThread("writer") {
            for value in 0..<100_000 { queue.push(value) }
            queue.close()
        }
        var expected = 0
        while case .element(let value) = queue.pop(deadline: .now() + .seconds(30)) {
            #expect(value == expected)
            expected += 1
        }
        writer.join()
        #expect(expected == 100_000)
    }

    @Test func waiting_endsAtTheDeadline() {
        let queue = BoundedQueue<Int>(limit: 1)
        let before = HostTime.now()
        guard case .timedOut = queue.pop(deadline: before + .milliseconds(30)) else {
            Issue.record("something came from nowhere")
            return
        }
        #expect(HostTime.now() - before >= .milliseconds(29))
    }
}

@Suite struct CancelTests {
    @Test func handlers_runOnce_alsoWhenTheyComeLate() {
        let flag = CancelFlag()
        let count = Monitor(0)
        flag.onSet { count.withLock { $0 += 1 } }
        flag.set()
        flag.set()
        flag.onSet { count.withLock { $0 += 10 } }
        #expect(count.read(\.self) == 11)
    }

    @Test func aShortWait_comesInTime_andKnowsOfAnEarlierCancel() {
        let flag = CancelFlag()
        let wait = CancellableWait(flag)
        let due = HostTime.now() + .milliseconds(5)
        #expect(wait.wait(until: due))
        #expect(HostTime.now() >= due)
        flag.set()
        #expect(!wait.wait(until: .now() + .milliseconds(5)))
    }

    @Test func aCancelledWait_endsAtOnce() {
        let flag = CancelFlag()
        let wait = CancellableWait(flag)
        let thread = NamedThread("canceller") { flag.set() }
        let before = HostTime.now()
        #expect(!wait.wait(until: before + .seconds(20)))
        #expect(HostTime.now() - before < .seconds(10))
        thread.join()
    }
}
