#!/usr/bin/env bash
# A question on the terminal. Goes on when it is answered.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
mark
read -rp 'Continue? [y/N] ' _
exec "${BASH_SOURCE[0]%/*}/chatty-build.sh"
