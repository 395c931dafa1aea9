#!/usr/bin/env bash
# Builds the fuzzers and pours damaged input into each: mutations of the committed corpus, bounded memory. What
# breaks one is kept in .build-fuzz/broken and named.
#   scripts/fuzz.sh [RUNS] [TARGET…]      default: 1000000 inputs into every target
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-1000000}
case $runs in *[!0-9]*) sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 64 ;; esac
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || for path in Fuzz/Corpus/*; do targets+=("${path##*/}"); done

# Every Swift module is instrumented, so that the fuzzer sees new paths. The origin's HTTP has a program of its own: it
# is linked with TLS and FFmpeg (the first build takes minutes), and sees what is internal.
export SLUICE_FUZZ=1
flags=(--scratch-path .build-fuzz -c release -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld)
flags+=(-Xswiftc -enable-testing)
program() { [ "$1" = http ] && echo fuzz-origin || echo fuzz; }
for product in $(for target in "${targets[@]}"; do program "$target"; done | sort -u); do
    swift build "${flags[@]}" --product "$product"
done
folder=$(swift build "${flags[@]}" --show-bin-path)

mkdir -p .build-fuzz/broken
status=0
for target in "${targets[@]}"; do
    # New inputs go into a corpus of this machine, not into the committed one.
    found=.build-fuzz/found/$target
    mkdir -p "$found"
    echo "== $target: $runs inputs"
    "$folder/$(program "$target")" "$target" "$found" "Fuzz/Corpus/$target" -runs="$runs" -max_len=4096 -rss_limit_mb=1024 \
        -timeout=10 -print_final_stats=1 -artifact_prefix=".build-fuzz/broken/$target-" 2> ".build-fuzz/$target.log" \
        || { status=1; echo "broken; see .build-fuzz/$target.log" >&2; tail -n 20 ".build-fuzz/$target.log" >&2; }
    grep -E '^stat::(number_of_executed_units|peak_rss_mb)|^Done' ".build-fuzz/$target.log" || true
done
exit "$status"
