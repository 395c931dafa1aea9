#!/usr/bin/env bash
# The main job from nothing: installs what is missing, builds, starts a private RTMP server, pushes the bundled
# clip to it in a loop and watches it for some seconds - in a window where there is a display, else unseen, with
# a snapshot. Prints how late the picture was. Leaves no process behind, however it ends.
#   scripts/demo.sh [SECONDS]      default: 8
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-8}
case $seconds in
    '' | *[!0-9]*) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 64 ;;
esac
say() { printf '== %s\n' "$*"; }

bash scripts/install-deps.sh build runtime demo

binary=${SLUICE_BINARY:-.build/release/sluice}
if [ -z "${SLUICE_BINARY:-}" ] && { [ ! -x "$binary" ] ||
    [ -n "$(find Sources Package.swift -newer "$binary" -print -quit)" ]; }; then
    say "building sluice (some minutes the first time)"
    swift build -c release --static-swift-stdlib --product sluice
fi
binary=$(realpath "$binary")

work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-demo.XXXXXX")
children=()
finish() {
    local status=$?
    trap - EXIT
    trap "" INT TERM HUP
    for ((index = ${#children[@]} - 1; index >= 0; index--)); do
        kill "${children[index]}" 2> /dev/null || true
    done
    for child in "${children[@]}"; do
        for ((tries = 0; tries < 30; tries++)); do
            kill -0 "$child" 2> /dev/null || break
            sleep 0.1
        done
        kill -9 "$child" 2> /dev/null || true
        wait "$child" 2> /dev/null || true
    done
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Starts a program in the background that ends with this script even when it is killed with -9.
begin() {
    setpriv --pdeathsig TERM -- "$@" &
    children+=($!)
}

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

for ((port = 20000 + RANDOM % 10000; ; port++)); do
    answers "$port" || break
done
cat > "$work/nginx.conf" << CONF
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid nginx.pid; error_log nginx.log;
events { worker_connections 64; }
rtmp { access_log off; server { listen 127.0.0.1:$port; chunk_size 4096; application live { live on; wait_key on; } } }
CONF
begin /usr/sbin/nginx -e "$work/nginx.log" -p "$work" -c nginx.conf 2> "$work/nginx.err"
server=${children[0]}
for ((tries = 0; tries < 100; tries++)); do
    answers "$port" && break
    kill -0 "$server" 2> /dev/null || { cat "$work/nginx.log" "$work/nginx.err" >&2; exit 69; }
    sleep 0.05
done
url=rtmp://127.0.0.1:$port/live/demo

say "pushing media/bbb-360p.mp4 in a loop:   sluice push media/bbb-360p.mp4 --loop $url"
begin "$binary" push media/bbb-360p.mp4 --loop --json "$url" > "$work/push.json" 2> "$work/push.log"
push=${children[1]}
for ((tries = 0; tries < 100; tries++)); do
    grep -q '"event":"push_begins"' "$work/push.json" && break
    kill -0 "$push" 2> /dev/null || { cat "$work/push.log" >&2; exit 69; }
    sleep 0.05
done

watch=(play --nobuffer -t "$seconds" --json)
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "watching it for $seconds s in a window:      sluice play --nobuffer $url"
else
    mkdir -p .demo
    rm -f .demo/demo-snapshot.png
    watch+=(--vo null --ao null --snapshot .demo/demo-snapshot.png)
    say "no display, so it is watched unseen for $seconds s:   sluice play --nobuffer --vo null --ao null $url"
fi
begin "$binary" "${watch[@]}" "$url" > "$work/play.json"
status=0
wait "${children[2]}" || status=$?
if [ "$status" -ne 0 ]; then
    echo "demo: play ended with status $status" >&2
    kill -0 "$push" 2> /dev/null || cat "$work/push.log" >&2
    exit "$status"
fi

result=$(grep '"event":"result"' "$work/play.json" | tail -n 1)
# The whole part of a field's value, or nothing.
number() { sed -n "s/.*\"$1\":\(-\{0,1\}[0-9]\{1,\}\).*/\1/p"; }
first=$(printf '%s' "$result" | number first_frame_ms)
shown=$(printf '%s' "$result" | number shown_frames)
delay=$(printf '%s' "$result" | sed -n 's/.*"latency_ms":{\([^}]*\)}.*/\1/p' | number p50)
printf '\n'
say "first picture ${first:-?} ms after the start of the player (the clip has a key frame each second)"
say "delay ${delay:-?} ms in the middle, from a picture's capture mark to its presentation;"
say "160 ms of it is the clip's own: its B-frames are sent that much before they are shown"
say "${shown:-?} pictures shown"
if [ -f .demo/demo-snapshot.png ] && [[ " ${watch[*]} " == *" --snapshot "* ]]; then
    say "what was seen: .demo/demo-snapshot.png"
fi
[ -n "$first" ] && [ -n "$delay" ]
