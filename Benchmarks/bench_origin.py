#!/usr/bin/python3
"""What sluice's own origin costs, how late it makes a stream and how many it serves, beside nginx-rtmp in the same run.

  bench_origin.py [ROW ...] [--runs 5] [--short] [--sluice PATH] [--keep]

Rows: load merge load-flv delay memory many start; default all. A publisher is led through a tap that knows what was sent and when, and
each viewer looks for every message by its hash. --short takes a few seconds a row and keeps nothing; full runs are appended
to RESULTS.md.
"""
import atexit, concurrent.futures, functools, os, sys, time, urllib.error, urllib.parse, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/instruments")
import crowd, lab  # noqa: E402
import table  # noqa: E402
from table import Against, Within, say  # noqa: E402

CLIP = os.path.join(HERE, "..", "media", "bbb-360p.mp4")
NGINX, VIEWERS = "nginx-rtmp", 300
FREE = Within(float("inf"), text="–")


class Bench(table.Bench):
    def __init__(self, options):
        super().__init__(options)
        self.kept = lab.Children()
        atexit.register(self.kept.end)
        self.crowd = crowd.build(self.kept)

    @functools.lru_cache
    def clip(self, kbps):
        return crowd.clip(self.kept, CLIP, kbps)

    def server(self, side):
        return crowd.Origin(self.sluice) if side == "ours" else crowd.Nginx(4096)

    def watch(self, side, publisher, count, kbps=1000, kind="rtmp", query="", seconds=None, **options):
        """One run with a server of its own. Its errors are those of sluice alone: the peer may lose what it likes."""
        with self.server(side) as server:
            words = functools.partial(publisher, self.sluice, self.clip(kbps))
            found = crowd.watch(self.crowd, server, words, {getattr(server, kind) + query: count},
                                seconds or self.seconds(20, 5), **options)
        say(f"    {side}: stream {found.get('stream_kbps')} kb/s, the crowd's own CPU {found.get('own_cpu_pct')} %, "
            f"losses {crowd.losses(found)}, {found.get('error', '')}")
        return found

    def fill(self, row, side, found, value):
        """`value` takes the figure out of what was found."""
        failed = "error" in found
        row.add(**{side: None if failed else value(found)}, error=found["error"] if failed and side == "ours" else None)

    # One method a row (or a few that are measured together).

    def load(self):
        """300 viewers of 1 Mbit/s: processor time of the server, for a publisher that paces and one that sends in bursts."""
        for name, publisher in (("paced by sluice push", crowd.smooth), ("ffmpeg -re", crowd.bursts)):
            cpu = self.row(f"CPU, {VIEWERS} RTMP viewers, 1 Mbit/s, {name}", "% of a core", Against("≤ nginx-rtmp"), NGINX)
            lost = self.row("  messages lost, repeated or wrong, viewers lost", "", Within(0), NGINX)
            own = self.row("  the crowd's own CPU", "% of a core", FREE, NGINX)

            def run(side):
                found = self.watch(side, publisher, VIEWERS)
                self.fill(cpu, side, found, lambda found: found["server_cpu_pct"])
                self.fill(lost, side, found, crowd.losses)
                self.fill(own, side, found, lambda found: found["own_cpu_pct"])
            self.alternate(lambda: run("ours"), lambda: run("theirs"))

    def merge(self):
        """The same for viewers who ask for ?merge=350ms."""
        for name, publisher in (("paced by sluice push", crowd.smooth), ("ffmpeg -re", crowd.bursts)):
            cpu = self.row(f"CPU, {VIEWERS} RTMP viewers with ?merge=350ms, {name}", "% of a core", Within(3.7))
            lost = self.row("  messages lost, repeated or wrong, viewers lost", "", Within(0))
            late = self.row("  delay added, worst picture", "ms", Within(400))
            for _ in range(self.runs):
                found = self.watch("ours", publisher, VIEWERS, query="?merge=350ms")
                self.fill(cpu, "ours", found, lambda found: found["server_cpu_pct"])
                self.fill(lost, "ours", found, crowd.losses)
                self.fill(late, "ours", found, lambda found: found["delay_ms"]["max"])

    def load_flv(self):
        """300 viewers by HTTP-FLV, beside as many by RTMP at nginx."""
        cpu = self.row(f"CPU, {VIEWERS} HTTP-FLV viewers, 1 Mbit/s, paced", "% of a core", Against("≤ nginx-rtmp by RTMP"), NGINX)
        lost = self.row("  messages lost, repeated or wrong, viewers lost", "", Within(0))

        def run(side):
            found = self.watch(side, crowd.smooth, VIEWERS, kind="flv" if side == "ours" else "rtmp")
            self.fill(cpu, side, found, lambda found: found["server_cpu_pct"])
            if side == "ours":
                self.fill(lost, side, found, crowd.losses)
        self.alternate(lambda: run("ours"), lambda: run("theirs"))

    def delay(self):
        """From the moment the publisher's picture was handed to the server until a viewer has read all of it."""
        for kind, name in (("rtmp", "RTMP"), ("flv", "HTTP-FLV")):
            one = self.row(f"delay added, one {name} viewer, p50", "ms", Within(3), NGINX)
            many = self.row(f"delay added, {VIEWERS} {name} viewers, p99", "ms", Within(20), NGINX)
            sound = self.row("  the same of sound", "ms", Within(65), NGINX)
            stamp = self.row("  p50 by the pictures' own latency marks, publisher included", "ms", FREE, NGINX)

            def run(side):
                if side == "theirs" and kind == "flv":
                    return
                found = self.watch(side, crowd.smooth, 1, kind=kind, seconds=self.seconds(10, 5))
                self.fill(one, side, found, lambda found: found["delay_ms"]["p50"])
                found = self.watch(side, crowd.smooth, VIEWERS, kind=kind)
                self.fill(many, side, found, lambda found: found["delay_ms"]["p99"])
                self.fill(sound, side, found, lambda found: found["audio_delay_ms"]["p99"])
                self.fill(stamp, side, found, lambda found: found["mark_ms"]["p50"])
            self.alternate(lambda: run("ours"), lambda: run("theirs"))

    def memory(self):
        """300 viewers, of whom 30 read a third of the stream and 30 nothing at all: memory, and how all of them fare."""
        peak = self.row(f"greatest memory, {VIEWERS} viewers, 30 slow and 30 stalled among them", "MB", Within(100))
        lost = self.row("  messages that the others lost", "", Within(0))
        broken = self.row("  pictures that came to slow ones without their key frame", "", Within(0))
        cut = self.row("  of the 30 stalled ones, cut off", "", Within(30, 30))
        for _ in range(self.runs):
            found = self.watch("ours", crowd.smooth, VIEWERS, slow=30, stalled=30, slow_kbps=330, seconds=self.seconds(40, 25))
            self.fill(peak, "ours", found, lambda found: found["server_peak_mb"])
            self.fill(lost, "ours", found, crowd.losses)
            self.fill(broken, "ours", found, lambda found: found["slow"]["broken_gops"] + found["slow"]["foreign"])
            self.fill(cut, "ours", found, lambda found: found["stalled"]["disconnected"])

    def many(self):
        """2,000 viewers of 150 kbit/s."""
        lost = self.row("2000 viewers of 150 kbit/s: messages lost, repeated or wrong, viewers lost", "", Within(0), NGINX)
        cpu = self.row("  CPU", "% of a core", FREE, NGINX)
        memory = self.row("  greatest memory", "MB", FREE, NGINX)
        first = self.row("  first media after connecting, p99", "ms", FREE, NGINX)
        late = self.row("  delay added, p99", "ms", FREE, NGINX)

        def run(side):
            found = self.watch(side, crowd.smooth, 2000, kbps=150, ramp=500)
            self.fill(lost, side, found, crowd.losses)
            self.fill(cpu, side, found, lambda found: found["server_cpu_pct"])
            self.fill(memory, side, found, lambda found: found["server_peak_mb"])
            self.fill(first, side, found, lambda found: found["first_media_ms"]["p99"])
            self.fill(late, side, found, lambda found: found["delay_ms"]["p99"])
        self.alternate(lambda: run("ours"), lambda: run("theirs"))

    def start(self):
        """stream-start NAME CLIP --loop with no origin running: its return, the first media, the first playlist."""
        back = self.row("stream-start returns after", "ms", Within(1000))
        media = self.row("  first RTMP media to a viewer who comes then, since the start", "ms", FREE)
        playlist = self.row("  first playable playlist since the start", "ms", Within(5000))
        refused = self.row("  answers other than 200 until then", "", Within(0))
        for _ in range(self.runs):
            with crowd.Origin(self.sluice, [CLIP, "--loop"]) as server:
                back.add(ours=server.start_ms)
                # Both at once: a packager may begin with the first who asks.
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    asked = pool.submit(first_playlist, server.hls)
                    before = time.monotonic()
                    found = crowd.single(self.crowd, server.rtmp)
                    at, others, failed = asked.result()
                self.fill(media, "ours", found, lambda found: (before - server.began) * 1000 + found["first_media_ms"]["max"])
                playlist.add(ours=None if failed else (at - server.began) * 1000, error=failed)
                refused.add(ours=others)


def first_playlist(url, limit=10):
    """When a playlist with a segment came whose first segment can be had: that time, how many answers were no playlist
    with a segment, what failed."""
    others, deadline = 0, time.monotonic() + limit
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=limit) as answer:
                lines = answer.read().decode().splitlines()
        except (urllib.error.URLError, OSError):
            lines = []
        names = [line for line in lines if line and not line.startswith("#")]
        if names and names[0].partition("?")[0].endswith(".m3u8"):
            url = urllib.parse.urljoin(url, names[0])
            continue
        if names:
            try:
                with urllib.request.urlopen(urllib.parse.urljoin(url, names[0]), timeout=limit) as answer:
                    if len(answer.read()) > 1000:
                        return time.monotonic(), others, None
            except (urllib.error.URLError, OSError) as error:
                return 0, others, f"segment: {error}"
        others += 1
        time.sleep(0.1)
    return 0, others, "no playlist"


ROWS = {"load": [Bench.load], "merge": [Bench.merge], "load-flv": [Bench.load_flv], "delay": [Bench.delay],
        "memory": [Bench.memory], "many": [Bench.many], "start": [Bench.start]}

if __name__ == "__main__":
    table.main(__doc__, Bench, ROWS)
