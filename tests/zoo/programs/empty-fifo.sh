#!/usr/bin/env bash
# Reads a FIFO that nobody opens for writing.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
mkfifo "$ZOO_SCRATCH/fifo"
warm_up
mark
cat "$ZOO_SCRATCH/fifo"
