#!/usr/bin/env bash
# A bare loop, guarded: the three marked lines are all that was added to
#   while read -r item; do ./work.sh "$item"; done <todo
# Nobody else runs it at the same time, lock.sh status shows where it is and whether it hangs, and what it has started is
# ended when it dies.
set -euo pipefail
# shellcheck source=scripts/lock.sh
source "${BASH_SOURCE[0]%/*}/../lock.sh" # 1: lock_acquire, lock_iteration, lock_release
lock_acquire "${1:-guarded-loop}"        # 2: the session's name
while read -r seconds; do
  lock_iteration sleep "$seconds" </dev/null # 3: instead of the bare command
done <<<$'1\n2\n3'
lock_release
