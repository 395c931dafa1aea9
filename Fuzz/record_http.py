#!/usr/bin/env python3
"""Makes the corpus of the HTTP fuzzer: what real clients ask an origin for, and what no client would.

    record_http.py      needs curl, wget, ffmpeg, mpv, VLC (as the user nobody), GStreamer and Chromium

A server of a few lines answers them: an FLV file that ends, a playlist whose segment is not there. `SESSION0` stands
for what the names of segments begin with; Tests/OriginTests/Fuzz puts in what it really is.
"""
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

CORPUS = pathlib.Path(__file__).resolve().parent / "Corpus"
FLV = (CORPUS / "flv" / "h264-aac.flv").read_bytes()
PLAYLIST = (
    b"#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"still/SESSION0-init0.mp4\"\n"
    b"#EXTINF:1,\nstill/SESSION0-0.m4s\n#EXT-X-ENDLIST\n")
PAGE = b"<!doctype html><script>fetch('/live/still/SESSION0-0.m4s', {headers: {Range: 'bytes=0-7'}})</script>" \
    b"<video src=/live/demo.mp4 autoplay muted></video>"
CLIENTS = {
    "curl": "curl -s -m 5 -o /dev/null URL/live/demo.flv",
    "curl-http1.0": "curl -s -m 5 --http1.0 -o /dev/null URL/live/demo.flv",
    "curl-head": "curl -s -m 5 -I URL/live/demo.flv",
    "curl-range": "curl -s -m 5 -r 4-7 -o /dev/null URL/live/still/SESSION0-0.m4s",
    "curl-two": "curl -s -m 5 -o /dev/null URL/live/still.m3u8?txSecret=1 -o /dev/null URL/live/still/SESSION0-0.m4s",
    "curl-put": "curl -s -m 5 -T /etc/hostname URL/live/demo.flv",
    "wget": "wget -q -t 1 -T 5 -O /dev/null URL/live/demo.flv?gop=0",
    "ffmpeg": "ffmpeg -nostdin -loglevel quiet -i URL/live/demo.flv -c copy -f null -",
    "ffmpeg-hls": "ffmpeg -nostdin -loglevel quiet -i URL/live/still.m3u8 -c copy -f null -",
    "mpv": "mpv --no-config --vo=null --ao=null --really-quiet URL/live/demo.flv?merge=350ms",
    "mpv-hls": "mpv --no-config --vo=null --ao=null --really-quiet URL/live/still.m3u8",
    "vlc": "cvlc -q --vout dummy --aout dummy --play-and-exit URL/live/demo.flv",
    "vlc-hls": "cvlc -q --vout dummy --aout dummy --play-and-exit URL/live/still.m3u8",
    "gstreamer": "gst-launch-1.0 -q souphttpsrc location=URL/live/demo.flv ! fakesink",
    "chromium": "chromium --headless --no-sandbox --disable-gpu --user-data-dir=HOME --timeout=4000 --dump-dom URL/",
}
HOST = b"Host: 127.0.0.1:8080\r\n"
MADE = {
    "preflight": b"OPTIONS /live/still.m3u8 HTTP/1.1\r\n" + HOST
    + b"Origin: http://page\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: range\r\n\r\n",
    "pipelined": b"".join(
        b"%s %s HTTP/1.1\r\n%s\r\n" % (method, path, HOST)
        for method, path in [
            (b"GET", b"/live/still.m3u8"), (b"HEAD", b"/live/still.m3u8"), (b"GET", b"/live/demo.m3u8"),
            (b"GET", b"/live/nobody.flv"), (b"GET", b"http://h/live/still/SESSION0-init0.mp4"),
            (b"DELETE", b"/live/demo.flv"), (b"GET", b"/live/still.mp4"), (b"GET", b"/live/demo.flv")]),
    "absolute": b"GET http://127.0.0.1:8080/live/de%6do.flv?gop=0&merge=1s HTTP/1.1\r\n" + HOST + b"\r\n",
    "feed-http1.0": b"GET /live/still.mp4 HTTP/1.0\r\n\r\n",
    "waits": b"GET /live/demo.mp4 HTTP/1.1\r\n" + HOST + b"\r\nGET /live/demo.flv HTTP/1.1\r\n" + HOST + b"\r\n",
    "ranges": b"".join(
        b"GET /live/still/SESSION0-%s HTTP/1.1\r\n%sRange: bytes=%s\r\n\r\n" % (name, HOST, part)
        for name, part in [
            (b"0.m4s", b"0-"), (b"1.m4s", b"-5"), (b"0.m4s", b"99999999-"), (b"init0.mp4", b"5-4"),
            (b"0.m4s", b"1-2,4-5"), (b"0.m4s", b"18446744073709551616-"), (b"99.m4s", b"0-1")]),
    "injected": b"GET /live/demo%0d%0aX-Evil:%201.flv?a=%0d%0aSet-Cookie:b HTTP/1.1\r\n" + HOST
    + b"X: a\r\n b\r\nOrigin: x\rX-Evil: 1\r\n\r\n",
    "traversed": b"GET /live/../../etc/passwd HTTP/1.1\r\n" + HOST
    + b"\r\nGET /live/still/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + HOST + b"\r\n",
    "smuggled": b"POST /live/demo.flv HTTP/1.1\r\n" + HOST
    + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /live/demo.flv HTTP/1.1\r\n\r\n",
    "chunked": b"POST /live/demo.flv HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    "upgrade": b"GET /live/demo.flv HTTP/1.1\r\n" + HOST
    + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "connect": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + HOST + b"\r\nSSH-2.0-x\r\n",
    "expects": b"PUT /live/demo.flv HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "nobody": b"GET /live/nobody.m3u8 HTTP/1.1\r\n" + HOST + b"Host: two\r\n\r\n",
    "no-host": b"GET /live/demo.flv HTTP/1.1\r\n\r\n",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "http9": b"GET /live/demo.flv HTTP/9.9\r\n\r\n",
    "tls": b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + bytes(range(64)),
    "rtmp": b"\x03" + bytes(1536),
    "long": b"GET /live/" + b"a" * 2100 + b".flv HTTP/1.1\r\n" + HOST + b"\r\n",
    "half": b"GET /live/still.m3u8 HTTP/1.1\r\n" + HOST + b"X-Half: ",
    "many": (b"GET /live/demo.m3u8 HTTP/1.1\r\n" + HOST + b"\r\n") * 18,
}


