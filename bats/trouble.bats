#!/usr/bin/env bats
# After trouble: real engines, real signals. Every scene twice: with what Linux has (/proc, flock), and with what
# macOS has (ps, perl).
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status and output

load helpers.bash


setup() { sandbox; }
teardown() { clean_sandbox; }

use() { # native|portable
  [[ $1 == portable ]] || return 0
  export LOCK_PROCESS_STRATEGY=ps LOCK_FLOCK_STRATEGY=perl
}

engine_killed() {
  use "$1"
  start_engine s -n 5 -- sleep 1000
  local engine=$REPLY worker refresher
  eventually has_refresher s
  worker=$(part s worker) refresher=$(part s refresher)
  kill -KILL "$engine"
  eventually is_gone "$worker"
  eventually is_gone "$refresher"
  contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
  refuses 1 lock.sh status s
  [[ $output == *"(pid $engine) died"* ]]

  start_engine s
  eventually in_iteration s 2
  eventually contains s.out 'continuing run 1 (lost its owner)'
  [[ $(field s generation) == 2 ]]
}

both_killed() {
  use "$1"
  start_engine s -n 5 -- sleep 1000
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  kill -KILL "$(part s refresher)" "$engine"
  # Nobody runs or reaps it: the watchdog sees to the worker, and the session stays dead.
  eventually is_gone "$worker"
  eventually contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
  state_is s dead

  start_engine s
  eventually in_iteration s 2
  eventually contains s.out 'continuing run 1 (lost its owner)'
}

all_killed() {
  use "$1"
  start_engine s -n 5 -- sleep 1000
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  kill_with_guards "$engine"
  eventually state_is s dead
  is_alive "$worker"

  start_engine s
  eventually in_iteration s 2
  is_gone "$worker"
  contains s.out 'ended 1 process that run 1 left behind'
}

all_killed_worker_forgot() {
  use "$1"
  # The worker's own process is gone: only the cookie leads to its child, in a session of its own.
  start_engine s -n 5 -- bash -c 'setsid sleep 1000 & echo $! >child; sleep 1000'
  local engine=$REPLY worker child
  eventually has_refresher s
  eventually test -s child
  worker=$(part s worker)
  child=$(<child)
  kill_with_guards "$engine" "$worker"
  eventually is_gone "$worker"
  is_alive "$child"

  start_engine s
  eventually in_iteration s 2
  is_gone "$child"
  # The next child too leads back to its run alone.
  engine.sh stop s
}

refresher_killed() {
  use "$1"
  start_engine s --heartbeat-interval 1 -- sleep 1000
  eventually has_refresher s
  local refresher
  refresher=$(part s refresher)
  kill -KILL "$refresher"
  eventually has_other_refresher s "$refresher"
  state_is s active
}

# Of a hang.
cause_is() { lock.sh status "$1" --json | grep -qF "\"cause\": \"$2\""; }

engine_stopped() {
  use "$1"
  start_engine s -n 5 --stale-after 1 --grace 0.5 -- sleep 1000
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  kill -STOP "$engine"
  # With so short a limit a busy machine is late by itself, and hung for that at first.
  eventually cause_is s owner-stopped
  refuses 2 lock.sh status s
  refuses 75 engine.sh run s
  [[ $output == *'lock.sh logs s -f'* && $output == *'lock.sh why s'* && $output == *'--force'* ]]

  start_engine s --force
  eventually generation_is s 2
  eventually in_iteration s 2
  is_gone "$worker"
  local code=0
  wait "$engine" || code=$?
  [[ $code == 80 ]]
  compgen -G "$LOCK_DIR/s/incidents/*/why.json"
}

refresher_stopped() {
  use "$1"
  start_engine s -n 5 --stale-after 1 --grace 0.5 -- sleep 1000
  eventually has_refresher s
  local refresher
  refresher=$(part s refresher)
  kill -STOP "$refresher"
  eventually cause_is s refresher-gone

  start_engine s --force
  eventually in_iteration s 2
  is_gone "$refresher"
}

