#!/usr/bin/env bash
# An iteration of two seconds.
printf 'iteration %s\n' "$LOCK_ITERATION"
sleep 2
