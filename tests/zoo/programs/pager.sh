#!/usr/bin/env bash
# A command that shows its result in a pager, which waits for a key.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
for ((line = 0; line < 100; line++)); do next_name; printf 'commit %s\n' "$REPLY"; done >"$ZOO_SCRATCH/log"
mark
LESS='' less "$ZOO_SCRATCH/log"
