#!/usr/bin/env bats
# --notify tells of each transition once and is never in the way; --on-hung acts on a hang.
# shellcheck disable=SC2016,SC2030,SC2031 # most commands are for another shell; bats runs each test in a subshell

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

# A machine that is busy for a second is no hang.
LIMITS='--heartbeat-interval 0.3s --stale-after 2s --quiet-after 2s'

# A notifier that writes a line for each event, and the JSON before it.
teller() {
  cat >tell <<'JOB'
#!/bin/sh
json=$(cat)
printf '%s\n' "$json" >>told.json
printf '%s|%s|%s\n' "$LOCK_EVENT" "$LOCK_SESSION" "$LOCK_REASON" >>told
JOB
  chmod +x tell
  : >told
}
events() { cut -d'|' -f1 told | paste -sd' ' -; }
events_are() { [[ $(events) == "$1" ]]; }
says() { [[ -f $1 ]] && contains "$1" "$2"; }
tells() { grep -c "^$1|" told | grep -qx "$2"; }
# Nothing is told at this moment: whoever tells has a process of its own until the command has ended.
# shellcheck disable=SC2046 # a list of files
nobody_tells() { ! grep -lzF "LOCK_DIR=$LOCK_DIR" $(grep -lz '^LOCK_NOTICE=' /proc/[0-9]*/environ 2>/dev/null) /dev/null 2>/dev/null; }

# Whoever is silent at least as long has hung by then, and would have been stopped.
a_later_one_hangs_and_is_stopped() {
  # shellcheck disable=SC2086 # words
  start_engine control $LIMITS --on-hung stop -- sleep 1000
  wait "$REPLY" || [[ $? == 143 ]]
  contains control.out '--on-hung'
}

@test "each transition is told once, with the event as JSON and in the environment" {
  teller
  cat >job <<'JOB'
#!/usr/bin/env bash
lock.sh attention permission 'Bash rm'
until [[ -e allowed ]]; do sleep 0.05; done
lock.sh progress allowed
# It hangs only where this test waits for that.
until [[ -e seen ]]; do head -c 100000 /dev/urandom >noise; sleep 0.05; done
lock.sh attention turn-ended 'All done'
until [[ -e go ]]; do sleep 0.05; done
lock.sh progress go
sleep 1000
JOB
  chmod +x job
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --notify ./tell -- ./job
  eventually tells needs-input 1
  eventually tells hung 1
  touch allowed
  # Two notes between two heartbeats are no transition.
  eventually tells active-again 1
  touch seen
  eventually tells turn-ended 1
  eventually tells hung 2
  touch go
  eventually tells active-again 2
  eventually tells hung 3
  # Many more heartbeats would have been due.
  a_later_one_hangs_and_is_stopped
  tells hung 3
  engine.sh stop s
  eventually tells ended 1
  contains told 'needs-input|s|needs you: permission: Bash rm'
  contains told 'hung|s|the worker waits for input at its terminal'
  contains told 'turn-ended|s|its turn has ended: All done'
  contains told 'hung|s|the worker shows no activity'
  contains told 'ended|s|interrupted with exit code 143 in iteration 1 of 1'
  node -e '
    const told = require("node:fs").readFileSync("told.json", "utf8").trim().split("\n").map((line) => JSON.parse(line))
    const hung = told.filter(({ event }) => event === "hung")
    if (String(hung.map(({ cause }) => cause)) !== "awaiting-input,awaiting-input,silent") throw told
    if (!told.every((it) => it.session === "s" && it.generation === 1 && it.iteration === 1 && it.reason)) throw told
    if (told.at(-1).exit_code !== 143 || told.at(-1).lock_dir !== process.env.LOCK_DIR) throw told'
}

are_gone() { # PID...
  local pid
  for pid; do is_gone "$pid" || return 1; done
}

