#!/usr/bin/env bash
# Says something, then rests for so many seconds.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
while :; do
  next_name
  printf 'checked %s\n' "$REPLY"
  sleep "$1"
done
