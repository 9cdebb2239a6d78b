#!/usr/bin/env bash
# A contender that has sourced lock.sh: one tenure, some iterations of worker.sh.
# usage: script.sh LOCK_SH SESSION ITERATIONS [OPTION...]      environment: as of worker.sh
lock_sh=$1 session=$2 iterations=$3
shift 3
# shellcheck source=/dev/null
source "$lock_sh"
lock_acquire "$session" "$@" || exit
worst=0
for ((iteration = 1; iteration <= iterations; iteration++)); do
  code=0
  lock_iteration "${BASH_SOURCE[0]%/*}/worker.sh" || code=$?
  case $code in
    0 | 3) ;;           # its own
    137) worst=137 ;;   # its supervisor was killed: the loop goes on
    *) exit "$code" ;;
  esac
done
lock_release || exit
exit "$worst"
