#!/usr/bin/env bash
# The reader of a pipeline hangs, so its writer does.
: >"$ZOO_MARK"
yes 'a line of data' | { head -c 100 >/dev/null; sleep 300; }
