#!/usr/bin/env python3
"""Every option of `--help` is in the command's manual page and in the completions of every shell, and
nothing stands there that the program does not know.

  scripts/check-flags.py SLUICE_BINARY
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAG = re.compile(r"(?<![\w/=-])(--?[a-zA-Z][\w-]*)")


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout


def spelled(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def flags_of(command):
    return {
        spelled(name)
        for entry in command["arguments"] if entry["shouldDisplay"]
        for name in entry.get("names", [])
    }


def manual_flags(page):
    """The options listed in a page, from its `.It Fl …` lines."""
    found = set()
    for line in (ROOT / "man" / page).read_text(encoding="utf-8").splitlines():
        if line.startswith(".It Fl"):
            for part in line[4:].split(" , "):
                words = part.split()
                dashes = sum(word == "Fl" for word in words[:2])
                found.add("-" * dashes + words[dashes])
    return found


def completion_flags(command):
    """The options that each shell offers for a command."""
    bash = (ROOT / "completions" / "sluice.bash").read_text(encoding="utf-8")
    body = re.search(rf"^_sluice_{command}\(\) {{(.*?)^}}", bash, re.S | re.M).group(1)
    offered = {"bash": set(FLAG.findall(" ".join(re.findall(r"(?:flags|options)=\((.*?)\)", body))))}
    zsh = (ROOT / "completions" / "_sluice").read_text(encoding="utf-8")
    body = re.search(rf"^_sluice_{command}\(\) {{(.*?)^}}", zsh, re.S | re.M).group(1)
    names = set()
    for line in re.findall(r"^\s+'(.*)'$|^\s+(\(.*)$|^\s+\{(.*)$", body, re.M):
        names |= set(FLAG.findall(" ".join(line).split("[")[0].replace("'", " ").replace(",", " ")))
    offered["zsh"] = names
    fish = (ROOT / "completions" / "sluice.fish").read_text(encoding="utf-8")
    names = set()
    for line in fish.splitlines():
        if line.startswith("complete ") and f'"sluice {command}"' in line:
            line = line.split(" -d '")[0].split("'", 4)[-1]
            for kind, name in re.findall(r" -([slo]) '([\w-]+)'", line):
                names.add(("--" if kind == "l" else "-") + name)
    offered["fish"] = names
    return offered


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    root = json.loads(run(binary, "--experimental-dump-help"))["command"]
    problems = []
    count = 0
    for command in root["subcommands"]:
        name = command["commandName"]
        if name == "help":
            continue
        flags = flags_of(command)
        count += len(flags)
        text = run(binary, name, "--help")
        shown = set(FLAG.findall(text))
        for flag in sorted(flags - shown):
            problems.append(f"{name} {flag}: not in the help")
        places = {f"man/sluice-{name}.1": manual_flags(f"sluice-{name}.1")}
        places |= {f"completions of {shell}": found for shell, found in completion_flags(name).items()}
        for place, found in places.items():
            for flag in sorted(flags - found):
                problems.append(f"{name} {flag}: not in {place}")
            for flag in sorted(found - flags):
                problems.append(f"{name} {flag}: in {place}, but not in the program")
    for problem in problems:
        print(problem)
    print(f"flags: {count} spellings, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
