#!/usr/bin/env bash
# One child is stopped, for whatever reason; the job works.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
sleep 300 &
kill -STOP $!
while :; do
  next_name
  printf 'row %s imported\n' "$REPLY"
  sleep 1
done
