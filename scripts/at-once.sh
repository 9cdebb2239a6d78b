#!/usr/bin/env bash
# Runs jobs side by side: most of a test is waiting. What a job has to say is shown as a whole when it is through.
#   at-once.sh LANES JOBS [FAILED]
#     LANES     so many at a time
#     JOBS      a file: a job a line, "NAME: COMMAND", in the order in which they are begun
#     FAILED    a file that gets the names of those that have failed
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

work=$(mktemp -d "${SUITE_DIR:-/tmp}/lock-jobs.XXXXXX")
trap 'rm -rf "$work"' EXIT
cat "$2" >"$work/jobs"

# The next job that no lane has taken; its number in NUMBER, its words in NAME and COMMAND.
take_job() {
  local line
  NUMBER=0
  while IFS= read -r line; do
    NUMBER=$((NUMBER + 1))
    NAME=${line%%: *} COMMAND=${line#*: }
    if mkdir "$work/$NUMBER" 2>/dev/null; then return; fi
  done <"$work/jobs"
  return 1
}

lane() {
  local started NUMBER NAME COMMAND
  while take_job; do
    started=$SECONDS
    if bash -c "$COMMAND" >"$work/$NUMBER/said" 2>&1 9>&-; then : >"$work/$NUMBER/passed"; fi
    flock 9
    printf '\n-- %s, %d s\n' "$NAME" $((SECONDS - started))
    cat "$work/$NUMBER/said"
    flock -u 9
  done 9>"$work/printing"
}

for ((number = 0; number < $1; number += 1)); do lane & done
wait

failed=() number=0
while IFS= read -r line; do
  number=$((number + 1))
  # Also one that was never run to its end.
  [[ -e $work/$number/passed ]] || failed+=("${line%%: *}")
done <"$work/jobs"
((${#failed[@]} == 0)) || {
  printf '\nFAILED: %s\n' "${failed[*]}" >&2
  [[ -z ${3-} ]] || printf '%s\n' "${failed[@]}" >>"$3"
  exit 1
}