engine_killed_refresher_stopped() {
  use "$1"
  start_engine s -n 5 -- sleep 1000
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  kill -STOP "$(part s refresher)"
  kill -KILL "$engine"
  eventually state_is s dead
  start_engine s
  eventually in_iteration s 2
  is_gone "$worker"
}

reaped() {
  use "$1"
  start_engine s -n 5 -- sleep 1000
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  kill_with_guards "$engine"
  eventually state_is s dead
  run lock.sh reap s --dry-run
  [[ $status == 0 && $output == *"pid $worker: sleep 1000"* ]]
  is_alive "$worker"
  lock.sh reap
  is_gone "$worker"
  refuses 3 lock.sh status s
  # Reaped is not forgotten: the run can still be gone on with.
  start_engine s
  eventually in_iteration s 2
}

stubborn_worker() {
  use "$1"
  start_engine s --grace 0.3 -- bash -c 'trap "" TERM; while :; do sleep 0.1; done'
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  engine.sh stop s
  is_gone "$worker"
  is_gone "$engine"
  contains "$LOCK_DIR/s.json" '"reason": "interrupted"'
}

stopped_worker() {
  use "$1"
  start_engine s --grace 1000 -- sleep 1000
  eventually has_refresher s
  local worker
  worker=$(part s worker)
  kill -STOP "$worker"
  # Within the grace: the TERM is followed by a CONT.
  engine.sh stop s >stopped 3>&- &
  STARTED+=($!)
  eventually is_gone "$worker"
  wait "$!"
  contains stopped 's has ended'
}

excludes_flock() {
  use "$1"
  start_engine s -- sleep 1000
  eventually has_refresher s
  refuses 1 flock -n "$LOCK_DIR/s.lock" true
  engine.sh stop s
  flock -n "$LOCK_DIR/s.lock" true

  flock "$LOCK_DIR/s.lock" sleep 1000 3>&- &
  STARTED+=($!)
  local outsider=$!
  eventually flock_is_held
  refuses 75 engine.sh run s -- true
  [[ $output == *"pid $outsider (flock)"* ]]
  refuses 75 engine.sh run s --force -- true
  is_alive "$outsider"
  end_with_children "$outsider"
  engine.sh run s --wait 60 -- true
}
flock_is_held() { ! flock -n "$LOCK_DIR/s.lock" true; }

DEAF='trap "" TERM HUP INT; echo $$ >worker; while :; do sleep 0.1; done'

killed_at_once() {
  use "$1"
  start_engine s -- bash -c "$DEAF"
  local engine=$REPLY
  # Before there is a guard that could be ready.
  eventually test -s worker
  kill -KILL "$engine"
  eventually is_gone "$(<worker)"
  eventually contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
  state_is s dead
}

term_then_kill() {
  use "$1"
  start_engine s --grace 1000 -- bash -c "$DEAF"
  local engine=$REPLY
  eventually has_refresher s
  eventually test -s worker
  kill -TERM "$engine"
  eventually phase_is s stopping
  kill -KILL "$engine"
  eventually is_gone "$(<worker)"
  eventually contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
}

interrupted_then_killed() {
  use "$1"
  start_engine s --grace 1000 -- bash -c "$DEAF"
  local engine=$REPLY interrupting
  eventually has_refresher s
  eventually test -s worker
  lock.sh interrupt s 2>interrupted 3>&- &
  interrupting=$!
  eventually contains s.out 'as requested'
  kill -KILL "$engine"
  eventually is_gone "$(<worker)"
  wait "$interrupting" || true
}

guard_then_engine() {
  use "$1"
  start_engine s -- bash -c "$DEAF"
  local engine=$REPLY
  eventually has_refresher s
  eventually test -s worker
  kill -KILL "$(part s refresher)"
  # The next guard is not there yet.
  kill -KILL "$engine"
  eventually is_gone "$(<worker)"
  eventually contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
}

