#!/usr/bin/env bash
# A launcher that waits for the real program, as those of packages do.
"$@"
exit $?
