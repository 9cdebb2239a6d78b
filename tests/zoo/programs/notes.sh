#!/usr/bin/env bash
# Prints nothing; notes now and then that it has got on.
# shellcheck source=tests/zoo/programs/lib.bash
. "${BASH_SOURCE[0]%/*}/lib.bash"
while :; do
  next_name
  printf '{"epoch":%s,"iteration":%s,"note":"done with %s","for":null}\n' "$(date +%s)" "$LOCK_ITERATION" "$REPLY" \
    >>"$LOCK_DIR/$LOCK_SESSION/runs/$LOCK_GENERATION/notes.jsonl"
  sleep 2
done