watchdog_killed() {
  use "$1"
  start_engine s -- bash -c "$DEAF"
  local engine=$REPLY watchdog
  eventually has_refresher s
  eventually test -s worker
  watchdog=$(pgrep -P "$engine" -f session-lock-watchdog)
  kill -KILL "$watchdog"
  eventually contains s.out 'the watchdog of this run has ended (SIGKILL); starting another'
  eventually has_another_watchdog "$engine" "$watchdog"
  kill -KILL "$(part s refresher)" "$engine"
  eventually is_gone "$(<worker)"
}
has_another_watchdog() { # ENGINE PID
  local watchdog
  watchdog=$(pgrep -P "$1" -f session-lock-watchdog) && [[ $watchdog != "$2" ]]
}

for strategy in native portable; do
  while read -r scene description; do
    bats_test_function --description "$description ($strategy)" -- "$scene" "$strategy"
  done <<'SCENES'
engine_killed engine killed: the refresher ends the worker, says so and goes; run goes on
both_killed engine and refresher killed: the watchdog ends the worker, and says so; run goes on
killed_at_once engine killed when the worker has just been born: it is ended, and nobody else has to come
term_then_kill TERM, then KILL within the grace: nothing is left
interrupted_then_killed killed in the grace of an interrupt: nothing is left
guard_then_engine guard killed, and the engine before there is another: nothing is left
watchdog_killed watchdog killed: the engine starts another, which does its work
all_killed engine, refresher and watchdog killed: the next run finds the worker, ends it and goes on
all_killed_worker_forgot all of them and the worker killed: the next run finds the child by its cookie
refresher_killed refresher killed: the engine starts another
engine_stopped engine stopped: hung; run refuses; --force takes over and keeps the count
refresher_stopped refresher stopped: hung; --force takes over
engine_killed_refresher_stopped engine killed while the refresher is stopped: run goes on
reaped reap ends what a dead owner left, and marks the session free
stubborn_worker stop ends a worker that ignores TERM
stopped_worker stop continues a stopped worker, so that it takes the TERM
excludes_flock flock(1) excludes an engine and is excluded by it
SCENES
done

# A worker with a daemon that has shed all that leads to it, from its birth on.
DAEMON='env -i setsid bash -c "echo \$\$ >daemon; exec sleep 1000" &'

start_with_daemon() { # NAME
  start_engine "$1" -n 5 --grace 1 -- bash -c "($DAEMON); until [[ -s daemon ]]; do sleep 0.01; done; exec sleep 1000"
  eventually test -s daemon
  # Without a control group nothing else finds it.
  STARTED+=("$(<daemon)")
  eventually has_refresher "$1"
  lacks "$LOCK_DIR/$1.json" '"cgroup": null' || skip 'no permission to make a control group'
}

@test "a daemon that has shed all but its control group is ended with the run" {
  start_with_daemon s
  local cgroup
  cgroup=$(field s cgroup)
  is_alive "$(<daemon)"
  engine.sh stop s
  is_gone "$(<daemon)"
  [[ ! -e $cgroup ]]
}

@test "a daemon that has shed all but its control group is ended after its owner and all guards were killed" {
  start_with_daemon s
  local engine=$REPLY daemon cgroup
  daemon=$(<daemon) cgroup=$(field s cgroup)
  kill_with_guards "$engine" "$(part s worker)"
  eventually state_is s dead
  is_alive "$daemon"
  engine.sh run s --fresh -n 1 -- true 2>out
  contains out 'ended 1 process that run 1 left behind'
  is_gone "$daemon"
  [[ ! -e $cgroup ]]
}

@test "what a command has left in the background stays, in its control group, and is counted" {
  engine.sh run s -n 2 -- bash -c "[[ -s daemon ]] || { ($DAEMON); until [[ -s daemon ]]; do sleep 0.01; done; }"
  local daemon
  daemon=$(<daemon)
  STARTED+=("$daemon")
  is_alive "$daemon"
  lacks "$LOCK_DIR/s.json" '"cgroup": null' || skip 'no permission to make a control group'
  [[ $(grep -c '"left_running":1' "$LOCK_DIR/s/history.jsonl") == 1 ]]
  [[ -e $(field s cgroup)/1 && ! -e $(field s cgroup)/2 ]]
  kill "$daemon"
  eventually is_gone "$daemon"
  local before
  before=$(field s cgroup)
  engine.sh run s -- true
  [[ ! -e $before && ! -e $(field s cgroup) ]]
}

