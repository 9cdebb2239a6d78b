#!/usr/bin/env bash
# lock.sh - who runs, who hangs, who died, and what to do about it.
#   ./lock.sh status
#   ./lock.sh --help
here=${BASH_SOURCE[0]}
# Sourced it would take the place of the caller's shell.
if [[ $here != "$0" ]]; then
  echo "lock.sh is to be run, not sourced" >&2
  return 64
fi
# Agents call their hook at every tool. Outside of a run it ends here; inside, whatever is broken, they are not to notice.
if [[ ${1:-} == hook && ${2:-} != -* ]]; then
  [[ -n ${LOCK_COOKIE:-} ]] || exit 0
  trap 'exit 0' EXIT
  exec >/dev/null 2>&1
fi
[[ $here == */* ]] || here=./$here
# From the links in the root and of npm the way is known; any other link has to be read, which takes a process.
for way in scripts ../lib/node_modules/tmux-session-lock/scripts ../tmux-session-lock/scripts; do
  [[ -L $here && $here -ef ${here%/*}/$way/lock.sh ]] && here=${here%/*}/$way/lock.sh
done
while [[ -L $here ]]; do
  link=$(readlink "$here")
  [[ $link == /* ]] || link=${here%/*}/$link
  here=$link
done
# shellcheck source=scripts/common.bash
. "${here%/*}/common.bash"
if [[ ${1:-} == hook && ${2:-} != -* ]]; then run_hook "${@:2}"; fi
start_helper lock "$@"
