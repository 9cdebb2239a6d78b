#!/usr/bin/env bash
# The work is done by a process that has lost its parents; this one waits.
here=${BASH_SOURCE[0]%/*}
# A second's delay, so that it is seen as a descendant before it is none.
bash -c "'$here/deep-tree.sh' 1 & sleep 1.5"
sleep 300
