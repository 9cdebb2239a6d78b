#!/usr/bin/env bash
# Runs the scenes, some files of them at a time: most of a scene is waiting, and none knows of another.
#   scenes.sh [FILE...]    SCENE_LANES sets how many at a time; 4
#   scenes.sh --list       the jobs, for at-once.sh
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

# The largest first, so that none of those is left for the end.
list() { # FILE...
  local file
  # shellcheck disable=SC2012 # Their names are plain.
  ls -S "$@" | while read -r file; do
    printf '%s: node_modules/bats/bin/bats --timing %s\n' "$file" "$file"
  done
}

if [[ ${1-} == --list ]]; then
  list bats/*.bats
  exit
fi
(($#)) || set -- bats/*.bats
jobs=$(mktemp "${SUITE_DIR:-/tmp}/lock-scenes.XXXXXX")
trap 'rm -f "$jobs"' EXIT
list "$@" >"$jobs"
bash scripts/at-once.sh "${SCENE_LANES:-4}" "$jobs"
