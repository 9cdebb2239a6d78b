#!/usr/bin/env bash
# A question before anything else, and nobody has seen it work.
: >"$ZOO_MARK"
read -rp 'Overwrite? [y/N] ' _
