#!/usr/bin/env bats
# Wall clocks that are wrong, in the owner, the observer or both; the monotonic clock is true. With libfaketime.

load helpers.bash

# Two hours ahead, three behind, 1970 and 2038, as seconds from now.
CLOCKS=(true ahead behind epoch end)
offset_of() { # CLOCK
  local now
  now=$(date +%s)
  case $1 in
    true) printf '+0' ;;
    ahead) printf '+7200' ;;
    behind) printf -- '-10800' ;;
    epoch) printf -- '-%s' $((now - 86400)) ;;
    end) printf '+%s' $((2147483647 + 86400 - now)) ;;
  esac
}

setup() {
  sandbox
  : >"$BATS_TEST_TMPDIR/began"
  type -P faketime >/dev/null || skip 'no faketime: install it with the system'"'"'s package manager'
  FAKETIME_LIBRARY=$(faketime -f +0 printenv LD_PRELOAD) || skip 'faketime does not work here'
  [[ $(with_clock ahead date +%s) -gt $(($(date +%s) + 7000)) ]] || skip 'faketime does not work here'
}
teardown() {
  clean_sandbox
  forget_killed
}

# The library keeps two files for each process, which a killed one leaves.
forget_killed() {
  local file pid
  for file in /dev/shm/faketime_shm_*; do
    pid=${file##*_}
    # Of this user, made since this test began, and its process has gone.
    [[ -O $file && $file -nt $BATS_TEST_TMPDIR/began && ! -e /proc/$pid ]] || continue
    rm -f "$file" "/dev/shm/sem.faketime_sem_$pid"
  done
}

with_clock() { # CLOCK COMMAND...
  local -x FAKETIME
  FAKETIME=$(offset_of "$1")
  local -x LD_PRELOAD=$FAKETIME_LIBRARY FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
  shift
  "$@"
}

# What an observer with this clock says of all sessions whose names begin so.
states_seen() { # CLOCK PREFIX
  with_clock "$1" lock.sh status | awk -v prefix="$2" 'index($1, prefix) == 1 { print $2 }' | sort | uniq -c | awk '{ print $1, $2 }'
}
all_see() { # PREFIX STATE
  local clock seen
  for clock in "${CLOCKS[@]}"; do
    seen=$(states_seen "$clock" "$1")
    [[ $seen == "${#CLOCKS[@]} $2" ]] || {
      printf 'with the clock %s: %s, not all %s\n' "$clock" "$seen" "$2" >&2
      return 1
    }
  done
}

# The owner writes what its own clock says, so the clock is wrong indeed.
has_clock() { # SESSION CLOCK
  local offset difference
  offset=$(offset_of "$2")
  difference=$(($(field "$1" heartbeat_epoch | cut -d. -f1) - $(date +%s) - offset))
  ((difference > -600 && difference < 600))
}

@test "five owners and five observers, each with another clock: no false hung, no false active, no false dead" {
  local clock engines=() name
  for clock in "${CLOCKS[@]}"; do
    with_clock "$clock" start_engine "well-$clock" --stale-after 60 --heartbeat-interval 0.5 -- sleep 1000
    engines+=("$REPLY")
    with_clock "$clock" start_engine "ill-$clock" --stale-after 1 --grace 0.2 -- sleep 1000
    engines+=("$REPLY")
  done
  for clock in "${CLOCKS[@]}"; do
    for name in well ill; do
      eventually has_refresher "$name-$clock"
      has_clock "$name-$clock" "$clock"
    done
  done
  all_see well active

  # No false active: what hangs reads hung with every clock.
  for clock in "${CLOCKS[@]}"; do kill -STOP "$(field "ill-$clock" pid)"; done
  # On a busy machine a heartbeat may have been on its way.
  eventually all_see ill hung
  all_see well active

  # Killed owners read dead, and whoever goes on with another clock gets the session.
  for clock in "${CLOCKS[@]}"; do kill -KILL "$(field "ill-$clock" pid)"; done
  eventually all_see ill dead
  local others=(behind end true ahead epoch) index
  for index in "${!CLOCKS[@]}"; do
    name=ill-${CLOCKS[index]}
    # Its guard has ended the worker.
    eventually flock -n "$LOCK_DIR/$name.lock" true
    with_clock "${others[index]}" start_engine "$name" --stale-after 60 -- sleep 1000
    eventually generation_is "$name" 2
    eventually has_refresher "$name"
  done
  all_see ill active
  all_see well active
}

@test "stop, --force and reap work across clocks" {
  with_clock behind start_engine s --grace 0.3 -- sleep 1000
  eventually has_refresher s
  with_clock end engine.sh stop s
  refuses 3 with_clock epoch lock.sh status s
  with_clock end start_engine t -n 3 --grace 0.3 -- sleep 1000
  local engine=$REPLY worker
  eventually has_refresher t
  worker=$(part t worker)
  with_clock epoch start_engine t --force
  eventually generation_is t 2
  eventually in_iteration t 2
  is_gone "$worker"
  eventually is_gone "$engine"
  eventually has_refresher t
  kill_with_guards "$(field t pid)"
  eventually state_is t dead
  with_clock behind lock.sh reap t
  state_is t free
}

beat_again() { [[ $(field s heartbeat_monotonic) != "$1" ]]; }

@test "an owner's clock that jumps under it: it beats on, and reads active with every clock" {
  local clock beat
  offset_of true >clock
  local -x LD_PRELOAD=$FAKETIME_LIBRARY FAKETIME_TIMESTAMP_FILE=$PWD/clock FAKETIME_NO_CACHE=1
  local -x FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
  start_engine s --stale-after 60 --heartbeat-interval 0.3 -- sleep 1000
  unset LD_PRELOAD FAKETIME_TIMESTAMP_FILE
  eventually has_refresher s
  for clock in ahead behind end epoch true; do
    offset_of "$clock" >clock.new
    mv clock.new clock
    eventually has_clock s "$clock"
    beat=$(field s heartbeat_monotonic)
    eventually beat_again "$beat"
    for observer in "${CLOCKS[@]}"; do [[ $(states_seen "$observer" s) == '1 active' ]]; done
  done
}
