#!/usr/bin/env bash
# Waits for a file that somebody else holds.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
flock "$ZOO_SCRATCH/held" sleep 300 &
warm_up
mark
flock "$ZOO_SCRATCH/held" true
