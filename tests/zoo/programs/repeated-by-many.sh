#!/usr/bin/env bash
# Three processes, each with a line of its own that it repeats.
for worker in north south east; do
  while :; do
    printf '%s: queue is empty (%s)\n' "$worker" "$SECONDS"
    sleep 0.7
  done &
done
sleep 0.5
: >"$ZOO_MARK"
wait
