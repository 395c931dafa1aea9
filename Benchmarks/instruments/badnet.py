#!/usr/bin/python3
"""A bad network between a player and its server: a TCP proxy on loopback that is told what to do while it runs.

  badnet.py PORT [--seed N]      prints the port it listens on, then takes lines from standard input:

  stall         nothing moves towards the player, and the sender feels it: its data are not taken
  hold          what the sender sends disappears, and comes in one burst with the next `go`
  go            ends both
  jitter MS     from now on each piece is delayed by 0 to MS, in order; 0 ends it
  rate BITS     at most so many bits a second; 0 ends it
  cut           every connection is closed; new ones are taken

It prints `key TIME` when the first AVC key frame of a connection has passed, TIME as seconds since 1970.
"""
import argparse, asyncio, random, re, socket, subprocess, sys, threading, time

SMALL = 4096
# An FLV video body that begins with a key frame's NAL units: type and codec, packet type 1, a composition time below
# a second, the length of a unit below half a MiB. The first two bytes alone are in every other group of pictures.
KEY_FRAME = re.compile(rb"\x17\x01\x00[\x00-\x03].\x00[\x00-\x07]", re.DOTALL)
WAKE = 0.005


class Line:
    """The way towards the players; all connections share its weather."""

    def __init__(self, seed):
        self.stalled = self.held = False
        self.jitter, self.rate = 0.0, 0.0
        self.random = random.Random(seed)
        self.writers = set()

    def obey(self, words):
        match words:
            case ["stall"]: self.stalled = True
            case ["hold"]: self.held = True
            case ["go"]: self.stalled = self.held = False
            case ["jitter", value]: self.jitter = float(value) / 1000
            case ["rate", value]: self.rate = float(value)
            case ["cut"]:
                for writer in list(self.writers):
                    writer.transport.abort()
            case []: pass
            case _: raise SystemExit(f"badnet: what is '{' '.join(words)}'?")


async def towards_player(reader, writer, line):
    """Two tasks, so that what is delayed does not keep what follows from being read."""
    pieces, waiting, over, seen = [], 0, False, False

    async def take():
        nonlocal waiting, over, seen
        due = 0.0
        try:
            while True:
                # Nothing is taken during a stall, nor more than the line carries.
                while line.stalled or (waiting > SMALL and not line.held and not line.jitter):
                    await asyncio.sleep(WAKE)
                data = await reader.read(SMALL)
                if not data:
                    break
                due = max(due, time.monotonic() + line.random.random() * line.jitter)
                pieces.append((due, data))
                waiting += len(data)
        except ConnectionError:
            pass
        over = True

    taker, paid = asyncio.create_task(take()), 0.0
    try:
        while pieces or not over:
            now = time.monotonic()
            if not pieces or line.stalled or line.held or pieces[0][0] > now:
                wait = WAKE if not pieces or pieces[0][0] <= now else min(WAKE, pieces[0][0] - now)
                await asyncio.sleep(wait)
                continue
            _, data = pieces.pop(0)
            if line.rate:
                paid = max(paid, now) + len(data) * 8 / line.rate
                await asyncio.sleep(max(0, paid - now))
            writer.write(data)
            await writer.drain()
            waiting -= len(data)
            if not seen and KEY_FRAME.search(data):
                seen = True
                print(f"key {time.time():.4f}", flush=True)
    except ConnectionError:
        pass
    finally:
        taker.cancel()
        writer.close()


async def towards_server(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(port, line):
    async def accept(reader, writer):
        upstream = socket.socket()
        # The kernel must not swallow seconds of media in place of the network.
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        upstream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(upstream, ("127.0.0.1", port))
        from_server, to_server = await asyncio.open_connection(sock=upstream, limit=2 * SMALL)
        for one in (writer, to_server):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        line.writers |= {writer, to_server}
        await asyncio.gather(towards_player(from_server, writer, line), towards_server(reader, to_server))
        line.writers -= {writer, to_server}

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while order := await orders.readline():
        line.obey(order.decode().split())


class BadNetwork:
    """The proxy as a child of a benchmark."""

    def __init__(self, children, port, seed=1):
        self.child = children.run([sys.executable, __file__, str(port), "--seed", str(seed)], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True, bufsize=1)
        self.port = int(self.child.stdout.readline())
        # When the first key frame of each connection had passed.
        self.keys = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for said in self.child.stdout:
            self.keys.append(float(said.split()[1]))

    def tell(self, order):
        """A function of no arguments, for a list of events."""
        def say():
            self.child.stdin.write(order + "\n")
            self.child.stdin.flush()
        return say


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.port, Line(options.seed)))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
