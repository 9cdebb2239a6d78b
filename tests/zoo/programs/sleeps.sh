#!/usr/bin/env bash
# Works, then sleeps for ever.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
mark
sleep 300
