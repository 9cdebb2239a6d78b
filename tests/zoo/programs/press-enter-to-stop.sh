#!/usr/bin/env bash
# The other way round: the command itself waits for a key, and its child works.
"${BASH_SOURCE[0]%/*}/pauses.sh" 1 &
read -rp 'Press Enter to stop ' _
