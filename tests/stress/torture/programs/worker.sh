#!/usr/bin/env bash
# One critical section: the command that the engines of the torture run. It is its own witness (see journal.ts).
# Environment: STRESS_DIR, STRESS_WHO, and what the engine gives to every worker.
say() { printf '%s %s %s %s\n' "$STRESS_WHO" "$LOCK_GENERATION" "$LOCK_ITERATION" "$1" >>"$STRESS_DIR/journal"; }

# Whether somebody alive holds the second lock: a process that is being killed lets go of its files one by one.
somebody_holds() {
  local fd
  for fd in /proc/[0-9]*/fd/*; do
    [[ $fd != /proc/$$/* && $fd -ef $STRESS_DIR/witness ]] || continue
    grep -qs FLOCK "${fd/\/fd\//\/fdinfo\/}" && return 0
  done 2>/dev/null
  return 1
}

# Held by every child of this worker too: an orphan of it is an overlap.
exec 9>>"$STRESS_DIR/witness"
until flock -n 9; do
  # Where /proc does not show who holds a lock, the time tells: nobody takes that long to die, also on a busy machine.
  if somebody_holds || ((SECONDS > 30)); then
    say held
    break
  fi
done

say enter
# Most sections take a few milliseconds; some live long enough to get a refresher.
if ((RANDOM % 8 == 0)); then sleep "0.$((RANDOM % 6 + 4))"; elif ((RANDOM % 2)); then sleep 0.00$((RANDOM % 8 + 1)); fi
say step
# The record has to be that of this very run as long as it works.
[[ $(<"$LOCK_DIR/$LOCK_SESSION.json") == *"
 \"generation\": $LOCK_GENERATION,"* ]] || say lost
say leave
((RANDOM % 40)) || exit 3
