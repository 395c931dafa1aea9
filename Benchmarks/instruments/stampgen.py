#!/usr/bin/python3
"""Write raw yuv420p pictures to stdout in real time, each carrying the wall clock of its making as a barcode
(milliseconds since 1970; see BarcodeReader in lab.py). Under the barcode moves coarse noise, or a clip."""
import argparse, subprocess, sys, time

import numpy as np

import lab


def clip_pictures(path, width, height, fps):
    """The first five seconds of a clip, as raw pictures."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "5", "-i", path, "-vf", f"scale={width}:{height},fps={fps}", "-an",
         "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"], stdout=subprocess.PIPE, check=True).stdout
    size = width * height * 3 // 2
    return np.frombuffer(raw[:len(raw) // size * size], np.uint8).reshape(-1, size)


def noise_pictures(width, height, count=60):
    base = lab.texture(width, height)
    grey = np.full(width * height // 2, 128, np.uint8)
    return np.stack([np.concatenate([np.roll(base, 4 * index, 1).ravel(), grey]) for index in range(count)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clip", metavar="FILE")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    pictures = (clip_pictures(options.clip, width, height, options.fps) if options.clip
                else noise_pictures(width, height)).copy()
    # Colour over the barcode would disturb a player that converts to RGB.
    chroma = pictures[:, width * height:].reshape(-1, 2, height // 2, width // 2)
    chroma[:, :, :16] = 128
    start = time.monotonic()
    out = sys.stdout.buffer
    for index in range(int(options.seconds * options.fps)):
        wait = start + index / options.fps - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        picture = pictures[index % len(pictures)]
        lab.draw_barcode(picture[:width * height].reshape(height, width), time.time_ns() // 1_000_000)
        try:
            out.write(picture.data)
            out.flush()
        except BrokenPipeError:
            return
if __name__ == "__main__":
    main()
