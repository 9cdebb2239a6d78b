#!/usr/bin/env bash
# Watches a file that never changes.
printf 'the last line\n' >"$ZOO_SCRATCH/watched"
: >"$ZOO_MARK"
tail -f "$ZOO_SCRATCH/watched"
