#!/usr/bin/python3
"""Lip sync of any player from outside: numbered pictures on an Xvfb screen, tones through a real PulseAudio null sink.

  avsync.py --play 'PLAYER ... {input}' [--url PUBLISH_URL] [--seconds 25] [--json FILE]

The clip is made once: picture k carries the number k, and at every whole second a tone of 40 ms starts whose pitch names
the second. With --url it is published there by ffmpeg, unchanged and in real time; without, the player gets the file.
'{input}' in --play stands for the address or the file. An offset is the time a tone is heard minus the time its picture
is seen, in ms: positive means that sound is late.
"""
import argparse, json, os, shlex, subprocess, tempfile, threading, time

import numpy as np

import lab

WIDTH, HEIGHT, FPS, RATE, TONE = 640, 360, 30, 48000, 0.04
# Multiples of 50 Hz, so that each fills whole periods of the 20 ms window that looks for it.
PITCHES = [600 + 350 * index for index in range(8)]
FIRST_NUMBER = 1 << 40


def clip(suffix, seconds=60):
    """The clip's path; made when it is not there yet, and kept for the next run."""
    where = os.path.join(tempfile.gettempdir(), f"sluice-lipsync-{os.getuid()}")
    os.makedirs(where, mode=0o700, exist_ok=True)
    path = f"{where}/clip.{suffix}"
    if os.path.exists(path):
        return path
    if suffix != "flv":
        source = clip("flv", seconds)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, "-c", "copy", "-f", suffix, path + ".part"], check=True)
        os.replace(path + ".part", path)
        return path
    sound = np.zeros(RATE * seconds, np.float32)
    tone = np.arange(int(TONE * RATE)) / RATE
    for second in range(seconds):
        sound[second * RATE:second * RATE + len(tone)] = 0.6 * np.sin(2 * np.pi * PITCHES[second % 8] * tone)
    (sound * 32767).astype("<i2").tofile(where + "/sound.raw")
    encoder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS),
         "-i", "-", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", where + "/sound.raw", "-c:v", "libx264", "-preset",
         "veryfast", "-tune", "zerolatency", "-g", str(FPS), "-b:v", "1200k", "-c:a", "aac", "-b:a", "128k", "-f", "flv",
         path + ".part"], stdin=subprocess.PIPE)
    base, grey = lab.texture(WIDTH, HEIGHT), bytes([128]) * (WIDTH * HEIGHT // 2)
    for number in range(FPS * seconds):
        luma = np.roll(base, 3 * number, 1)
        lab.draw_barcode(luma, FIRST_NUMBER + number)
        encoder.stdin.write(luma.tobytes() + grey)
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise SystemExit("ffmpeg cannot make the clip")
    os.remove(where + "/sound.raw")
    os.replace(path + ".part", path)
    return path


def numbered(width, height, fps, count):
    """A silent clip of any size whose pictures carry their numbers; made once, and kept."""
    where = os.path.join(tempfile.gettempdir(), f"sluice-lipsync-{os.getuid()}")
    os.makedirs(where, mode=0o700, exist_ok=True)
    path = f"{where}/{width}x{height}-{fps}-{count}.mp4"
    if not os.path.exists(path):
        encoder = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", str(fps),
             "-i", "-", "-c:v", "libx264", "-preset", "veryfast", "-g", str(2 * fps), "-b:v", "6M", "-f", "mp4", path + ".part"],
            stdin=subprocess.PIPE)
        base, grey = lab.texture(width, height), bytes([128]) * (width * height // 2)
        for number in range(count):
            luma = np.roll(base, 3 * number, 1)
            lab.draw_barcode(luma, FIRST_NUMBER + number)
            encoder.stdin.write(luma.tobytes() + grey)
        encoder.stdin.close()
        if encoder.wait() != 0:
            raise SystemExit("ffmpeg cannot make the clip")
        os.replace(path + ".part", path)
    return path


class Ear:
    """Records what is played into a null sink, and knows the wall clock of each sample."""

    def __init__(self, children, log=None):
        where = children.directory()
        os.chmod(where, 0o700)
        self.environment = {"XDG_RUNTIME_DIR": where, "PULSE_RUNTIME_PATH": where + "/pulse", "HOME": where,
                            "SDL_AUDIODRIVER": "pulseaudio"}
        env = dict(os.environ, **self.environment)
        children.run(["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
                      "-L", "module-native-protocol-unix", "-L", f"module-null-sink sink_name=ear rate={RATE}"], env=env)
        for _ in range(100):
            if subprocess.run(["pactl", "info"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.05)
        else:
            raise SystemExit("PulseAudio does not start")
        recorder = children.run(["parec", "--latency-msec=10", f"--rate={RATE}", "--channels=1", "--format=s16le",
                                 "--device=ear.monitor"], env=env, stdout=subprocess.PIPE)
        self.pipe, self.bytes, self.marks = recorder.stdout.fileno(), bytearray(), []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                block = os.read(self.pipe, 4096)
            except OSError:
                return
            if not block:
                return
            self.bytes += block
            self.marks.append((len(self.bytes) // 2, time.time()))

    def tones(self):
        """[(wall clock, index of the pitch, by how many percent it was off)] of every tone that was heard."""
        samples = np.frombuffer(bytes(self.bytes[:len(self.bytes) // 2 * 2]), "<i2").astype(np.float32)
        if len(samples) < RATE:
            return []
        counts, times = np.array(self.marks).T
        # Reads are never early, so the earliest ones tell when sample 0 was.
        zero = np.min(times - counts / RATE)
        window, hop = RATE // 50, RATE // 500
        frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
        phases = np.exp(-2j * np.pi * np.outer(np.arange(window), PITCHES) / RATE) * np.hanning(window)[:, None]
        level = np.abs(frames @ phases.astype(np.complex64))
        loudest = level.max(1)
        limit, heard, at = 0.25 * loudest.max(), [], 0
        if limit < 1000:
            return []
        while at < len(level):
            if loudest[at] < limit:
                at += 1
                continue
            end = at
            while end < len(level) and loudest[end] >= limit:
                end += 1
            if (end - at) * hop / RATE > 0.015:
                pitch = int(level[at:end].sum(0).argmax())
                # A window that is centred on the start of a tone sees half of it.
                half = level[at:end, pitch].max() / 2
                back = max(0, at - 10)
                over = back + int(np.argmax(level[back:end, pitch] >= half))
                before, after = level[over - 1, pitch] if over else 0.0, level[over, pitch]
                part = (half - before) / (after - before) if after > before else 1.0
                centre = (over - 1 + part) * hop + window / 2
                inside = samples[int(centre):int(centre) + int(0.75 * TONE * RATE)]
                heard.append((zero + centre / RATE, pitch, off_pitch(inside, PITCHES[pitch])))
            at = end + int(0.1 * RATE / hop)
        return heard


def off_pitch(samples, pitch):
    """By how many percent a tone is higher than it should be: the highest point of its spectrum within a third."""
    if len(samples) < RATE // 100:
        return 0.0
    size = 1 << 16
    level = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    least, most = (int(pitch * factor * size / RATE) for factor in (0.75, 1.33))
    return (float(least + level[least:most].argmax()) * RATE / size / pitch - 1) * 100


def measure(children, play, url=None, seconds=25, lead=3, environment=None, log=None, suffix="mp4", via=None, events=()):
    """Returns (summary, pairs of [second of the clip, offset in ms, seconds since the first picture, % off its pitch]).
    `via` is the address that the player gets where it differs; events are (seconds since the first picture, function)."""
    screen, ear = lab.Screen(children, WIDTH, HEIGHT), Ear(children)
    if url:
        children.run(["ffmpeg", "-v", "error", "-nostdin", "-re", "-i", clip("flv"), "-c", "copy", "-f", "flv", url])
        time.sleep(lead)
    words = [word.replace("{input}", via or url or clip(suffix)) for word in play]
    record = open(log, "w") if log else subprocess.DEVNULL
    player = children.run(words, env=screen.environment(**{**ear.environment, **(environment or {})}), stdout=record, stderr=record)
    seen, started, first = {}, time.time(), None
    pending = sorted(events, key=lambda event: event[0])
    while time.time() - (first or started + 20) < seconds:
        value, now = screen.barcode(), time.time()
        if value is not None and 0 <= value - FIRST_NUMBER < 1e6:
            seen.setdefault(value - FIRST_NUMBER, now)
            first = first or now
        while pending and first and now - first >= pending[0][0]:
            pending.pop(0)[1]()
        if player.poll() is not None:
            break
        time.sleep(0.003)
    children.end_one(player)
    heard, pairs = ear.tones(), []
    for at, pitch, off in heard:
        near = [(abs(at - seen[number]), number) for number in seen if number % FPS == 0 and number // FPS % 8 == pitch]
        if near and min(near)[0] < 3:
            number = min(near)[1]
            # The first second after the start is the player's own.
            if seen[number] - first > 1:
                pairs.append((number // FPS, round(float(at - seen[number]) * 1000, 1), round(seen[number] - first, 2), round(off, 2)))
    offsets = np.array([pair[1] for pair in pairs])
    summary = {"play": shlex.join(words), "tones": len(heard), "pairs": len(pairs), "frames_seen": len(seen)}
    if len(offsets):
        summary.update(offset_median_ms=round(float(np.median(offsets)), 1), offset_least_ms=float(offsets.min()),
                       offset_greatest_ms=float(offsets.max()),
                       offset_worst_ms=float(offsets[np.abs(offsets).argmax()]),
                       off_pitch_pct=max((pair[3] for pair in pairs), key=abs))
    else:
        summary["error"] = "no tone met its picture"
    return summary, pairs


def main():
    lab.end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--play", required=True)
    parser.add_argument("--url")
    parser.add_argument("--seconds", type=float, default=25)
    parser.add_argument("--lead", type=float, default=3)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--log", metavar="FILE")
    options = parser.parse_args()
    with lab.Children() as children:
        summary, pairs = measure(children, shlex.split(options.play), options.url, options.seconds, options.lead,
                                 dict(pair.split("=", 1) for pair in options.env), options.log)
    print(json.dumps(summary))
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"summary": summary, "pairs": pairs}, out)
    raise SystemExit(1 if "error" in summary else 0)


if __name__ == "__main__":
    main()
