#!/usr/bin/env bash
# Two processes, each of which waits for the other to speak first.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
mkfifo "$ZOO_SCRATCH/there" "$ZOO_SCRATCH/back"
exec 3<>"$ZOO_SCRATCH/there" 4<>"$ZOO_SCRATCH/back"
warm_up
{ read -r _ <&3 && printf 'answer\n' >&4; } &
mark
read -r _ <&4 && printf 'question\n' >&3
