#!/usr/bin/env bash
# Hangs until USR1 comes, then works. Argument: silent or repeating.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
go_on=false
trap 'go_on=true' USR1
warm_up
mark
while ! $go_on; do
  if [[ $1 == silent ]]; then
    sleep 300 &
    # Ends with the signal, not with the sleep.
    wait $!
    kill $! 2>/dev/null
  else
    printf 'no free slot\n'
    sleep 0.4
  fi
done
while :; do
  next_name
  printf 'built %s\n' "$REPLY"
  sleep 0.5
done
