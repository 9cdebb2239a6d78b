#!/usr/bin/env bash
# One iteration of a crash-point trial. Writes the journal of the torture, holds its second lock, and stays until
# somebody opens the FIFO STRESS_DIR/hold-WHO, if there is one. It starts no process while it waits, so that the
# trials find the same processes every time.
say() { printf '%s %s %s %s\n' "$STRESS_WHO" "$LOCK_GENERATION" "$LOCK_ITERATION" "$1" >>"$STRESS_DIR/journal"; }

exec 9>>"$STRESS_DIR/witness"
# Whoever is being killed lets go within the second, or later on a busy machine.
flock -w 60 9 || say held
say enter
[[ ! -p $STRESS_DIR/hold-$STRESS_WHO ]] || read -r _ <"$STRESS_DIR/hold-$STRESS_WHO"
# More than a log of 4 KB may have, so that it is rotated.
[[ -z ${STRESS_CHATTER:-} ]] || for ((line = 0; line < 400; line += 1)); do printf 'line %d of a worker that talks\n' "$line"; done
say leave
