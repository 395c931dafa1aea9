#!/usr/bin/python3
"""The delay at which a stamped stream arrives: what a player that adds nothing would show.

  floor.py URL [--seconds 8]      prints JSON: floor_p50_ms, floor_p95_ms, frames

ffmpeg decodes into a pipe as fast as the stream comes and the barcode is read there. The first two seconds, where a
server may send a backlog, do not count.
"""
import argparse, json, subprocess, time

import numpy as np

import lab

BACKLOG = 2.0


def read_exactly(pipe, buffer):
    view, got = memoryview(buffer), 0
    while got < len(buffer):
        count = pipe.readinto(view[got:])
        if not count:
            return False
        got += count
    return True


def delays(children, url, seconds, width, height):
    """Milliseconds from stamp to decoded picture, one for each picture."""
    # One thread at the output: ffmpeg codes raw video in frame threads, which hold a picture or two back.
    decoder = children.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-flags", "low_delay", "-analyzeduration", "2000000", "-i", url,
         "-map", "0:v", "-fps_mode", "passthrough", "-threads", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"],
        stdout=subprocess.PIPE, bufsize=0)
    picture = bytearray(width * height * 3 // 2)
    luma = np.frombuffer(picture, np.uint8)[:width * height].reshape(height, width)
    reader = lab.BarcodeReader(luma, width)
    found, first = [], None
    try:
        while first is None or time.time() - first < seconds + BACKLOG:
            if not read_exactly(decoder.stdout, picture):
                break
            now = time.time()
            first = first or now
            stamp = reader.read()
            if stamp is not None and now - first > BACKLOG:
                found.append(now * 1000 - stamp)
    finally:
        children.end_one(decoder, grace=0)
    return found


def main():
    lab.end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--size", default="640x360")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with lab.Children() as children:
        # ffmpeg's probing sometimes misses the only key frame of its window; then it is asked again.
        for _ in range(3):
            found = delays(children, options.url, options.seconds, width, height)
            if found:
                break
    if not found:
        print(json.dumps({"error": "no frames"}))
        raise SystemExit(1)
    print(json.dumps({"floor_p50_ms": round(float(np.percentile(found, 50)), 1),
                      "floor_p95_ms": round(float(np.percentile(found, 95)), 1), "frames": len(found)}))


if __name__ == "__main__":
    main()
