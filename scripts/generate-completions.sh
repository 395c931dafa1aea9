#!/usr/bin/env bash
# Makes the completions of bash, zsh and fish from the definitions of the options.
#   scripts/generate-completions.sh SLUICE_BINARY [OUTPUT_DIRECTORY]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
binary=${1:?usage: generate-completions.sh SLUICE_BINARY [OUTPUT_DIRECTORY]}
target=${2:-$here/../completions}

mkdir -p "$target"
"$binary" --generate-completion-script bash > "$target/sluice.bash"
# zsh looks for a function's file by its name.
"$binary" --generate-completion-script zsh > "$target/_sluice"
"$binary" --generate-completion-script fish > "$target/sluice.fish"
