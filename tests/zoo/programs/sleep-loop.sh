#!/usr/bin/env bash
# Waits for something that will not come, a second at a time.
: >"$ZOO_MARK"
while :; do sleep 1; done