@test "without control groups all goes on as before" {
  export LOCK_CGROUP_STRATEGY=none
  start_engine s -n 5 -- bash -c 'setsid sleep 1000 & echo $! >child; wait'
  eventually has_refresher s
  eventually test -s child
  contains "$LOCK_DIR/s.json" '"cgroup": null'
  engine.sh stop s
  is_gone "$(<child)"
  LOCK_CGROUP_STRATEGY=v1 refuses 64 engine.sh run s -- true
}

@test "children of a worker that was killed do not work on beside the next iteration" {
  start_engine s -n 2 --max-failures 2 --grace 1 -- bash -c 'sleep 1000 & echo $! >>children; wait'
  eventually has_refresher s
  eventually has_lines children 1
  kill -KILL "$(part s worker)"
  eventually in_iteration s 2
  is_gone "$(head -n 1 children)"
  contains "$LOCK_DIR/s/history.jsonl" '"result":"killed"'
  engine.sh stop s
}

@test "a claim that waits for somebody who is stopped can be interrupted" {
  mkdir -m 700 "$LOCK_DIR"
  flock "$LOCK_DIR/s.lock" sleep 1000 3>&- &
  local holder=$!
  STARTED+=("$holder")
  eventually flock_is_held
  start_engine s --wait -- true
  eventually contains s.out waiting
  kill -TERM "$REPLY"
  eventually is_gone "$REPLY"
  end_with_children "$holder"
}

@test "an iteration that is done again and cut off is in the history, too" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  engine.sh stop s
  start_engine s
  eventually has_refresher s
  eventually in_iteration s 1
  kill -KILL "$REPLY"
  eventually state_is s dead
  engine.sh run s --fresh -- true
  [[ $(grep -c '"kind":"iteration","generation":2,"iteration":1,' "$LOCK_DIR/s/history.jsonl") == 1 ]]
}

@test "nobody reaps the session that it runs in, nor runs it again when its owner has died" {
  start_engine s -- bash -c 'until [[ -e go ]]; do sleep 0.05; done; lock.sh reap s; echo $? >reaped; engine.sh run s -- true; echo $? >ran; sleep 1000'
  eventually has_refresher s
  kill_with_guards "$REPLY"
  eventually state_is s dead
  touch go
  eventually has_lines ran 1
  [[ $(<reaped) == 75 && $(<ran) == 75 ]]
  state_is s dead
  lock.sh reap s
  state_is s free
}

@test "what cannot be done costs nobody his run: --force" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  LOCK_CGROUP_STRATEGY=v1 refuses 64 engine.sh run s --force -- true
  mkdir gone
  pushd gone >/dev/null
  rmdir ../gone
  refuses 74 engine.sh run s --force -- true
  popd >/dev/null
  state_is s active
}

@test "a history that cannot be written keeps nobody from a dead session" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  kill_with_guards "$REPLY"
  eventually state_is s dead
  mv "$LOCK_DIR/s/history.jsonl" old
  mkdir "$LOCK_DIR/s/history.jsonl"
  engine.sh run s --fresh -- true 2>err
  contains err 'history'
  state_is s free

  start_engine s -- sleep 1000
  eventually has_refresher s
  kill_with_guards "$REPLY"
  eventually state_is s dead
  lock.sh reap s
  state_is s free
}

@test "a request that is no file, or a huge one, keeps nobody waiting" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  truncate -s 3G "$LOCK_DIR/s/request.json"
  kill -USR2 "$REPLY"
  engine.sh stop s
  state_is s free
  start_engine s -n 2 --fresh -- sleep 1000
  eventually has_refresher s
  mkdir -p "$LOCK_DIR/s/request.json"
  engine.sh stop s --after-iteration
  lock.sh interrupt s
  eventually state_is s free
}
