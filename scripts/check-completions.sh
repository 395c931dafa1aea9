#!/usr/bin/env bash
# Loads the completions in real shells and asks each for an option, a value of a list and a file.
#   scripts/check-completions.sh [DIRECTORY]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
completions=$(cd "${1:-$here/../completions}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/film.mp4"
# The scripts ask nothing of the program, but a shell completes only for a command that exists.
printf '#!/bin/sh\n' > "$work/sluice"
chmod +x "$work/sluice"
export PATH="$work:$PATH" HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work
failures=0

complete_bash() {
    (cd "$work" && bash --norc --noprofile -c '
        source "$1"
        COMP_LINE=$2 COMP_POINT=${#2}
        read -ra COMP_WORDS <<< "$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _sluice sluice "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$completions/sluice.bash" "$1")
}

complete_fish() {
    (cd "$work" && fish --no-config -c '
        source $argv[1]
        complete -C "$argv[2]"' "$completions/sluice.fish" "$1" | cut -f 1)
}

# zsh completes only at a prompt, so it gets one of its own, and a tab.
complete_zsh() {
    (cd "$work" && timeout 20 zsh -f -c '
        zmodload zsh/zpty
        zpty -b shell zsh -f -i
        zpty -w shell "PROMPT=; unsetopt zle_bracketed_paste prompt_cr; stty -echo; fpath=(${1:h} \$fpath)"
        zpty -w shell "autoload -Uz compinit && compinit -u -d $PWD/dump; setopt no_beep list_packed"
        zpty -w shell "LISTMAX=10000; bindkey \"^I\" list-choices; print READY"
        out=
        until [[ $out == *READY* ]]; do zpty -r shell line && out+=$line || sleep 0.05; done
        zpty -n -w shell "$2"$'"'\\t'"'
        out=
        for try in {1..100}; do
            while zpty -r -t shell line; do out+=$line; done
            [[ $out == *$3* ]] && break
            sleep 0.05
        done
        print -r -- "$out"
        zpty -d shell' zsh "$completions/_sluice" "$1" "$2" | tr -s '[:space:]' '\n')
}

expect() {
    local shell=$1 typed=$2 wanted=$3
    if ! command -v "$shell" > /dev/null; then
        echo "$shell: not installed" >&2
        failures=$((failures + 1))
        return
    fi
    # Read whole before it is searched: a shell that writes to a reader which has left fails, and pipefail tells.
    local answers
    answers=$("complete_$shell" "$typed" "$wanted" 2> "$work/errors") || true
    if [[ $answers != *"$wanted"* ]]; then
        echo "$shell: \"$typed\" does not complete to $wanted" >&2
        sed 's/^/    /' "$work/errors" >&2
        failures=$((failures + 1))
    fi
}

for shell in bash zsh fish; do
    expect "$shell" "sluice pu" push
    expect "$shell" "sluice push --audio-b" --audio-bitrate
    expect "$shell" "sluice play --v" --volume
    expect "$shell" "sluice push --preset s" superfast
    expect "$shell" "sluice push fi" film.mp4
    expect "$shell" "sluice rec" record
    expect "$shell" "sluice record --seg" --segment
    expect "$shell" "sluice record --format m" mkv
    expect "$shell" "sluice probe --loop" --loopback
done
echo "completions: bash, zsh and fish asked, $failures failures"
[ "$failures" -eq 0 ]
