#!/usr/bin/env bash
# Waits for a line in a log, a second at a time.
printf 'starting\n' >"$ZOO_SCRATCH/log"
: >"$ZOO_MARK"
until grep -q READY "$ZOO_SCRATCH/log"; do sleep 1; done