@test "the death of the owner is told once: by its guard, by the watchdog, and also when both are killed a moment later" {
  teller
  local how engine guards
  for how in owner owner-and-guard; do
    : >told
    start_engine "$how" --notify ./tell -- sleep 1000
    engine=$REPLY
    eventually has_refresher "$how"
    guards=$(guards_of "$engine")
    if [[ $how == owner ]]; then kill -KILL "$engine"; else kill -KILL "$engine" "$(part "$how" refresher)"; fi
    eventually tells owner-died 1
    contains told "the owner (pid $engine) has died in iteration 1 of 1"
    # Whoever could tell it a second time is gone.
    # shellcheck disable=SC2086 # a list of pids
    eventually are_gone $guards
    eventually nobody_tells
    events_are owner-died
  done
}

@test "a command that hangs delays neither heartbeats nor the end, holds no lock and none of the caller's output" {
  cat >tell <<'JOB'
#!/bin/sh
echo "$LOCK_EVENT $$" >>told
ls -l /proc/$$/fd >>fds
echo 'this is not for the caller'
exec sleep 1000
JOB
  chmod +x tell
  mkfifo gate
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --notify ./tell -- sh -c 'cat gate; cat gate'
  local engine=$REPLY pid
  eventually says told hung
  echo again >gate
  eventually says told active-again
  echo more >gate
  wait "$engine"
  state_is s free
  eventually says told ended
  # The first ones still hang.
  while read -r _ pid; do
    is_alive "$pid"
    STARTED+=("$pid")
  done <told
  flock -n "$LOCK_DIR/s.lock" true
  lacks fds "$LOCK_DIR/s.lock"
  lacks s.out 'not for the caller'
  # What reads the caller's output to its end is not kept waiting.
  [[ $(timeout 20 engine.sh run other --notify ./tell -- echo shown 2>/dev/null) == shown ]]
  while read -r _ pid; do STARTED+=("$pid"); kill -KILL "$pid" || true; done <told
}

has_failures() { # COUNT EVENT
  [[ -f $LOCK_DIR/s/runs/1/notify.log && $(grep -cF "exit code 3 ($2)" "$LOCK_DIR/s/runs/1/notify.log") == "$1" ]]
}

@test "a command that fails is reported once, and is a line in the run's directory each time" {
  mkfifo gate
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --notify 'exit 3' -n 2 -- cat gate
  local engine=$REPLY
  eventually has_failures 1 hung
  echo again >gate
  eventually has_failures 2 hung
  echo again >gate
  wait "$engine"
  [[ $(grep -c 'the command of --notify has failed' s.out) == 1 ]]
  eventually says "$LOCK_DIR/s/runs/1/notify.log" '--notify ended with exit code 3 (ended)'
  contains "$LOCK_DIR/s/runs/1/notify.log" '--notify ended with exit code 3 (hung)'
  # One that is killed, one that has no program, and a directory that is gone.
  engine.sh run killed --notify 'kill -9 $$' -- true
  eventually says "$LOCK_DIR/killed/runs/1/notify.log" 'was killed (SIGKILL)'
  engine.sh run missing --notify no-such-program -- true
  eventually says "$LOCK_DIR/missing/runs/1/notify.log" 'exit code 127'
  mkdir place
  local told=$PWD/told.gone
  (cd place && engine.sh run gone --notify "echo \"\$LOCK_EVENT \$PWD\" >'$told'" -- rm -r "$PWD") || true
  eventually says "$told" 'ended /'
}

@test "what is no command is refused before the run starts, and notify-test tries one" {
  refuses 64 engine.sh run s --notify 'echo "' -- true
  refuses 78 lock.sh notify-test
  refuses 78 lock.sh notify-test s
  refuses 64 lock.sh notify-test --event hunger --notify true
  refuses 74 lock.sh notify-test --notify 'echo shown; exit 4'
  [[ $output == *shown*'ended with exit code 4'* ]]
  run lock.sh notify-test s --event ended --notify 'echo "$LOCK_EVENT $LOCK_SESSION"; cat'
  [[ $status == 0 && $output == *'ended s'*'"event":"ended","session":"s"'*'"test":true'* ]]
  # From the environment, the file, and the run that is there.
  LOCK_NOTIFY='echo from-environment' run lock.sh notify-test
  [[ $status == 0 && $output == *from-environment* ]]
  printf 'notify: echo from-file\nsessions:\n  s:\n    command: sleep 1000\n' >engine.yaml
  run lock.sh notify-test s
  [[ $status == 0 && $output == *'from-file'*"$PWD/engine.yaml"* ]]
  start_engine s --notify 'echo from-run' -- sleep 1000
  eventually in_iteration s 1
  run lock.sh notify-test s
  [[ $status == 0 && $output == *from-run*'run 1 of s'* ]]
}

