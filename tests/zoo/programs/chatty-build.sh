#!/usr/bin/env bash
# A build that names every file.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
while :; do
  next_name
  printf 'cc -O2 -c src/%s.c -o build/%s.o\n' "$REPLY" "$REPLY"
  sleep 0.3
done
