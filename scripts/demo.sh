#!/usr/bin/env bash
# The main job from nothing: installs what is missing, builds, and with a bundled real clip starts a stream, probes how
# late it is, watches it - in a window where there is a display, else unseen, with a snapshot -, records it and stops it.
# Nothing else is needed: the server is sluice's own. Leaves no process behind, however it ends.
#   scripts/demo.sh [SECONDS]      default: 8
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-8}
case $seconds in
    '' | *[!0-9]*) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 64 ;;
esac
say() { printf '== %s\n' "$*"; }

bash scripts/install-deps.sh build runtime

binary=${SLUICE_BINARY:-.build/release/sluice}
if [ -z "${SLUICE_BINARY:-}" ] && { [ ! -x "$binary" ] ||
    [ -n "$(find Sources Package.swift -newer "$binary" -print -quit)" ]; }; then
    say "building sluice (some minutes the first time)"
    swift build -c release --static-swift-stdlib --product sluice
fi
binary=$(realpath "$binary")

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-demo.XXXXXX")
# Nobody's streams but the demo's, and a server that goes with its last one.
export SLUICE_STATE_DIR=$work/state SLUICE_ORIGIN_LINGER=200ms
origin=
child=
finish() {
    local status=$?
    trap - EXIT
    trap "" INT TERM HUP
    [ -z "$child" ] || kill "$child" 2> /dev/null || true
    "$binary" stream-stop --all --quiet > "$work/stop.log" 2>&1 || cat "$work/stop.log" >&2
    for ((tries = 0; tries < 50; tries++)); do
        [ -n "$origin" ] && kill -0 "$origin" 2> /dev/null || break
        sleep 0.1
    done
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs sluice so that a signal to this script is heeded at once.
run() {
    local status=0
    "$binary" "$@" &
    child=$!
    wait "$child" || status=$?
    child=
    return "$status"
}
# The whole part of a field's value in a result line, or nothing.
number() { sed -n "s/.*\"$1\":\(-\{0,1\}[0-9]\{1,\}\).*/\1/p"; }
result() { grep '"event":"result"' "$1" | tail -n 1; }

say "starting a stream of a clip in a loop:   sluice stream-start demo media/bbb-360p.mp4 --loop"
begun=$(date +%s%N)
run stream-start demo media/bbb-360p.mp4 --loop --rtmp-port 0 --http-port 0 --json > "$work/start.json"
took=$((($(date +%s%N) - begun) / 1000000))
origin=$(result "$work/start.json" | number origin_pid)
run stream-list demo
say "that took $took ms; any player opens these addresses while this runs"
url=$(result "$work/start.json" | sed -n 's/.*"watch":{"rtmp":"\([^"]*\)".*/\1/p')

printf '\n'
say "how late is it when it arrives?          sluice probe --latency $url"
run probe --latency "$url" | sed 's/^/   /'

printf '\n'
watch=(play --nobuffer -t "$seconds" --json)
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "watching it for $seconds s in a window:      sluice play --nobuffer $url"
else
    mkdir -p .demo
    rm -f .demo/demo-snapshot.png
    watch+=(--vo null --ao null --snapshot .demo/demo-snapshot.png)
    say "no display, so it is watched unseen for $seconds s:   sluice play --nobuffer --vo null --ao null $url"
fi
run "${watch[@]}" "$url" > "$work/play.json"
first=$(result "$work/play.json" | number first_frame_ms)
shown=$(result "$work/play.json" | number shown_frames)
delay=$(result "$work/play.json" | sed -n 's/.*"latency_ms":{\([^}]*\)}.*/\1/p' | number p50)
say "first picture ${first:-?} ms after the start of the player, ${shown:-?} pictures shown"
say "delay ${delay:-?} ms in the middle, from a picture's capture mark to its presentation;"
say "160 ms of it is the clip's own: its B-frames are sent that much before they are shown"
if [ -f .demo/demo-snapshot.png ] && [[ " ${watch[*]} " == *" --snapshot "* ]]; then
    say "what was seen: .demo/demo-snapshot.png"
fi

printf '\n'
mkdir -p .demo
rm -f .demo/demo.mp4
say "recording three seconds of it:           sluice record $url -t 3s -o .demo/demo.mp4"
run record "$url" -t 3s -o .demo/demo.mp4 --quiet
say "recorded $(stat -c %s .demo/demo.mp4) bytes: .demo/demo.mp4"

printf '\n'
say "stopping it:                             sluice stream-stop demo"
run stream-stop demo
[ -n "$first" ] && [ -n "$delay" ] && [ -s .demo/demo.mp4 ]
