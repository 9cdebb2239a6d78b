#!/usr/bin/env bash
# All that it says goes to standard error.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
while :; do
  next_name
  printf 'info: %s\n' "$REPLY" >&2
  sleep 1
done
