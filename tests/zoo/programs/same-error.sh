#!/usr/bin/env bash
# A loop in a shell that tries again and again.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
printf 'error: connection refused, trying again\n'
mark
while :; do
  printf 'error: connection refused, trying again\n'
  sleep 0.5
done
