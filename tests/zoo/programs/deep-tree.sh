#!/usr/bin/env bash
# Three levels down a child computes and writes files; all above it wait.
here=${BASH_SOURCE[0]%/*}
if ((${1:-3} > 1)); then
  "$here/deep-tree.sh" $((${1:-3} - 1)) &
  wait
else
  # shellcheck source=tests/zoo/programs/lib.bash
  . "$here/lib.bash"
  while :; do
    burn
    printf 'object code of a kind\n' >"$ZOO_SCRATCH/object"
    sleep 0.2
  done
fi
