#!/usr/bin/python3
"""Glass-to-glass delay of any player: the barcode of stampgen.py is read off the frame buffer of an Xvfb screen.

  glass.py --play 'ffplay ... URL' [--publish 'sh command'] [--seconds 15] [--floor URL] [--json FILE]

Prints one line of JSON: first_picture_s (from the player's start to its first readable picture), delay_p50_ms, p95, max
and last (after --warmup), freezes over 200 ms, pictures shown, backward steps, cpu and peak memory of the player.
The player must fill the screen. --json keeps the whole series as [seconds since the first picture, delay in ms].
"""
import argparse, json, os, shlex, subprocess, sys, time

import numpy as np

import lab

FREEZE = 0.2
PATIENCE = 40


def measure(children, play, seconds=15, warmup=3, size=(640, 360), environment=None, floor=None, events=(), log=None):
    """Runs the player and watches its screen; returns (summary, series). Events are (seconds since the first picture,
    a shell command or a function)."""
    screen = lab.Screen(children, *size)
    env = screen.environment(**(environment or {}))
    record = open(log, "w") if log else subprocess.DEVNULL
    started = time.time()
    player = children.run(play, env=env, stdout=record, stderr=record)
    beside = None
    if floor:
        beside = children.run([sys.executable, lab.HERE + "/floor.py", floor, "--size", "%dx%d" % size, "--seconds",
                               str(max(2, seconds - 2))], stdout=subprocess.PIPE, text=True)
    seen, first, at_first = [], None, 0
    pending = sorted(events, key=lambda event: event[0])
    while True:
        stamp, now = screen.barcode(), time.time()
        # Any other pattern that passes for a barcode is years away from now.
        if stamp is not None and abs(now * 1000 - stamp) < 120_000:
            if first is None:
                first, at_first = now, lab.spent(player)
            if not seen or stamp != seen[-1][1]:
                seen.append((now, stamp))
        if first is not None:
            if now - first > seconds + warmup:
                break
            while pending and now - first >= pending[0][0]:
                _, event = pending.pop(0)
                event() if callable(event) else children.run(["sh", "-c", event])
        elif now - started > PATIENCE:
            break
        if player.poll() is not None:
            break
        time.sleep(0.003)
    ended = time.time()
    cpu, memory, status = lab.spent(player), lab.peak_memory(player), player.poll()
    children.end_one(player)
    summary = {"play": shlex.join(play), "exit": status}
    if first is None:
        summary["error"] = f"no readable picture in {ended - started:.0f} s"
        return summary, []
    series = [(at - first, at * 1000 - stamp) for at, stamp in seen]
    delay = np.array([value for at, value in series if at > warmup] or [float("nan")])
    gaps = np.diff([at for at, _ in series if at > 0.5])
    stamps = [stamp for _, stamp in seen]
    summary.update(
        first_picture_s=round(first - started, 3), started_at=round(started, 3),
        delay_p50_ms=rounded(np.percentile(delay, 50)), delay_p95_ms=rounded(np.percentile(delay, 95)),
        delay_max_ms=rounded(delay.max()), delay_last_ms=rounded(np.median(delay[-30:])),
        first_delay_ms=rounded(series[0][1]), shown=len(seen),
        fps=round(len(delay) / max(1e-9, series[-1][0] - warmup), 2),
        freezes=int((gaps > FREEZE).sum()), freeze_s=round(float(gaps[gaps > FREEZE].sum()), 2),
        backwards=sum(1 for one, two in zip(stamps, stamps[1:]) if two < one),
        cpu_s=round(cpu, 2), cpu_pct=round(100 * (cpu - at_first) / (ended - first), 1), memory_mb=round(memory, 1))
    if beside:
        try:
            summary.update(json.loads(beside.communicate(timeout=15)[0]))
            summary["over_floor_ms"] = round(summary["delay_p50_ms"] - summary["floor_p50_ms"], 1)
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            summary["floor_error"] = "no floor"
        children.end_one(beside)
    return summary, series


def rounded(value):
    return round(float(value), 1)


def main():
    lab.end_on_signals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--play", required=True)
    parser.add_argument("--publish")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--warmup", type=float, default=3, help="seconds after the first picture that do not count")
    parser.add_argument("--lead", type=float, default=4, help="seconds between publisher and player")
    parser.add_argument("--events", default="", metavar="T:COMMAND;...", help="shell commands, seconds after the first picture")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--floor", metavar="URL")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--log", metavar="FILE", help="where the player's words go")
    options = parser.parse_args()
    events = [(float(at), command) for at, _, command in
              (event.partition(":") for event in filter(None, options.events.split(";")))]
    with lab.Children() as children:
        if options.publish:
            children.run(["sh", "-c", options.publish])
            time.sleep(options.lead)
        summary, series = measure(
            children, shlex.split(options.play), options.seconds, options.warmup,
            tuple(map(int, options.size.split("x"))), dict(pair.split("=", 1) for pair in options.env),
            options.floor, events, options.log)
    print(json.dumps(summary))
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"summary": summary, "series": [(round(at, 3), round(value, 1)) for at, value in series]}, out)
    raise SystemExit(1 if "error" in summary else 0)


if __name__ == "__main__":
    main()
