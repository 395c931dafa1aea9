"""What the instruments share: children that cannot be left behind, a private nginx, a screen to read from.

Nothing here judges; it starts, reads and ends.
"""
import ctypes, mmap, os, re, shutil, signal, socket, struct, subprocess, sys, tempfile, time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """Runs in the child: a group of its own, and SIGKILL from the kernel when this program dies."""
    os.setsid()
    _libc.prctl(1, signal.SIGKILL)


class Children:
    """Starts programs and ends them all, in reverse order, when the block is left."""

    def __init__(self):
        self.started = []
        self.directories = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def run(self, words, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.DEVNULL)
        child = subprocess.Popen(words, preexec_fn=die_with_parent, **options)
        self.started.append(child)
        return child

    def directory(self):
        path = tempfile.mkdtemp(prefix="sluice-bench.")
        os.chmod(path, 0o755)
        self.directories.append(path)
        return path

    def end_one(self, child, grace=2.0):
        send(child, signal.SIGTERM)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            pass
        send(child, signal.SIGKILL)
        child.wait()
        if child in self.started:
            self.started.remove(child)

    def end(self):
        for child in reversed(self.started):
            send(child, signal.SIGTERM)
        deadline = time.monotonic() + 2
        for child in reversed(self.started):
            try:
                child.wait(max(0.01, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
            send(child, signal.SIGKILL)
            child.wait()
        self.started = []
        for path in self.directories:
            shutil.rmtree(path, ignore_errors=True)
        self.directories = []


def send(child, number):
    """To the whole group: a player may have children. The group outlives its leader, its number does not change."""
    try:
        os.killpg(child.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def end_on_signals():
    """SIGTERM and SIGHUP leave through the `with` blocks, as SIGINT does by itself."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def nginx(children, connections=512):
    """Starts Debian's nginx with its RTMP module on free ports; returns (rtmp port, http port)."""
    for _ in range(3):
        rtmp, http = free_port(), free_port()
        where = children.directory()
        os.mkdir(where + "/hls")
        with open(where + "/nginx.conf", "w") as out:
            out.write(f"""
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {{ worker_connections {connections}; }}
rtmp {{ access_log off; server {{ listen 127.0.0.1:{rtmp}; chunk_size 4096;
  application live {{ live on; wait_key on; }}
  application hls {{ live on; wait_key on; hls on; hls_path {where}/hls; hls_fragment 2s; }} }} }}
http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
  scgi_temp_path t5; types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
  server {{ listen 127.0.0.1:{http}; location /hls {{ root .; add_header Cache-Control no-cache; }} }} }}
""")
        server = children.run(["/usr/sbin/nginx", "-e", "stderr", "-p", where, "-c", "nginx.conf"])
        for _ in range(100):
            if answers(rtmp) and answers(http):
                return rtmp, http
            if server.poll() is not None:
                break
            time.sleep(0.05)
    raise SystemExit("nginx with its RTMP module does not start")


class Screen:
    """An X server without a monitor; what it shows is read from the file that holds its frame buffer."""

    def __init__(self, children, width=640, height=360):
        where = children.directory()
        reader, writer = os.pipe()
        children.run(["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{width}x{height}x24", "-fbdir", where,
                      "-ac", "-nolisten", "tcp", "-nocursor"], pass_fds=[writer])
        os.close(writer)
        number = b""
        with os.fdopen(reader, "rb") as pipe:
            number = pipe.readline().strip()
        if not number:
            raise SystemExit("Xvfb does not start")
        self.display = ":" + number.decode()
        path = where + "/Xvfb_screen0"
        for _ in range(200):
            if os.path.exists(path) and os.path.getsize(path) > width * height * 4:
                break
            time.sleep(0.02)
        with open(path, "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # XWD: big-endian words; [0] header size, [12] bytes a line, [19] colour entries of 12 bytes.
        words = struct.unpack(">25I", self.memory[:100])
        start, line = words[0] + 12 * words[19], words[12]
        pixels = np.frombuffer(self.memory, np.uint8)[start:start + line * height].reshape(height, line)
        self.reader = BarcodeReader(pixels[:, 1::4], width)

    def environment(self, **more):
        return dict(os.environ, DISPLAY=self.display, SDL_VIDEODRIVER="x11", SDL_RENDER_DRIVER="software",
                    LIBGL_ALWAYS_SOFTWARE="1", **{"SDL_AUDIODRIVER": "dummy", **more})

    def barcode(self):
        return self.reader.read()


class BarcodeReader:
    """64 bits across the picture, most significant first: rows 0-15 the bits, rows 16-31 their complement."""
    weights = np.uint64(1) << np.arange(63, -1, -1, dtype=np.uint64)

    def __init__(self, luma, width):
        block = width // 64
        self.columns = np.arange(64) * block + block // 2
        self.luma = luma

    def read(self):
        upper = self.luma[8][self.columns].astype(np.int16)
        lower = self.luma[24][self.columns].astype(np.int16)
        difference = upper - lower
        if np.abs(difference).min() <= 60:
            return None
        return int(self.weights[difference > 0].sum())


def draw_barcode(luma, value):
    """Draws into a (height, width) array of luma."""
    width = luma.shape[1] // 64
    bits = np.array([value >> shift & 1 for shift in range(63, -1, -1)], np.uint8).repeat(width)
    luma[0:16, :64 * width] = np.where(bits, 235, 16)
    luma[16:32, :64 * width] = np.where(bits, 16, 235)


def texture(width, height):
    """Coarse noise: hard enough for an encoder, soft enough to survive it."""
    cells = np.random.default_rng(11).integers(60, 200, (-(-height // 8), -(-width // 8)), np.uint8)
    return cells.repeat(8, 0).repeat(8, 1)[:height, :width]


def spent(child):
    """Processor seconds of a child's whole process group so far."""
    total = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == child.pid:
                total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def peak_memory(child):
    """Greatest resident size of a running child in MB, or 0 when it has gone."""
    try:
        with open(f"/proc/{child.pid}/status") as file:
            found = re.search(r"VmHWM:\s+(\d+)", file.read())
    except OSError:
        return 0
    return int(found[1]) / 1024 if found else 0


def publish(children, url, gop=60, fps=30, seconds=3600, with_sound=True, size=(640, 360), bitrate="1500k", output=None):
    """The reference publisher: stamped pictures and a tone through ffmpeg (x264 zerolatency, AAC). With `output` the
    stream goes there instead (standard output of the encoder, which is the first of the children returned)."""
    where = "%dx%d" % size
    camera = children.run([sys.executable, HERE + "/stampgen.py", "--size", where, "--fps", str(fps), "--seconds", str(seconds)],
                          stdout=subprocess.PIPE)
    sound = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-c:a", "aac", "-b:a", "96k"]
    inputs, codec = (sound[:5], sound[5:]) if with_sound else ([], [])
    encoder = children.run(
        ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", where, "-r", str(fps),
         "-use_wallclock_as_timestamps", "1", "-i", "-", *inputs, "-c:v", "libx264", "-preset",
         "veryfast" if size[0] < 1000 else "ultrafast", "-tune", "zerolatency", "-g", str(gop), "-keyint_min", str(gop),
         "-sc_threshold", "0", "-bf", "0", "-b:v", bitrate, *codec, "-flush_packets", "1", "-f", "flv", url],
        stdin=camera.stdout, stdout=output or subprocess.DEVNULL)
    camera.stdout.close()
    return [encoder, camera]
