#!/usr/bin/env bash
# Everything that must hold: what the tests need is installed, the package builds without a warning, the
# checks of the house, then all tests. The last line is the test runner's own count.
#   scripts/test.sh [arguments of `swift test`]
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '== %s\n' "$*"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
started=$SECONDS

step "what the tests need"
bash scripts/install-deps.sh build runtime test

step "shell scripts, format, layers, lengths"
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
swift format lint --strict -r Package.swift Sources Tests Fuzz
python3 scripts/check-layers.py
python3 scripts/check-lengths.py

step "release build, warnings are errors"
swift build -c release --static-swift-stdlib --product sluice
SLUICE_BINARY=$(swift build -c release --static-swift-stdlib --show-bin-path)/sluice
export SLUICE_BINARY

step "manual pages, completions, flags"
python3 scripts/generate-man.py "$SLUICE_BINARY" "$work/man"
bash scripts/generate-completions.sh "$SLUICE_BINARY" "$work/completions"
for page in "$work"/man/*; do diff -u "man/${page##*/}" "$page" || { echo "not current: make man" >&2; exit 1; }; done
diff -ru completions "$work/completions" || { echo "not current: make completions" >&2; exit 1; }
for page in man/*.[17]; do mandoc -T lint -W warning "$page"; done
python3 scripts/check-flags.py "$SLUICE_BINARY"
bash scripts/check-completions.sh

step "test build"
swift build --build-tests
step "tests ($((SECONDS - started)) s so far)"
status=0
run() { swift test --skip-build --disable-xctest "$@" 2>&1 | tee -a "$work/log" || status=$?; }
if [ $# -gt 0 ]; then
    run "$@"
else
    # One after the other: those that watch the built program by the clock are not to wait for those that keep
    # both cores busy in this process. Tests that block share a thread a core, so that of a thousand that begin together
    # some would wait a minute for their turn, with a server's or a peer's clock running.
    run --skip 'EndToEndTests|OriginTests|ChannelsTests'
    run --filter 'OriginTests|ChannelsTests'
    run --filter EndToEndTests
fi
# What failed, once more: in the output above it may be thousands of lines away, and of a log often only the end
# is kept. An issue goes on until the next line that begins with one of the test runner's signs.
failures() {
    LC_ALL=C.UTF-8 awk '
        /^(◇|✔|✘|➜|⚠|==)/ { shown = 0 }
        /^✘ .* recorded an issue/ { shown = 30 }
        shown > 0 { shown--; print substr($0, 1, 1000) }
        /^error: |[Ff]atal error|unexpected signal/ { print }' "$work/log"
}
if [ "$status" != 0 ]; then
    step "what failed"
    failures
fi
step "done in $((SECONDS - started)) s"
grep -E 'Test run with [0-9]+ tests?' "$work/log" || echo "the test runner gave no count"
exit "$status"
