#!/usr/bin/env bash
# Computes in silence for so many seconds, says a result, goes on. Builtins only, so no process comes or goes.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
while :; do
  end=$((SECONDS + $1))
  while ((SECONDS < end)); do burn; done
  next_name
  printf 'the best so far is %s\n' "$REPLY"
done
