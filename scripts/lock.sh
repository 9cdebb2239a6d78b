#!/usr/bin/env bash
# lock.sh - who runs, who hangs, who died, and what to do about it.
#   ./lock.sh status
#   ./lock.sh --help
#   source lock.sh    in a bash script, see shell-functions.bash
if [ -z "${BASH_VERSION:-}" ]; then
  echo 'lock.sh needs bash: run it as ./lock.sh, and source it in a bash script' >&2
  # shellcheck disable=SC2317 # return fails where this is run, not sourced
  return 69 2>/dev/null || exit 69
fi
# In a script: lock_acquire, lock_iteration, lock_progress, lock_release.
if [[ ${BASH_SOURCE[0]} != "$0" ]]; then
  _lock_program=${BASH_SOURCE[0]}
  [[ $_lock_program == /* ]] || _lock_program=$PWD/$_lock_program
  _lock_home=$_lock_program
  while [[ -L $_lock_home ]]; do
    _lock_link=$(readlink "$_lock_home")
    [[ $_lock_link == /* ]] || _lock_link=${_lock_home%/*}/$_lock_link
    _lock_home=$_lock_link
  done
  # shellcheck source=scripts/shell-functions.bash
  . "${_lock_home%/*}/shell-functions.bash"
  unset _lock_home _lock_link
  return
fi
here=${BASH_SOURCE[0]}
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
