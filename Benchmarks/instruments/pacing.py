#!/usr/bin/python3
"""Pacing of a published stream, seen from outside: when do tags arrive against their own timestamps?

  pacing.py URL [--seconds 60]    prints JSON: drift_ms_per_minute, spread_ms (p95 - p5 around the line), tags, backwards

ffmpeg copies the stream into an FLV pipe that is flushed at each packet; a line through (arrival - timestamp) gives the
drift. The first three seconds, where a server may send a backlog, do not count.
"""
import argparse, json, struct, subprocess, time

import numpy as np

import lab


def measure(children, url, seconds=60):
    reader = children.run(["ffmpeg", "-nostdin", "-v", "error", "-fflags", "nobuffer", "-copyts", "-i", url, "-map", "0:v",
                           "-c", "copy", "-flush_packets", "1", "-f", "flv", "-"], stdout=subprocess.PIPE, bufsize=0)
    pipe = open(reader.stdout.fileno(), "rb", buffering=0, closefd=False)
    found, first, backwards, before = [], None, 0, None

    def take(count):
        parts = bytearray()
        while len(parts) < count:
            block = pipe.read(count - len(parts))
            if not block:
                raise EOFError
            parts += block
        return bytes(parts)

    try:
        take(13)
        while first is None or time.monotonic() - first < seconds + 3:
            head = take(11)
            now = time.monotonic()
            size = int.from_bytes(head[1:4], "big")
            stamp = int.from_bytes(head[4:7], "big") | head[7] << 24
            body = take(size + 4)
            # Codec headers repeat the time of what follows.
            if head[0] != 9 or size < 2 or body[1] != 1:
                continue
            first = first or now
            if before is not None and stamp <= before:
                backwards += 1
            before = stamp
            if now - first > 3:
                found.append((now, stamp / 1000))
    except EOFError:
        pass
    children.end_one(reader, grace=0)
    if len(found) < 50:
        return {"error": f"only {len(found)} tags"}
    arrival, stamp = np.array(found).T
    late = arrival - stamp
    # Lateness has a long tail upwards (the machine was busy); the line is laid through each second's earliest.
    second = np.floor(arrival - arrival[0]).astype(int)
    early = np.array([(arrival[second == index].mean(), late[second == index].min()) for index in np.unique(second)])
    slope, offset = np.polyfit(early[:, 0], early[:, 1], 1)
    rest = late - (slope * arrival + offset)
    return {"drift_ms_per_minute": round(slope * 60_000, 2), "tags": len(found), "backwards": backwards,
            "spread_ms": round(float(np.percentile(rest, 95) - np.percentile(rest, 5)) * 1000, 1),
            "observed_s": round(float(arrival[-1] - arrival[0]), 1)}


def main():
    lab.end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with lab.Children() as children:
        result = measure(children, options.url, options.seconds)
    print(json.dumps(result))
    raise SystemExit(1 if "error" in result else 0)


if __name__ == "__main__":
    main()
