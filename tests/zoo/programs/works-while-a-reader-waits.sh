#!/usr/bin/env bash
# A child waits for a key that nobody will press, so that the job could be stopped; the job works.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
cat </dev/tty >/dev/null &
while :; do
  next_name
  printf 'page %s rendered\n' "$REPLY"
  sleep 1
done
