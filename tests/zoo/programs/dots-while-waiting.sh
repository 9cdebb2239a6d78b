#!/usr/bin/env bash
# Waits for a service that never comes up, with a dot a second.
printf 'waiting for the database '
: >"$ZOO_MARK"
while :; do
  printf .
  sleep 1
done
