#!/usr/bin/env bash
# Works, then goes round and round.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
mark
while :; do :; done
