#!/usr/bin/env bash
# Runs the scenes, two files of them at a time: most of a scene is waiting, and none knows of another. What a file has to
# say is shown as a whole when it is through.
#   scenes.sh [FILE...]    SCENE_LANES sets how many at a time; 2
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

work=$(mktemp -d "${SUITE_DIR:-/tmp}/lock-scenes.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The next file that no lane has taken; the largest first, so that none is left for the end.
take_file() {
  local file
  while read -r file; do
    REPLY=$file
    if mkdir "$work/${file##*/}" 2>/dev/null; then return; fi
  done <"$work/files"
  return 1
}

lane() {
  local started
  while take_file; do
    started=$SECONDS
    node_modules/bats/bin/bats --timing "$REPLY" >"$work/${REPLY##*/}/said" 2>&1 9>&- || : >"$work/${REPLY##*/}/failed"
    flock 9
    printf '\n-- %s, %d s\n' "$REPLY" $((SECONDS - started))
    cat "$work/${REPLY##*/}/said"
    flock -u 9
  done 9>"$work/printing"
}

(($#)) || set -- bats/*.bats
# shellcheck disable=SC2012 # Their names are plain.
ls -S "$@" >"$work/files"
for ((number = 0; number < ${SCENE_LANES:-2}; number += 1)); do lane & done
wait

failed=()
while read -r file; do
  # Also one that was never run to its end.
  [[ -e $work/${file##*/}/said && ! -e $work/${file##*/}/failed ]] || failed+=("$file")
done <"$work/files"
((${#failed[@]} == 0)) || {
  printf '\nFAILED scenes in: %s\n' "${failed[*]}" >&2
  exit 1
}