@test "notify in engine.yaml holds for all its sessions" {
  teller
  printf 'notify: ./tell\nsessions:\n  a:\n    command: "true"\n  b:\n    command: "false"\n    notify: "echo own >>own"\n' >engine.yaml
  engine.sh run a 2>err
  lacks err notify
  engine.sh run b || true
  eventually events_are ended
  contains told 'ended|a|completed with exit code 0'
  eventually says own own
}

@test "--on-hung interrupt ends the iteration as failed, keeps the incident, and goes on" {
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --on-hung interrupt --max-failures 3 -n 3 -- sh -c '[ $LOCK_ITERATION = 2 ] || sleep 1000; echo fine'
  wait "$REPLY" || [[ $? == 143 ]]
  lock.sh history s --json >history.json
  [[ $(grep -c '"result":"failed"' history.json) == 2 ]]
  [[ $(grep -c '"result":"ok"' history.json) == 1 ]]
  contains s.out 'iteration 1 hangs (silent); ending it, as --on-hung says'
  [[ $(find "$LOCK_DIR/s/incidents" -name '*-hung' | wc -l) == 2 ]]
  contains history.json "$LOCK_DIR/s/incidents/"
  grep -qF '"state": "hung"' "$LOCK_DIR"/s/incidents/*-hung/why.json
}

@test "--on-hung stop ends the run as failed, with the reason, also when the worker says 0 to its end" {
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --on-hung stop --max-failures inf -n inf -- bash -c 'trap "exit 0" TERM; sleep 1000 & wait'
  local code=0
  wait "$REPLY" || code=$?
  [[ $code == 1 ]]
  [[ $(lock.sh status s --json) == *'"reason": "failed"'*'its worker hung (silent): --on-hung stop'* ]]
  lock.sh history s --json | grep -F '"result":"failed"'
}

@test "--hung-grace waits, and a worker that works again in that time is left alone; report ends nothing" {
  mkfifo gate
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --on-hung stop --hung-grace 60s -- sh -c 'cat gate; sleep 1'
  local engine=$REPLY
  eventually state_is s hung
  echo again >gate
  wait "$engine"
  [[ ! -d $LOCK_DIR/s/incidents ]]
  # shellcheck disable=SC2086 # words
  start_engine r $LIMITS -- sleep 1000
  eventually state_is r hung
  a_later_one_hangs_and_is_stopped
  in_iteration r 1
  refuses 64 engine.sh run t --on-hung restart -- true
}

@test "--on-hung acts also when the guard was killed in the grace; an owner that is stopped is only reported" {
  teller
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS --on-hung stop --hung-grace 8s --notify ./tell -- sleep 1000
  local engine=$REPLY
  eventually tells hung 1
  kill -KILL "$(part s refresher)"
  local code=0
  wait "$engine" || code=$?
  [[ $code == 143 ]]
  [[ $(lock.sh status s --json) == *'--on-hung stop'* ]]
  eventually tells ended 1
  events_are 'hung ended'
  : >told
  # shellcheck disable=SC2086 # words
  start_engine o --heartbeat-interval 0.3s --stale-after 4s --on-hung stop --notify ./tell -- sh -c 'while :; do sleep 0.1; date +%N; done'
  engine=$REPLY
  eventually has_refresher o
  kill -STOP "$engine"
  eventually tells hung 1
  contains told 'does not respond'
  a_later_one_hangs_and_is_stopped
  kill -CONT "$engine"
  eventually tells active-again 1
  in_iteration o 1
  # Who tells of the end writes into this directory, which is removed then.
  engine.sh stop o
  eventually tells ended 1
  eventually nobody_tells
}
