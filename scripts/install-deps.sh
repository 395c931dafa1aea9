#!/usr/bin/env bash
# Installs from Debian (12 or 13) what sluice needs, as root or through sudo. Says what it installs; does
# nothing, quickly, when all is there.
#   scripts/install-deps.sh [build] [runtime] [test] [bench]      default: build runtime
set -euo pipefail

build=(build-essential pkg-config git ca-certificates libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
    libswresample-dev libavfilter-dev libavdevice-dev libsdl2-dev libsonic-dev libsqlite3-dev)
# The libraries come with the -dev packages; a desktop brings a screen, this brings the rest.
runtime=(ca-certificates)
bench=(pulseaudio pulseaudio-utils)
test=(ffmpeg nginx libnginx-mod-rtmp openssl python3 python3-numpy jq xvfb xauth x11-utils xdotool mandoc zsh fish bash-completion util-linux
    mpv vlc-bin vlc-plugin-base chromium curl rtmpdump gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad)

usage() {
    sed -n '2,4s/^# \{0,1\}//p' "$0"
}

groups=()
for word in "$@"; do
    case $word in
        build | runtime | test | bench) groups+=("$word") ;;
        -h | --help) usage; exit 0 ;;
        *) echo "install-deps: $word: unknown group" >&2; usage >&2; exit 64 ;;
    esac
done
[ ${#groups[@]} -gt 0 ] || groups=(build runtime)

wanted=()
for group in "${groups[@]}"; do
    case $group in
        build) wanted+=("${build[@]}") ;;
        runtime) wanted+=("${runtime[@]}") ;;
        test) wanted+=("${test[@]}") ;;
        bench) wanted+=("${test[@]}" "${bench[@]}") ;;
    esac
done

if ! command -v dpkg-query > /dev/null; then
    echo "install-deps: this is not Debian; install the likes of: ${wanted[*]}" >&2
    exit 69
fi

present=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2> /dev/null \
    | sed -n 's/^installed //p' | tr '\n' ' ' || true) "
missing=()
for name in "${wanted[@]}"; do
    [[ $present == *" $name "* ]] || missing+=("$name")
done

if [ ${#missing[@]} -gt 0 ]; then
    echo "installing (Debian): ${missing[*]}" >&2
    root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null || { echo "install-deps: neither root nor sudo" >&2; exit 77; }
        root=(sudo)
    fi
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
    # A server that a package starts by itself would take a port; nothing here needs it running.
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if [[ " ${groups[*]} " == *" build "* ]] && ! command -v swift > /dev/null; then
    echo "install-deps: Swift 6.2 or later is missing: see https://www.swift.org/install/linux/" >&2
    exit 69
fi
