#!/usr/bin/env bash
# A password is asked for at the terminal, whatever standard input is.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
warm_up
mark
: | { read -rsp 'Password: ' _ </dev/tty; }
