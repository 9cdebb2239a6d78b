#!/usr/bin/env bash
# engine.sh - runs a command in a loop, as the only owner of a session.
#   ./engine.sh run demo -n 3 -- examples/agent.sh
#   ./engine.sh --help
here=${BASH_SOURCE[0]}
# Sourced it would take the place of the caller's shell.
if [[ $here != "$0" ]]; then
  echo "engine.sh is to be run, not sourced" >&2
  return 64
fi
[[ $here == */* ]] || here=./$here
# From the links in the root and of npm the way is known; any other link has to be read, which takes a process.
for way in scripts ../lib/node_modules/tmux-session-lock/scripts ../tmux-session-lock/scripts; do
  [[ -L $here && $here -ef ${here%/*}/$way/engine.sh ]] && here=${here%/*}/$way/engine.sh
done
while [[ -L $here ]]; do
  link=$(readlink "$here")
  [[ $link == /* ]] || link=${here%/*}/$link
  here=$link
done
# shellcheck source=scripts/common.bash
. "${here%/*}/common.bash"
start_helper engine "$@"
