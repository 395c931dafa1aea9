#!/usr/bin/python3
"""Compares sluice with the tools that people use today, in the same run, alternating, and says what is shown.

  bench.py [ROW ...] [--runs 5] [--short] [--sluice PATH] [--keep]

Rows: play-delay first-picture push-delay cpu memory record-cpu pacing lipsync version probe-quick probe-latency
play-latency-truth; default all. A row passes when every run meets
the bar, fails when the median does not, and is "not shown" where the spread crosses the bar or the peer's range. --short takes a few
seconds a row and keeps nothing; full runs are appended to RESULTS.md.
"""
import json, os, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/instruments")
import avsync, glass, lab, pacing  # noqa: E402
import table  # noqa: E402
from table import Against, Within, say  # noqa: E402

LOWEST = ["ffplay", "-loglevel", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-framedrop"]
CLIP = os.path.join(HERE, "..", "media", "bbb-360p.mp4")


class Bench(table.Bench):
    def play(self, *words):
        return [self.sluice, "play", *words]

    def cost(self, children, words, cwd=None):
        """Runs a program to its end: seconds of processor time, MB at the peak, and what went wrong."""
        child = children.run(words, cwd=cwd)
        peak, pid = 0, 0
        while pid == 0:
            # VmHWM, because what wait4 calls the peak includes this program before the exec.
            peak = max(peak, lab.peak_memory(child))
            time.sleep(0.1)
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        child.returncode = os.waitstatus_to_exitcode(status)
        failed = None if child.returncode == 0 else f"exit {child.returncode}"
        return usage.ru_utime + usage.ru_stime, peak, failed

    # One method a row (or a few that are measured together).

    def play_delay(self):
        """Delay of a live picture over the delay at which it arrives, both watched beside each other."""
        row = self.row("play --nobuffer, delay over the floor", "ms", Within(40), "ffplay, best recipe")
        against = self.row("  the same, against the best recipe", "ms", Against("≤ ffplay + spread", with_spread=True), "ffplay, best recipe")
        cpu = self.row("CPU of play", "% of a core", Against("≤ ffplay"), "ffplay, best recipe")
        memory = self.row("memory of play", "MB", Within(110), "ffplay, best recipe")
        with lab.Children() as children:
            url = self.address(lab.nginx(children)[0])
            lab.publish(children, url)
            time.sleep(3)

            def run(words, side):
                with lab.Children() as inner:
                    seconds = self.seconds(20, 5)
                    plain, _ = glass.measure(inner, words + [url], seconds, 1 if self.short else 3)
                    beside, _ = glass.measure(inner, words + [url], self.seconds(12, 5), 1 if self.short else 3, floor=url)
                for target, summary, key in ((row, beside, "over_floor_ms"), (against, beside, "over_floor_ms"),
                                             (cpu, plain, "cpu_pct"), (memory, plain, "memory_mb")):
                    target.add(**{side: summary.get(key)}, error=summary.get("error") if side == "ours" else None)
            self.alternate(lambda: run(self.play("--nobuffer"), "ours"), lambda: run(LOWEST, "theirs"))

    def first_picture(self):
        """From the start of the process to the first picture on the screen, where every frame is a key frame."""
        row = self.row("first picture, key frames only", "ms", Within(350), "ffplay, best recipe")
        usual = self.row("  the same, a key frame each 2 s", "ms", Against("≤ ffplay"), "ffplay, best recipe")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)
            for target, gop in ((row, 1), (usual, 60)):
                url = self.address(rtmp)
                publisher = lab.publish(children, url, gop=gop)
                time.sleep(3)

                def run(words, side):
                    with lab.Children() as inner:
                        summary, _ = glass.measure(inner, words + [url], 1, 0)
                    value = summary.get("first_picture_s")
                    target.add(**{side: None if value is None else value * 1000},
                               error=summary.get("error") if side == "ours" else None)
                self.alternate(lambda: run(self.play("--nobuffer"), "ours"), lambda: run(LOWEST, "theirs"))
                for one in publisher:
                    children.end_one(one)

    def push_delay(self):
        """Raw pictures and a tone in, pixels on a screen out: sluice at both ends, ffmpeg and ffplay at both ends."""
        row = self.row("raw video → push → nginx → play --nobuffer, p50", "ms", Within(120), "ffmpeg + ffplay")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)

            def measured(words, url, side):
                time.sleep(3)
                with lab.Children() as inner:
                    summary, _ = glass.measure(inner, words + [url], self.seconds(12, 4), 1 if self.short else 3)
                row.add(**{side: summary.get("delay_p50_ms")}, error=summary.get("error") if side == "ours" else None)

            def ours():
                url = self.address(rtmp)
                with lab.Children() as both:
                    self.raw_push(both, url)
                    measured(self.play("--nobuffer"), url, "ours")

            def theirs():
                url = self.address(rtmp)
                with lab.Children() as both:
                    lab.publish(both, url)
                    measured(LOWEST, url, "theirs")
            self.alternate(ours, theirs)

    def push_cost(self):
        """Processor time and memory of copying a clip upstream at its own speed."""
        length = self.seconds(20, 5)
        cpu = self.row(f"CPU of a copied push, {length} s", "s", Against("≤ ffmpeg"), "ffmpeg -re -c copy")
        memory = self.row("memory of a copied push", "MB", Against("≤ ffmpeg + 20", extra=20), "ffmpeg -re -c copy")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)

            def run(words, side):
                spent, peak, failed = self.cost(children, words)
                cpu.add(**{side: spent}, error=failed if side == "ours" else None)
                memory.add(**{side: peak})
            self.alternate(
                lambda: run([self.sluice, "push", CLIP, self.address(rtmp), "--loop", "-t", str(length)], "ours"),
                lambda: run(["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", CLIP, "-t", str(length),
                             "-c", "copy", "-f", "flv", self.address(rtmp)], "theirs"))

    def record_cost(self):
        """Processor time and memory of keeping a live stream in a file, closing it included."""
        length = self.seconds(20, 5)
        cpu = self.row(f"CPU of record, {length} s", "s", Against("≤ ffmpeg"), "ffmpeg -i … -c copy")
        memory = self.row("memory of record", "MB", Against("≤ ffmpeg + 20", extra=20), "ffmpeg -i … -c copy")
        with lab.Children() as children, tempfile.TemporaryDirectory() as place:
            rtmp, _ = lab.nginx(children)
            url = self.address(rtmp)
            children.run([self.sluice, "push", CLIP, url, "--loop"])
            time.sleep(3)

            def run(words, side):
                spent, peak, failed = self.cost(children, words, cwd=place)
                cpu.add(**{side: spent}, error=failed if side == "ours" else None)
                memory.add(**{side: peak})
            self.alternate(
                lambda: run([self.sluice, "record", url, "-t", str(length)], "ours"),
                lambda: run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", url, "-t", str(length), "-c", "copy", "out.mp4"],
                            "theirs"))

    def pacing(self):
        """Does a looped file keep time? Read from outside through the server."""
        row = self.row("pacing drift of push --loop, a minute", "ms", Within(5, -5, "< 5 either way"), "ffmpeg -re -stream_loop -1")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)

            def run(words, side):
                url = words[-1]
                with lab.Children() as inner:
                    inner.run(words)
                    time.sleep(2)
                    result = pacing.measure(inner, url, self.seconds(60, 12))
                error = result.get("error") or (f"{result['backwards']} steps back" if result["backwards"] else None)
                row.add(**{side: result.get("drift_ms_per_minute")}, error=error if side == "ours" else None)
            self.alternate(
                lambda: run([self.sluice, "push", "--loop", CLIP, self.address(rtmp)], "ours"),
                lambda: run(["ffmpeg", "-v", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", CLIP, "-c", "copy", "-f",
                             "flv", self.address(rtmp)], "theirs"))

    def lipsync(self):
        """Sound against picture through a real sound server."""
        cases = [
            ("file", False, self.play("{input}"), ["mpv", "--no-config", "--really-quiet", "--vo=x11", "--fs", "{input}"], "mpv",
             Within(30, -30), Within(45, -45)),
            ("live --nobuffer", True, self.play("--nobuffer", "{input}"), LOWEST + ["{input}"], "ffplay, best recipe",
             Within(90, -30), Within(125, -45)),
        ]
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)
            for name, is_live, ours, theirs, peer, median, worst in cases:
                middle = self.row(f"lip sync, {name}: median", "ms", median, peer)
                least = self.row(f"lip sync, {name}: earliest tone", "ms", worst, peer)
                greatest = self.row(f"lip sync, {name}: latest tone", "ms", worst, peer)

                def run(words, side):
                    with lab.Children() as inner:
                        summary, _ = avsync.measure(inner, words, self.address(rtmp) if is_live else None, self.seconds(25, 8))
                    error = summary.get("error") if side == "ours" else None
                    if not error and side == "ours" and summary["pairs"] < (4 if self.short else 20):
                        error = f"only {summary['pairs']} tones"
                    middle.add(**{side: summary.get("offset_median_ms")}, error=error)
                    least.add(**{side: summary.get("offset_least_ms")})
                    greatest.add(**{side: summary.get("offset_greatest_ms")})
                self.alternate(lambda: run(ours, "ours"), lambda: run(theirs, "theirs"))

    def version(self):
        """How long a script waits for nothing."""
        row = self.row("sluice --version", "ms", Against("≤ 2 × ffprobe -version", factor=2), "ffprobe -version")

        def run(words, side):
            took = []
            for _ in range(7):
                start = time.monotonic()
                done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                took.append((time.monotonic() - start) * 1000)
            row.add(**{side: statistics.median(took)}, error=f"exit {done.returncode}" if done.returncode else None)
        self.alternate(lambda: run([self.sluice, "--version"], "ours"), lambda: run(["ffprobe", "-version"], "theirs"))

    def raw_push(self, children, url):
        """Stamped raw pictures and a tone, marked and sent by sluice."""
        camera = children.run([sys.executable, lab.HERE + "/stampgen.py", "--seconds", "3600"], stdout=subprocess.PIPE)
        push = children.run([self.sluice, "push", "-", "tone", url, "--input-format", "rawvideo", "--input-pix-fmt",
                             "yuv420p", "--input-size", "640x360", "--input-fps", "30"], stdin=camera.stdout)
        camera.stdout.close()
        return [push, camera]

    def probe_quick(self):
        """How long one waits to be told what a stream is: from the start of the process to its end."""
        row = self.row("probe, key frames only", "ms", Within(300), "ffprobe -show_streams")
        usual = self.row("  the same, a key frame each 2 s", "ms", Against("≤ ffprobe"), "ffprobe -show_streams")
        nobody = self.row("probe of a stream that is not there, --timeout 2", "ms", Within(2300, 2000), note="ffprobe hangs")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)

            def run(words, target, side, status=0):
                start = time.monotonic()
                done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
                took = (time.monotonic() - start) * 1000
                failed = None if done.returncode == status else f"exit {done.returncode}"
                target.add(**{side: took}, error=failed if side == "ours" else None)
            for target, gop in ((row, 1), (usual, 60)):
                url = self.address(rtmp)
                publisher = lab.publish(children, url, gop=gop)
                time.sleep(3)
                self.alternate(
                    lambda: run([self.sluice, "probe", url, "--json"], target, "ours"),
                    lambda: run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", url], target, "theirs"))
                for one in publisher:
                    children.end_one(one)
            for _ in range(self.runs):
                run([self.sluice, "probe", self.address(rtmp), "--json", "--timeout", "2"], nobody, "ours", status=69)

    def probe_latency(self):
        """What probe reads off the marks against what a decoder beside it sees."""
        row = self.row("probe --latency p50 less floor.py's", "ms", Within(10, -10, "within 10"), "")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)
            seconds = self.seconds(12, 5)
            for _ in range(self.runs):
                url = self.address(rtmp)
                with lab.Children() as both:
                    self.raw_push(both, url)
                    time.sleep(3)
                    # floor.py leaves out the first two seconds, in which ffmpeg works off what it had looked at.
                    floor = both.run([sys.executable, lab.HERE + "/floor.py", url, "--seconds", str(seconds)],
                                     stdout=subprocess.PIPE, text=True)
                    time.sleep(4)
                    probe = both.run([self.sluice, "probe", url, "--latency", "-t", str(seconds), "--json"],
                                     stdout=subprocess.PIPE, text=True)
                    try:
                        told = json.loads(probe.communicate(timeout=60)[0].splitlines()[-1])["latency_ms"]
                        seen = json.loads(floor.communicate(timeout=60)[0])["floor_p50_ms"]
                    except (subprocess.TimeoutExpired, ValueError, KeyError, IndexError) as problem:
                        row.add(error=f"no figures: {problem}")
                        continue
                failed = None if told and told["method"] == "sei" else f"method {told and told['method']}"
                say(f"  probe {told and told['p50']} ms, floor {seen} ms")
                row.add(ours=told["p50"] - seen if told else None, error=failed)

    def play_latency_truth(self):
        """What play says of its own delay against what is on its screen."""
        row = self.row("latency_ms of play p50 less glass.py's", "ms", Within(10, -10, "within 10"), "")
        with lab.Children() as children:
            rtmp, _ = lab.nginx(children)
            for _ in range(self.runs):
                url = self.address(rtmp)
                with lab.Children() as both:
                    self.raw_push(both, url)
                    time.sleep(3)
                    log = both.directory() + "/play.log"
                    summary, _ = glass.measure(both, self.play("--nobuffer", "--json", url), self.seconds(12, 5), 1, log=log)
                    with open(log) as said:
                        lines = [json.loads(line) for line in said if line.startswith("{")]
                told = next((line["latency_ms"] for line in lines if line["event"] == "result"), None)
                if not told or "error" in summary:
                    row.add(error=summary.get("error", "play tells no latency"))
                    continue
                say(f"  play {told['p50']} ms, glass {summary['delay_p50_ms']} ms")
                row.add(ours=told["p50"] - summary["delay_p50_ms"])


ROWS = {"play-delay": [Bench.play_delay], "first-picture": [Bench.first_picture], "push-delay": [Bench.push_delay],
        "cpu": [Bench.push_cost, Bench.play_delay, Bench.record_cost],
        "memory": [Bench.push_cost, Bench.play_delay, Bench.record_cost], "record-cpu": [Bench.record_cost],
        "pacing": [Bench.pacing],
        "lipsync": [Bench.lipsync], "version": [Bench.version], "probe-quick": [Bench.probe_quick],
        "probe-latency": [Bench.probe_latency], "play-latency-truth": [Bench.play_latency_truth]}


if __name__ == "__main__":
    table.main(__doc__, Bench, ROWS)
