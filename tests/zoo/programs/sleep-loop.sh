#!/usr/bin/env bash
# Waits for something that will not come. Argument: seconds between two looks.
: >"$ZOO_MARK"
while :; do sleep "${1:-1}"; done
