#!/usr/bin/env python3
"""File lengths: none over 500 lines but generated tables, few over 300, the median reported."""
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = 500
KINDS = {".swift", ".c", ".h", ".py", ".sh"}
PLACES = ["Sources", "Tests", "Benchmarks", "scripts"]


def is_generated(text):
    return "generated" in text[:300].lower()


def main():
    lengths = {}
    for place in PLACES:
        for path in (ROOT / place).rglob("*"):
            if path.suffix not in KINDS or not path.is_file() or ".build" in path.parts:
                continue
            text = path.read_text(encoding="utf-8")
            if not is_generated(text):
                lengths[str(path.relative_to(ROOT))] = text.count("\n")
    too_long = sorted(name for name, count in lengths.items() if count > LIMIT)
    for name in too_long:
        print(f"{name}: {lengths[name]} lines, the limit is {LIMIT}")
    sources = [count for name, count in lengths.items() if name.startswith("Sources/")]
    if sources:
        over = sum(count > 300 for count in sources)
        print(
            f"lengths: {len(sources)} sources, median {statistics.median(sources):.0f} lines, "
            f"{over} over 300, longest {max(sources)}; {len(too_long)} files over {LIMIT}")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
