#!/usr/bin/env bash
# Runs the scenes, some files of them at a time: most of a scene is waiting, and none knows of another.
#   scenes.sh [FILE...]    SCENE_LANES sets how many at a time; 4
#   scenes.sh --list       the jobs, for at-once.sh
#   scenes.sh --one FILE   the scenes of one file
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

# The largest first, so that none of those is left for the end.
list() { # FILE...
  local file
  # shellcheck disable=SC2012 # Their names are plain.
  ls -S "$@" | while read -r file; do
    printf '%s: bash scripts/scenes.sh --one %s\n' "$file" "$file"
  done
}

# The directory is removed here: bats fails a file whose scenes have all passed, when what the last of them has killed has a
# helper that still writes there.
one() { # FILE
  local dir=${TMPDIR:-/tmp}/bats-run-$$ status=0
  node_modules/bats/bin/bats --timing --tempdir "$dir" --no-tempdir-cleanup "$1" 2>"$dir.errors" || status=$?
  grep -v '^BATS_RUN_TMPDIR: ' "$dir.errors" >&2 || true
  rm "$dir.errors"
  for _ in {1..10}; do
    rm -rf "$dir" 2>/dev/null && break
    sleep 0.5
  done
  return "$status"
}

if [[ ${1-} == --one ]]; then
  one "$2"
  exit
fi
if [[ ${1-} == --list ]]; then
  list bats/*.bats
  exit
fi
(($#)) || set -- bats/*.bats
jobs=$(mktemp "${SUITE_DIR:-/tmp}/lock-scenes.XXXXXX")
trap 'rm -f "$jobs"' EXIT
list "$@" >"$jobs"
bash scripts/at-once.sh "${SCENE_LANES:-4}" "$jobs"
