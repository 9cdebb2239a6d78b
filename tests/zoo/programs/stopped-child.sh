#!/usr/bin/env bash
# Waits for a child that is stopped.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
sleep 300 &
kill -STOP $!
mark
wait
