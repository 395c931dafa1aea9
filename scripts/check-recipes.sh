#!/usr/bin/env bash
# Pastes the recipes of README.md one after the other into one shell, as a reader would, and fails with the
# first that fails. Needs a release build and what `scripts/install-deps.sh test` installs; takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
script=$(mktemp)
log=$(mktemp)
# The blocks that begin with ```sh, in their order; a line before each says which one runs.
awk '/^```sh$/ { n++; inside = 1; start = NR + 1; printf "recipe=%d; echo \"== recipe %d (README.md:%d)\"\n", n, n, start; next }
     /^```$/ { inside = 0 }
     inside { print }' README.md > "$script"

# Background recipes end with the shell, streams and their server with the directory's last one.
export SLUICE_ORIGIN_LINGER=1s
status=0
setsid bash -c '
    set -e
    trap "kill \$(jobs -p) 2> /dev/null || true; sluice stream-stop --all --quiet > /dev/null 2>&1 || true" EXIT
    trap "echo \"recipe \$recipe failed: \$BASH_COMMAND\" >&2" ERR
    . "$0"' "$script" > "$log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
    cat "$log"
    echo "check-recipes: a recipe of README.md does not work as pasted (status $status)" >&2
else
    echo "recipes: $(grep -c '^== recipe' "$log") pasted, 0 problems"
fi
rm -f "$script" "$log"
exit "$status"
