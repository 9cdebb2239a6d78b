#!/usr/bin/env bash
# A shell that writes to its own log file only, and starts a process between any two lines.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
while :; do
  next_name
  printf 'handled %s\n' "$REPLY" >>"$ZOO_SCRATCH/own.log"
  sleep 1
done
