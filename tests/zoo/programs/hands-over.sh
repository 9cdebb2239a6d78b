#!/usr/bin/env bash
# Starts the real job and waits for it.
"${BASH_SOURCE[0]%/*}/chatty-build.sh" &
wait
