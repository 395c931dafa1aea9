"""A crowd of viewers at a server, and the servers that are compared: this one and nginx with its RTMP module.

The crowd itself is viewers/ (C, one thread), built here with cc.
"""
import glob, json, os, signal, subprocess, time

import lab


def build(children):
    """The load generator's path."""
    program = children.directory() + "/viewers"
    subprocess.run(["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-o", program,
                    *sorted(glob.glob(lab.HERE + "/viewers/*.c"))], check=True)
    return program


class Nginx:
    """nginx with its RTMP module, as a context."""

    def __init__(self, connections=512):
        self.children, self.connections = lab.Children(), connections

    def __enter__(self):
        self.rtmp_port, _ = lab.nginx(self.children, self.connections)
        self.pid = self.children.started[-1].pid
        self.path, self.flv = "/live/bench", None
        self.rtmp = f"rtmp://127.0.0.1:{self.rtmp_port}{self.path}"
        return self

    def __exit__(self, *_):
        self.children.end()


class Origin:
    """sluice's own origin with one stream that waits for a publisher, or sends `inputs`, as a context."""

    def __init__(self, sluice, inputs=()):
        self.sluice, self.inputs, self.children = sluice, list(inputs), lab.Children()

    def __enter__(self):
        self.environment = dict(os.environ, SLUICE_STATE_DIR=self.children.directory() + "/state")
        self.facts, self.pid = {}, None
        try:
            before = time.monotonic()
            done = self.command("stream-start", "bench", *self.inputs, "--rtmp-port", "0", "--http-port", "0", "--json")
            self.start_ms = (time.monotonic() - before) * 1000
            self.began = before
            if done.returncode:
                raise SystemExit(f"stream-start: exit {done.returncode}: {done.stderr.strip()}")
            self.facts = json.loads(done.stdout.splitlines()[-1])
            self.pid = int(self.facts["origin_pid"])
            self.rtmp, self.flv, self.hls = (self.facts["watch"][kind] for kind in ("rtmp", "flv", "hls"))
            host, self.path = self.facts["publish_url"].partition("://")[2].split("/", 1)
            self.path = "/" + self.path
            self.rtmp_port = int(host.partition(":")[2] or 1935)
        except BaseException:
            self.__exit__()
            raise
        return self

    def command(self, *words):
        return subprocess.run([self.sluice, *words], env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def __exit__(self, *_):
        self.command("stream-stop", "--all")
        if self.pid:
            # Left to itself it would wait for another stream for a minute.
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.kill(self.pid, number)
                except ProcessLookupError:
                    break
                for _ in range(50):
                    if not os.path.exists(f"/proc/{self.pid}"):
                        break
                    time.sleep(0.05)
        self.children.end()


def smooth(sluice, clip, url):
    """A publisher that sends each message when its time has come, and marks each picture with it."""
    return [sluice, "push", clip, "--loop", url]


def bursts(sluice, clip, url):
    """What everybody uses: two or three messages at a time."""
    return ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "flv", url]


def clip(children, media, kbps):
    """Half a minute at 25 pictures a second and about 47 sounds: `kbps` in all at any moment (with filler where the picture
    needs less), a key frame each 2 s, no B-frames."""
    path, sound = children.directory() + "/clip.mp4", 96 if kbps > 300 else 32
    picture, size = kbps - sound, "640x360" if kbps > 300 else "256x144"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", media, "-t", "30", "-s", size, "-r", "25",
                    "-c:v", "libx264", "-preset", "veryfast", "-b:v", f"{picture}k", "-minrate", f"{picture}k", "-maxrate",
                    f"{picture}k", "-bufsize", f"{picture // 2}k", "-x264-params", "nal-hrd=cbr", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0", "-c:a", "aac",
                    "-ar", "48000", "-b:a", f"{sound}k", path], check=True)
    return path


def watch(program, server, publisher, urls, seconds, settle=2, **options):
    """Publishes through the crowd's tap and watches; `urls` maps addresses to numbers of viewers. What was found, as a
    dictionary; "error" says what went wrong as a whole. `publisher` makes the words of a publisher of an address."""
    words = [program, "--tap", str(server.rtmp_port), "--pid", str(server.pid), "--seconds", str(seconds), "--settle", str(settle)]
    for url, count in urls.items():
        words += ["--url", url, "--count", str(count)]
    for name, value in options.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    with lab.Children() as children:
        crowd = children.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = crowd.stdout.readline()
        if first:
            children.run(publisher(f"rtmp://127.0.0.1:{json.loads(first)['tap']}{server.path}"))
        out, errors = crowd.communicate()
    if crowd.returncode or not out.strip():
        return {"error": errors.strip() or f"exit {crowd.returncode}"}
    found = json.loads(out)
    if found["publisher_gone"]:
        found["error"] = "the publisher was cut off"
    return found


def single(program, url):
    """One viewer, for a moment, of a stream that is published already."""
    done = subprocess.run([program, "--url", url, "--count", "1", "--settle", "1", "--seconds", "1"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if done.returncode:
        return {"error": done.stderr.strip()}
    found = json.loads(done.stdout)
    return found if found["first_media_ms"] else {"error": "no media"}


def losses(found):
    """Everything that ordinary viewers missed or should not have got, as one number; None when it is not known."""
    if "error" in found:
        return None
    crowd = found["ordinary"]
    return sum(crowd[key] for key in ("lost", "foreign", "repeated", "broken_gops", "backwards", "refused", "disconnected")) + (
        crowd["viewers"] - crowd["playing"])
