#!/usr/bin/env python3
"""Holds the sources to the layers of ARCHITECTURE.md.

- A module imports only what the table below allows; an import that is not in it is a mistake.
- `Timing` and `Wire` touch no clock, file, socket or thread.
- A C pointer's type does not appear above floor 2.
- Every `@unchecked Sendable`, `nonisolated(unsafe)` and `Unmanaged` says why it is safe, and no force
  unwrap hides in `try!`.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STANDARD = {"Swift", "Synchronization"}
LIBC = {"Glibc"}
ALLOWED = {
    # floor 0
    "CFFmpeg": set(), "CSDL2": set(), "CSonic": set(), "CRealtime": set(), "CProcess": set(),
    # floor 1
    "Model": LIBC,
    "Timing": {"Model"},
    "Wire": {"Model", "NIOCore"},
    # floor 2
    "Media": {"CFFmpeg", "CSonic", "Model", "Timing", "Wire", "NIOCore"} | LIBC,
    "Screen": {"CSDL2", "CRealtime", "Model"} | LIBC,
    "Net": {"Model", "Wire", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL", "NIOConcurrencyHelpers"} | LIBC,
    # floor 3
    "Intake": {"Model", "Timing", "Wire", "Media", "Net", "NIOCore"} | LIBC,
    # floor 4
    "Publisher": {"Model", "Timing", "Wire", "Media", "Net", "Intake", "NIOCore"} | LIBC,
    "Player": {"Model", "Timing", "Wire", "Media", "Screen", "Intake", "NIOCore"} | LIBC,
    "Recorder": {"Model", "Timing", "Wire", "Media", "Intake"} | LIBC,
    "Prober": {"Model", "Timing", "Wire", "Media", "Intake"} | LIBC,
    "Origin": {"Model", "Timing", "Wire", "Media", "Net", "NIOCore", "NIOPosix", "NIOHTTP1"} | LIBC,
    # floor 5
    "Channels": {"CProcess", "Model", "Timing", "Wire", "Origin", "GRDB"} | LIBC,
    # floor 6
    "sluice": {"Model", "Publisher", "Player", "Recorder", "Prober", "Origin", "Channels", "ArgumentParser"} | LIBC,
}
# Words of the outside world that a pure module has no business with.
IMPURE = re.compile(
    r"\b(import (Glibc|Foundation\w*|Dispatch|NIOPosix)|(HostTime|WallTime)\.now\(|clock_gettime|NamedThread\("
    r"|ContinuousClock|SuspendingClock|Task\.sleep|Date\(\)|getenv|fopen|socket\()")
IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)")
UNSAFE = re.compile(r"@unchecked Sendable|nonisolated\(unsafe\)|\bUnmanaged[<.]")
FORCED = re.compile(r"\btry!|\bas!|\bfatalError\(")
# How far from the unsafe words the reason may stand: a comment above, or the first lines of the body.
BEFORE, AFTER = 6, 5


def code_of(line):
    """The line without strings and its comment, roughly: enough to look for words."""
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("//")[0]


def main():
    problems = []
    modules = sorted(p.name for p in (ROOT / "Sources").iterdir() if p.is_dir())
    for module in modules:
        if module not in ALLOWED:
            problems.append(f"Sources/{module}: the module is not in the table of scripts/check-layers.py")
            continue
        for path in sorted((ROOT / "Sources" / module).rglob("*.swift")):
            name = path.relative_to(ROOT)
            lines = path.read_text(encoding="utf-8").splitlines()
            for number, line in enumerate(lines, 1):
                code = code_of(line)
                found = IMPORT.match(code)
                if found and found.group(1) not in ALLOWED[module] | STANDARD:
                    problems.append(f"{name}:{number}: {module} must not import {found.group(1)}")
                if module in ("Timing", "Wire") and IMPURE.search(code):
                    problems.append(f"{name}:{number}: {module} is pure: no clock, file, socket or thread")
                if FORCED.search(code):
                    problems.append(f"{name}:{number}: no forced try or cast, no fatalError")
                if UNSAFE.search(code):
                    near = lines[max(0, number - 1 - BEFORE):number + AFTER]
                    if not any(re.search(r"//+\s*(.*[.;:] )?Safe because", other) for other in near):
                        problems.append(f'{name}:{number}: say in a comment why this is safe: "Safe because …"')
            if not lines or not lines[0].startswith("//"):
                problems.append(f"{name}:1: a file opens with what it is and what it must not do")
    for problem in problems:
        print(problem)
    print(f"layers: {len(modules)} modules, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
