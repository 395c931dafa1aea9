"""The table of a benchmark: rows with a bar each, alternating runs, what the machine is, the entry in RESULTS.md.

A row passes when every run meets the bar, fails when the median does not, and is "not shown" where the spread crosses the
bar or the peer's range.
"""
import argparse, os, platform, statistics, subprocess, sys, time

import lab

HERE = os.path.dirname(os.path.abspath(__file__))


class Row:
    """One line of the table: figures of sluice and of a peer, and the bar that holds for sluice."""

    def __init__(self, name, unit, bar, peer="", note=""):
        self.name, self.unit, self.bar, self.peer, self.note = name, unit, bar, peer, note
        self.ours, self.theirs, self.errors = [], [], []

    def add(self, ours=None, theirs=None, error=None):
        for value, values in ((ours, self.ours), (theirs, self.theirs)):
            if value is not None:
                values.append(value)
        if error:
            self.errors.append(error)
        say(f"  {self.name}: sluice {shown(ours)} peer {shown(theirs)} {self.unit} {error or ''}")

    def verdict(self):
        if not self.ours or self.errors:
            return "FAIL"
        limits = self.bar.limits(self)
        if limits is None:
            return "no peer"
        low, high = limits
        middle = statistics.median(self.ours)
        if low <= min(self.ours) and max(self.ours) <= high:
            return "pass"
        if low <= middle <= high or self.bar.is_open(self):
            return "not shown"
        return "FAIL"


class Within:
    """A fixed bar."""

    def __init__(self, high, low=float("-inf"), text=None):
        self.low, self.high = low, high
        self.text = text or (f"≤ {high:g}" if low == float("-inf") else f"{low:g} … {high:g}")

    def limits(self, row):
        return self.low, self.high

    def is_open(self, row):
        return False


class Against:
    """A bar made of the peer's figure in the same run: median * factor + extra, plus its spread where that is allowed."""

    def __init__(self, text, factor=1.0, extra=0.0, with_spread=False, least=False):
        self.text, self.factor, self.extra, self.with_spread = text, factor, extra, with_spread
        # More is better.
        self.least = least

    def limits(self, row):
        if not row.theirs:
            return None
        if self.least:
            return statistics.median(row.theirs) * self.factor - self.extra, float("inf")
        spread = max(row.theirs) - min(row.theirs) if self.with_spread else 0
        if self.with_spread and len(row.ours) > 1:
            spread = max(spread, max(row.ours) - min(row.ours))
        return float("-inf"), statistics.median(row.theirs) * self.factor + self.extra + spread

    def is_open(self, row):
        """The two ranges overlap, so neither tool was shown to be the better one."""
        if self.least:
            return max(row.ours) >= min(row.theirs) * self.factor - self.extra
        return min(row.ours) <= max(row.theirs) * self.factor + self.extra


def say(text):
    print(text, file=sys.stderr, flush=True)


def shown(value):
    return "–" if value is None else f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}"


def figures(values):
    if not values:
        return "–"
    if len(values) == 1:
        return shown(values[0])
    return f"{shown(statistics.median(values))} ({shown(min(values))}–{shown(max(values))})"


class Bench:
    """What every set of rows has in common."""

    def __init__(self, options):
        self.sluice, self.runs, self.short = options.sluice, options.runs, options.short
        self.rows, self.streams = [], 0

    def row(self, *arguments, **named):
        row = Row(*arguments, **named)
        self.rows.append(row)
        return row

    def seconds(self, full, short):
        return short if self.short else full

    def address(self, rtmp):
        """A name of its own for each publisher: a server may hold on to a name for a while."""
        self.streams += 1
        return f"rtmp://127.0.0.1:{rtmp}/live/s{self.streams}"

    def alternate(self, ours, theirs):
        """Each run once, the order turned round each time, so that a busy minute hits both."""
        for turn in range(self.runs):
            for one in ((ours, theirs) if turn % 2 == 0 else (theirs, ours)):
                one()

    def table(self):
        lines = ["| what | sluice: median (range) | peer: median (range) | unit | bar | verdict |", "|---|---|---|---|---|---|"]
        for row in self.rows:
            verdict = row.verdict() + (f" ({row.errors[0]})" if row.errors else "")
            peer = f"{figures(row.theirs)} ({row.peer})" if row.theirs else "–"
            lines.append(f"| {row.name.strip()} | {figures(row.ours)} | {peer} | {row.unit} | {row.bar.text} | {verdict} |")
        return "\n".join(lines)


def first_line(words):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout.splitlines()[0] if done.stdout else "?"
    except OSError:
        return "not installed"


def machine(sluice):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = int(next(line for line in open("/proc/meminfo")).split()[1]) // 1048576
    system = next((line.split("=")[1].strip().strip('"') for line in open("/etc/os-release") if line.startswith("PRETTY_NAME")), "?")
    ffmpeg = " ".join(first_line(["ffmpeg", "-version"]).split()[:3])
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (f"{os.cpu_count()} × {model}, {memory} GB; {system}, Linux {platform.release()}; {first_line([sluice, '--version'])}; "
            f"{ffmpeg}; {first_line(['/usr/sbin/nginx', '-v'])}; load before: {load}")


def main(description, kind, rows):
    """Runs what the command line asks for; `rows` maps a name to the methods of `kind` that measure it."""
    lab.end_on_signals()
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", default=["all"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--sluice", default=os.environ.get("SLUICE_BINARY") or os.path.join(HERE, "..", ".build", "release", "sluice"))
    parser.add_argument("--keep", action="store_true", help="append to RESULTS.md although the run is short")
    options = parser.parse_args()
    names = list(rows) if "all" in options.rows else options.rows
    for name in names:
        if name not in rows:
            parser.error(f"no row '{name}'; there are {' '.join(rows)}")
    options.sluice = os.path.abspath(options.sluice)
    if not os.access(options.sluice, os.X_OK):
        parser.error(f"no sluice at {options.sluice}: swift build -c release --product sluice")
    facts, bench, done = machine(options.sluice), kind(options), []
    for name in names:
        for measure in rows[name]:
            if measure in done:
                continue
            done.append(measure)
            say(f"{name}: {' '.join((measure.__doc__ or '').split())}")
            measure(bench)
    block = (f"## {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}\n\n{facts}\n\n{options.runs} alternating runs"
             f"{', short' if options.short else ''}.\n\n{bench.table()}\n")
    print(block)
    if options.keep or (not options.short and options.runs >= 5):
        with open(HERE + "/RESULTS.md", "a") as out:
            out.write("\n" + block)
    raise SystemExit(1 if any(row.verdict() == "FAIL" for row in bench.rows) else 0)

