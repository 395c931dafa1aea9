#!/usr/bin/env python3
"""Makes the corpus of the fuzzers. What real RTMP clients send (Corpus/server) is the transcripts of WireTests, too.

    record.py PORT      with a server on 127.0.0.1:PORT that lets anybody publish and play /live/demo

Each client talks through a proxy that keeps both halves of the connection. The media are as small as the encoders make
them: a fuzzer is faster with short inputs.
"""
import pathlib
import socket
import subprocess
import sys
import threading

CORPUS = pathlib.Path(__file__).resolve().parent / "Corpus"
# C0, C1, C2 or S0, S1, S2.
HANDSHAKE = 1 + 2 * 1536
PICTURE = "-f lavfi -i testsrc=size=32x32:rate=5:duration=0.8"
SOUND = "-f lavfi -i sine=sample_rate=8000:duration=0.8"
X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -x264-params info=0 -g 3"
FFMPEG = "ffmpeg -nostdin -loglevel error"
GST_PICTURE = "videotestsrc num-buffers=4 ! video/x-raw,width=32,height=32,framerate=5/1 ! x264enc tune=zerolatency key-int-max=3 ! h264parse"
CLIENTS = {
    "ffmpeg": f"{FFMPEG} {PICTURE} {SOUND} {X264} -bf 0 -c:a aac -b:a 8k -f flv URL",
    "ffmpeg-bframes": f"{FFMPEG} {PICTURE} {X264} -preset veryfast -bf 2 -f flv URL",
    "ffmpeg-audio": f"{FFMPEG} {SOUND} -c:a aac -b:a 8k -f flv URL",
    "ffmpeg-mp3": f"{FFMPEG} {SOUND} -ar 11025 -c:a libmp3lame -b:a 8k -f flv URL",
    "rtmp2sink": f"gst-launch-1.0 -q {GST_PICTURE} ! flvmux streamable=true ! rtmp2sink location=URL",
    "rtmpsink": f"gst-launch-1.0 -q {GST_PICTURE} ! flvmux streamable=true ! rtmpsink location=URL",
    "ffmpeg-play": f"{FFMPEG} -i URL -c copy -f null -",
    "ffmpeg-play-live": f"{FFMPEG} -rtmp_live live -i URL -c copy -f null -",
    "rtmpdump": "rtmpdump -q --live -r URL -o /dev/null",
    "rtmp2src": "gst-launch-1.0 -q rtmp2src location=URL ! fakesink",
}
FLV = {
    "h264-aac.flv": f"{FFMPEG} {PICTURE} {SOUND} {X264} -c:a aac -b:a 8k -f flv -y",
    "flv1-mp3.flv": f"{FFMPEG} {PICTURE} {SOUND} -c:v flv1 -ar 11025 -c:a libmp3lame -b:a 8k -f flv -y",
}
# Whole values of every type, and commands as clients write them.
AMF0 = {
    "values": "003ff0000000000000 0101 020003616263 05 06 070001 0b4059000000000000 0000 0c0000000161 0d 0f0000000178",
    "objects": "03000161003ff0000000000000000009 0800000001000162 02000178 000009 0a00000002 05 05 10000143000009",
    "nested": "03000161 03000162 03000163 05 000009 000009 000009",
    "connect": "020007636f6e6e656374 003ff0000000000000 03 0003617070 0200046c697665 000009",
    "metadata": "02000a6f6e4d65746144617461 0800000001 00057769647468 004084000000000000 000009",
}
# MPEG-TS-style and fMP4-style lists, a master playlist.
PLAYLISTS = {
    "live.m3u8": "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:41\n"
    "#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"720@0\"\n"
    "#EXT-X-PROGRAM-DATE-TIME:2026-11-20T16:34:42.123Z\n#EXTINF:1.960000,title\n41.m4s\n#EXT-X-DISCONTINUITY\n"
    "#EXT-X-GAP\n#EXT-X-BYTERANGE:100@20\n#EXTINF:2,\n../42.m4s?a=b\n#EXT-X-PART:DURATION=0.3,URI=\"p\"\n",
    "vod.m3u8": "#EXTM3U\r\n#EXT-X-TARGETDURATION:10\r\n#EXT-X-PLAYLIST-TYPE:VOD\r\n#EXT-X-KEY:METHOD=AES-128,"
    "URI=\"k\",IV=0x1F\r\n#EXT-X-START:TIME-OFFSET=-4.5\r\n#EXTINF:9.9\r\na.ts\r\n#EXT-X-ENDLIST\r\n",
    "master.m3u8": "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",DEFAULT=YES,URI=\"a.m3u8\"\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS=\"avc1.42c01e,mp4a.40.2\",AUDIO=\"a\"\nv.m3u8\n",
}


def keep(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def copy(source, sink, record):
    try:
        while data := source.recv(65536):
            record.append(data)
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main():
    port = int(sys.argv[1])
    for name, command in CLIENTS.items():
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"rtmp://127.0.0.1:{listener.getsockname()[1]}/live/demo"
        client = subprocess.Popen(command.replace("URL", address).split())
        listener.settimeout(20)
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        said, answered = [], []
        back = threading.Thread(target=copy, args=(far, near, answered), daemon=True)
        back.start()
        copy(near, far, said)
        back.join(5)
        status = client.wait(20)
        data, answer = b"".join(said), b"".join(answered)
        print(f"{name}: exit {status}, {len(data)} bytes sent, {len(answer)} heard")
        keep("server", f"{name}.rtmp", data)
        keep("chunks", name, data[HANDSHAKE:])
        # The first byte says what the client is: a player (even) or a publisher.
        keep("client", name, (b"\0" if "play" in name or name in ("rtmpdump", "rtmp2src") else b"\1") + answer[HANDSHAKE:])
    for name, command in FLV.items():
        (CORPUS / "flv").mkdir(parents=True, exist_ok=True)
        subprocess.run([*command.split(), str(CORPUS / "flv" / name)], check=True)
    for name, text in AMF0.items():
        keep("amf0", name, bytes.fromhex(text.replace(" ", "")))
    for name, text in PLAYLISTS.items():
        keep("playlist", name, text.encode())


if __name__ == "__main__":
    main()