def answer(connection, said, lock):
    """Writes down what comes on one connection, and answers each request by its path."""
    record = bytearray()
    with lock:
        said.append(record)
    connection.settimeout(5)
    try:
        pending = b""
        while True:
            while b"\r\n\r\n" not in pending:
                data = connection.recv(65536)
                if not data:
                    return
                record += data
                pending += data
            head, pending = pending.split(b"\r\n\r\n", 1)
            path = head.split(b" ")[1].split(b"?")[0]
            kind, body = {
                b".flv": (b"video/x-flv", FLV), b"m3u8": (b"application/vnd.apple.mpegurl", PLAYLIST), b"/": (b"text/html", PAGE),
            }.get(path[-4:], (None, b""))
            status = b"200 OK" if kind else b"404 Not Found"
            if b".flv" in path:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nConnection: close\r\n\r\n" + body)
                return
            connection.sendall(
                b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
                % (status, kind or b"text/plain", len(body), b"" if head.startswith(b"HEAD") else body))
    except OSError:
        pass
    finally:
        connection.close()


def record(name, command):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    said, lock = [], threading.Lock()

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection, said, lock), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        words = command.replace("URL", f"http://127.0.0.1:{port}").replace("HOME", home).split()
        if words[0] == "cvlc":
            words = ["runuser", "-u", "nobody", "--", *words]
        client = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            client.wait(20)
        except subprocess.TimeoutExpired:
            client.terminate()
            client.wait(20)
        time.sleep(0.2)
    listener.close()
    kept = [bytes(one).replace(b"127.0.0.1:%d" % port, b"127.0.0.1:8080") for one in said if one]
    connections = list(dict.fromkeys(kept))
    print(f"{name}: {[len(one) for one in connections]} bytes")
    return connections


def main():
    folder = CORPUS / "http"
    folder.mkdir(parents=True, exist_ok=True)
    for name, command in CLIENTS.items():
        # Each input is one connection.
        for number, data in enumerate(record(name, command), 1):
            (folder / (f"{name}-{number}" if number > 1 else name)).write_bytes(data[:4096])
    for name, data in MADE.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
