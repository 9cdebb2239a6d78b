#!/usr/bin/env bash
# lock.sh - who runs, who hangs, who died, and what to do about it.
#   ./lock.sh status
#   ./lock.sh --help
here=${BASH_SOURCE[0]}
[[ $here == */* ]] || here=./$here
# From the link in the root the way is known; any other link has to be read.
[[ -f ${here%/*}/scripts/common.bash ]] && here=${here%/*}/scripts/lock.sh
while [[ -L $here ]]; do
  link=$(readlink "$here")
  [[ $link == /* ]] || link=${here%/*}/$link
  here=$link
done
# shellcheck source=scripts/common.bash
. "${here%/*}/common.bash"
start_helper lock "$@"
