#!/usr/bin/python3
"""How `sluice play` starts, rides out a bad network and finds its way back to live, beside ffplay in the same run.

  bench_play.py [ROW ...] [--runs 5] [--short] [--sluice PATH] [--keep]

Rows: start gop-cache hls nobuffer-stall live-stall live-lipsync jitter rtc steady large; default all. Delay, freezes, lip sync
and pitch are read off a screen and a sound server; the bad network is badnet.py. --short takes a few seconds a row and
keeps nothing; full runs are appended to RESULTS.md.
"""
import os, statistics, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/instruments")
import avsync, glass, lab  # noqa: E402
import table  # noqa: E402
from badnet import BadNetwork  # noqa: E402
from table import Against, Within, say  # noqa: E402

FFPLAY = ["ffplay", "-loglevel", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-framedrop"]
STALL = 5.0


def median_delay(series, since, until):
    values = [delay for at, delay in series if since <= at < until]
    return statistics.median(values) if values else None


def back_after(series, event, before, tolerance):
    """Seconds from `event` until the delay is within `tolerance` of `before` and stays there; None: never."""
    late = [at for at, delay in series if at >= event and delay > before + tolerance]
    after = [at for at, delay in series if at >= event and delay <= before + tolerance]
    if not after or (late and after[-1] < late[-1]):
        return None
    return (next(at for at in after if at > late[-1]) if late else after[0]) - event


def longest_gap(series, since, until):
    times = [at for at, _ in series if since <= at < until]
    return max((two - one for one, two in zip(times, times[1:])), default=until - since)


def freezes_between(series, since, until):
    times = [at for at, _ in series if since <= at < until]
    return sum(1 for one, two in zip(times, times[1:]) if two - one > glass.FREEZE)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


class Bench(table.Bench):
    def play(self, *words):
        return [self.sluice, "play", *words]

    def live(self, children, **options):
        """A stamped stream at a private nginx: its address, and the port of the server."""
        rtmp, _ = lab.nginx(children)
        url = self.address(rtmp)
        lab.publish(children, url, **options)
        time.sleep(4)
        return url, rtmp

    def flv_server(self, children):
        """The same from a server of HTTP-FLV, which can keep a group of pictures for whoever comes: its port."""
        encoder, _ = lab.publish(children, "-", output=subprocess.PIPE)
        server = children.run([sys.executable, lab.HERE + "/flvserver.py"], stdin=encoder.stdout, stdout=subprocess.PIPE,
                              text=True)
        encoder.stdout.close()
        time.sleep(4)
        return int(server.stdout.readline())

    def glass(self, words, url, seconds, **options):
        with lab.Children() as inner:
            return glass.measure(inner, words + [url], seconds, **options)

    def start(self):
        """First picture: from the later of the process's start + 200 ms and the key frame's passing on the wire."""
        rows = {kind: self.row(f"first picture after the key frame, {kind}", "ms", Within(100), "ffplay, best recipe")
                for kind in ("RTMP", "HTTP-FLV with a cache", "HTTP-FLV in mid-GOP")}
        with lab.Children() as children:
            url, rtmp = self.live(children)
            flv = self.flv_server(children)
            sources = {"RTMP": (rtmp, url), "HTTP-FLV with a cache": (flv, "http://127.0.0.1:0/cached.flv"),
                       "HTTP-FLV in mid-GOP": (flv, "http://127.0.0.1:0/live.flv")}
            for kind, (port, address) in sources.items():
                def run(words, side):
                    with lab.Children() as inner:
                        network = BadNetwork(inner, port)
                        head, _, path = address.partition("//")[2].partition("/")
                        scheme = address.partition("//")[0]
                        summary, _ = glass.measure(inner, words + [f"{scheme}//127.0.0.1:{network.port}/{path}"], 1, 0)
                        keys = list(network.keys)
                    if "error" in summary or not keys:
                        rows[kind].add(error=summary.get("error", "no key frame passed") if side == "ours" else None)
                        return
                    begin = max(keys[0], summary["started_at"] + 0.2)
                    rows[kind].add(**{side: (summary["started_at"] + summary["first_picture_s"] - begin) * 1000})
                self.alternate(lambda: run(self.play("--nobuffer"), "ours"), lambda: run(FFPLAY, "theirs"))

    def gop_cache(self):
        """A server that begins with two seconds of the past: how far behind is the player 1.5 s after its start?"""
        row = self.row("--nobuffer, GOP cache: delay over the floor from 1.5 s on", "ms", Within(100), "ffplay, best recipe")
        with lab.Children() as children:
            server = f"http://127.0.0.1:{self.flv_server(children)}"

            def run(words, side):
                summary, series = self.glass(words, server + "/cached.flv", self.seconds(10, 6), warmup=0,
                                             floor=server + "/live.flv")
                start = 1.5 - summary.get("first_picture_s", 0)
                late = [delay for at, delay in series if at >= start]
                over = percentile(late, 0.95) - summary["floor_p50_ms"] if late and "floor_p50_ms" in summary else None
                row.add(**{side: over}, error=summary.get("error") if side == "ours" else None)
            self.alternate(lambda: run(self.play("--nobuffer"), "ours"), lambda: run(FFPLAY, "theirs"))

    def hls(self):
        """Segments of 2 s: delay behind the encoder, in a stream whose pictures tell when they were made."""
        row = self.row("HLS of 2 s segments, --nobuffer: delay", "ms", Within(3300), "ffplay -live_start_index -1")
        freezes = self.row("  freezes over 200 ms", "", Within(0), "ffplay -live_start_index -1")
        with lab.Children() as children:
            rtmp, http = lab.nginx(children)
            lab.publish(children, f"rtmp://127.0.0.1:{rtmp}/hls/s")
            time.sleep(9)
            url = f"http://127.0.0.1:{http}/hls/s.m3u8"

            def run(words, side):
                summary, _ = self.glass(words, url, self.seconds(20, 8))
                row.add(**{side: summary.get("delay_p50_ms")}, error=summary.get("error") if side == "ours" else None)
                freezes.add(**{side: summary.get("freezes")})
            self.alternate(lambda: run(self.play("--nobuffer"), "ours"),
                           lambda: run(["ffplay", "-loglevel", "error", "-live_start_index", "-1"], "theirs"))

    def nobuffer_stall(self):
        """Five seconds without the network: how long until the picture is as late as before?"""
        for kind, order in (("sender blocked", "stall"), ("swallowed, then a burst", "hold")):
            back = self.row(f"--nobuffer, 5 s stall ({kind}): back within 100 ms after", "s", Within(1), "ffplay, best recipe",
                            note="inf: not within the run")
            with lab.Children() as children:
                url, rtmp = self.live(children)

                def run(words, side):
                    with lab.Children() as inner:
                        network = BadNetwork(inner, rtmp)
                        calm = self.seconds(8, 5)
                        events = [(calm, network.tell(order)), (calm + STALL, network.tell("go"))]
                        summary, series = glass.measure(inner, words + [url.replace(str(rtmp), str(network.port))],
                                                        calm + STALL + self.seconds(8, 5), 0, events=events)
                    before = median_delay(series, calm - 3, calm)
                    value = back_after(series, calm + STALL, before, 100) if before else None
                    back.add(**{side: float("inf") if value is None else value},
                             error=summary.get("error") if side == "ours" else None)
                self.alternate(lambda: run(self.play("--nobuffer"), "ours"), lambda: run(FFPLAY, "theirs"))

    def live_stall(self):
        """The same with --mode live that may only hurry: how long until it is back, and does the picture stand meanwhile?"""
        back = self.row("--mode live --skip-above off --max-rate 1.15, 5 s stall: back after", "s", Within(40))
        gap = self.row("  longest gap between pictures after the data returned", "ms", Within(200))
        overshoot = self.row("  least delay afterwards below that of before", "ms", Within(100))
        with lab.Children() as children:
            url, rtmp = self.live(children)
            for turn in range(self.runs):
                with lab.Children() as inner:
                    network = BadNetwork(inner, rtmp)
                    calm, after = 15, 50
                    events = [(calm, network.tell(("stall", "hold")[turn % 2])), (calm + STALL, network.tell("go"))]
                    summary, series = glass.measure(
                        inner, self.play("--mode", "live", "--skip-above", "off", "--max-rate", "1.15",
                                         url.replace(str(rtmp), str(network.port))), calm + STALL + after, 0, events=events)
                before = median_delay(series, calm - 3, calm)
                value = back_after(series, calm + STALL, before, 100) if before else None
                back.add(ours=float("inf") if value is None else value, error=summary.get("error"))
                returned = next((at for at, _ in series if at > calm + STALL), None)
                if returned:
                    gap.add(ours=longest_gap(series, returned, calm + STALL + after) * 1000)
                    overshoot.add(ours=before - min(delay for at, delay in series if at > returned))

    def live_lipsync(self):
        """Lip sync and pitch of --mode live, steady and through a stall that it hurries after."""
        steady = [self.row(f"lip sync, --mode live: {what}", "ms", Within(limit, -limit))
                  for what, limit in (("median", 30), ("earliest tone", 45), ("latest tone", 45))]
        after = [self.row(f"  through a 5 s stall: {what}", "ms", Within(45, -45)) for what in ("earliest tone", "latest tone")]
        pitch = self.row("  tones off their pitch by", "%", Within(3, -3))
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)
            for turn in range(self.runs):
                with lab.Children() as inner:
                    summary, _ = avsync.measure(inner, self.play("--mode", "live", "{input}"), self.address(rtmp),
                                                self.seconds(25, 10))
                for row, key in zip(steady, ("offset_median_ms", "offset_least_ms", "offset_greatest_ms")):
                    row.add(ours=summary.get(key), error=summary.get("error"))
                with lab.Children() as inner:
                    network = BadNetwork(inner, rtmp)
                    url = self.address(rtmp)
                    events = [(8, network.tell(("stall", "hold")[turn % 2])), (8 + STALL, network.tell("go"))]
                    summary, pairs = avsync.measure(
                        inner, self.play("--mode", "live", "--skip-above", "off", "--max-rate", "1.15", "{input}"), url, 50,
                        via=url.replace(str(rtmp), str(network.port)), events=events)
                # A tone that the stall cuts in two is heard once the data are back, like its picture.
                offsets = [pair[1] for pair in pairs if not 8 - 1 < pair[2] < 8 + STALL + 0.5]
                for row, value in zip(after, (min(offsets, default=None), max(offsets, default=None))):
                    row.add(ours=value, error=None if len(offsets) > 20 else f"only {len(offsets)} tones")
                pitch.add(ours=max((pair[3] for pair in pairs), key=abs, default=None))

    def through_jitter(self, words, side, url, port, strength, seconds, row, calm_after=None):
        """The delay over the direct floor that a player shows behind a line whose pieces are up to `strength` ms late;
        nothing, and a word in `row`, where there is none."""
        with lab.Children() as inner:
            network = BadNetwork(inner, port, seed=self.streams)
            network.tell(f"jitter {strength}")()
            events = [(calm_after, network.tell("jitter 0"))] if calm_after else []
            summary, series = glass.measure(inner, words + [url.replace(str(port), str(network.port))], seconds, 0,
                                            events=events, floor=url)
        if "error" in summary or "floor_p50_ms" not in summary:
            row.add(error=summary.get("error", "no floor") if side == "ours" else None)
            return []
        return [(at, late - summary["floor_p50_ms"]) for at, late in series]

    def jitter(self):
        """0 to 300 ms for a minute, then a calm one."""
        length = self.seconds(60, 25)
        learnt = self.row("--mode live, jitter 0–300 ms: freezes over 200 ms after 10 s", "", Within(0), "ffplay, best recipe")
        calm = self.row("  in the calm: delay over the direct floor, last 10 s", "ms", Within(250), "ffplay, best recipe")
        with lab.Children() as children:
            url, rtmp = self.live(children)

            def run(words, side):
                series = self.through_jitter(words, side, url, rtmp, 300, 2 * length, learnt, calm_after=length)
                if series:
                    learnt.add(**{side: freezes_between(series, 10, length)})
                    calm.add(**{side: median_delay(series, 2 * length - 10, 2 * length)})
            self.alternate(lambda: run(self.play("--mode", "live"), "ours"), lambda: run(FFPLAY, "theirs"))

    def rtc(self):
        """0 to 100 ms of jitter in the mode for talking."""
        delay = self.row("--mode rtc, jitter 0–100 ms: p95 of delay over the direct floor", "ms", Within(220), "ffplay, best recipe")
        freezes = self.row("  freezes over 200 ms", "", Within(0), "ffplay, best recipe")
        with lab.Children() as children:
            url, rtmp = self.live(children)

            def run(words, side):
                series = self.through_jitter(words, side, url, rtmp, 100, 10 + self.seconds(40, 20), delay)
                if series:
                    delay.add(**{side: percentile([late for at, late in series if at > 10], 0.95)})
                    freezes.add(**{side: freezes_between(series, 10, float("inf"))})
            self.alternate(lambda: run(self.play("--mode", "rtc"), "ours"), lambda: run(FFPLAY, "theirs"))

    def steady(self):
        """Nothing is wrong: how late is --mode live, and does it ever stand still? One run, of five minutes."""
        for size, bitrate, limit in (((640, 360), "1500k", 2000), ((1920, 1080), "4000k", 3000)):
            delay = self.row(f"--mode live, steady, {size[1]}p, GOP 1 s: delay", "ms", Within(limit))
            freezes = self.row(f"  freezes over 200 ms in {self.seconds(300, 20)} s", "", Within(0))
            with lab.Children() as children:
                url, _ = self.live(children, gop=30, size=size, bitrate=bitrate)
                summary, _ = self.glass(self.play("--mode", "live"), url, self.seconds(300, 20), size=size)
                delay.add(ours=summary.get("delay_p50_ms"), error=summary.get("error"))
                freezes.add(ours=summary.get("freezes"))

    def large(self):
        """1080p at 60 pictures a second on this machine, decoded in software: how many of 600 are seen?"""
        row = self.row("pictures seen of 600, 1080p60 file", "", Against("≥ ffplay", least=True), "ffplay")
        path = avsync.numbered(1920, 1080, 60, 600)

        def run(words, side):
            with lab.Children() as inner:
                screen = lab.Screen(inner, 1920, 1080)
                player = inner.run(words + [path], env=screen.environment())
                seen, deadline = set(), time.time() + 25
                while time.time() < deadline and player.poll() is None:
                    value = screen.barcode()
                    if value is not None and 0 <= value - avsync.FIRST_NUMBER < 600:
                        seen.add(value)
                    time.sleep(0.002)
                row.add(**{side: len(seen)})
        self.alternate(lambda: run(self.play("-autoexit"), "ours"),
                       lambda: run(["ffplay", "-loglevel", "error", "-autoexit", "-fs"], "theirs"))


ROWS = {"start": [Bench.start], "gop-cache": [Bench.gop_cache], "hls": [Bench.hls], "nobuffer-stall": [Bench.nobuffer_stall],
        "live-stall": [Bench.live_stall], "live-lipsync": [Bench.live_lipsync], "jitter": [Bench.jitter], "rtc": [Bench.rtc],
        "steady": [Bench.steady], "large": [Bench.large]}

if __name__ == "__main__":
    table.main(__doc__, Bench, ROWS)
