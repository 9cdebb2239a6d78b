#!/usr/bin/env bats
# engine.sh: options, exit codes, the environment of the worker, misuse.

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

@test "gives the worker its session, generation, iteration and cookie" {
  # shellcheck disable=SC2016
  engine.sh run s -n 2 -- bash -c 'echo "$LOCK_SESSION $LOCK_GENERATION $LOCK_ITERATION/$LOCK_ITERATIONS $LOCK_DIR ${#LOCK_COOKIE}" >>seen'
  [[ $(<seen) == "s 1 1/2 $LOCK_DIR 36"$'\n'"s 1 2/2 $LOCK_DIR 36" ]]
}

@test "hands on the command's exit code, 128+n for a signal, 124 for a time-out, 127 and 126 as a shell" {
  refuses 7 engine.sh run s -- bash -c 'exit 7'
  # shellcheck disable=SC2016
  refuses 137 engine.sh run s -- bash -c 'kill -KILL $$'
  refuses 124 engine.sh run s --timeout 0.2 -- sleep 1000
  local code=0
  engine.sh run s -- no-such-command-anywhere 2>err || code=$?
  [[ $code == 127 ]]
  contains err 'command not found'
  touch not-executable
  refuses 126 engine.sh run s -- ./not-executable
}

@test "stops after --max-failures in a row" {
  # shellcheck disable=SC2016
  refuses 1 engine.sh run s -n 9 --max-failures 2 -- bash -c 'echo >>runs; exit $((LOCK_ITERATION > 1))'
  [[ $(wc -l <runs) -eq 3 ]]
}

@test "writes results to stdout and all else to stderr" {
  engine.sh run s -- echo result >out 2>err
  [[ $(<out) == result ]]
  contains err 'run 1 of s'
}

@test "the worker does not inherit the lock's descriptor" {
  engine.sh run s -- bash -c 'ls -l /proc/self/fd >fds'
  lacks fds s.lock
}

@test "leaves alone what the command has left running in the background" {
  engine.sh run s -n 2 -- bash -c 'sleep 1000 >/dev/null 2>&1 3>&- & echo $! >>left'
  local pid
  while read -r pid; do is_alive "$pid"; done <left
  xargs kill -KILL <left
}

@test "a stop ends the pause between iterations, and the pause is not taken for a hang" {
  start_engine s -n 5 --delay 1000 --stale-after 1 -- true
  local engine=$REPLY
  eventually phase_is s waiting
  engine.sh stop s --after-iteration
  eventually is_gone "$engine"
  refuses 3 lock.sh status s
  [[ $(field s iteration) == 1 ]]
}

@test "stop --after-iteration lets the iteration end" {
  # shellcheck disable=SC2016
  start_engine s -n 5 -- bash -c 'until [[ -e go ]]; do sleep 0.05; done; echo "$LOCK_ITERATION" >>iterations'
  local engine=$REPLY
  eventually has_refresher s
  run engine.sh stop s --after-iteration
  [[ $status == 0 && $output == 's ends after iteration 1' ]]
  state_is s active
  touch go
  eventually is_gone "$engine"
  [[ $(<iterations) == 1 ]]
}

@test "shuts down step by step: stopping is written before the worker is ended" {
  start_engine s --grace 1000 -- bash -c 'trap "until [[ -e go ]]; do sleep 0.05; done; exit 0" TERM; touch up; while :; do sleep 0.05; done'
  local engine=$REPLY refresher
  eventually test -e up
  eventually has_refresher s
  refresher=$(part s refresher)
  kill -TERM "$engine"
  eventually phase_is s stopping
  # It guards the worker until its end, whatever becomes of the engine.
  is_alive "$refresher"
  state_is s active
  touch go
  eventually is_gone "$engine"
  eventually is_gone "$refresher"
  local code=0
  wait "$engine" || code=$?
  [[ $code == 143 ]]
  contains "$LOCK_DIR/s.json" '"phase": "ended"'
  flock -n "$LOCK_DIR/s.lock" true
}

@test "two starts at once: one runs, the other is told who" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  refuses 75 engine.sh run s -- true
  [[ $output == *"pid $REPLY"* && $output == *'sleep 1000'* ]]
}

@test "--wait gets the session when it becomes free, and gives up at its limit" {
  start_engine s -- bash -c 'until [[ -e go ]]; do sleep 0.05; done'
  eventually has_refresher s
  refuses 75 engine.sh run s --wait 0.2 -- true
  engine.sh run s --wait -- touch got 2>waiting 3>&- &
  STARTED+=($!)
  eventually contains waiting 'waiting'
  touch go
  eventually test -e got
}

@test "run without a command goes on, --fresh starts again, and a finished run says how to give one" {
  refuses 64 engine.sh run s
  [[ $output == *'engine.sh run s -n 10 -- '* ]]
  # shellcheck disable=SC2016
  refuses 1 engine.sh run s -n 3 -- bash -c 'echo "$LOCK_ITERATION" >>iterations; [[ $LOCK_ITERATION != 2 || -e fixed ]]'
  touch fixed
  engine.sh run s
  [[ $(<iterations) == $'1\n2\n3' ]]
  refuses 64 engine.sh run s
  engine.sh run s --fresh
  [[ $(<iterations) == $'1\n2\n3\n1\n2\n3' ]]
}

@test "a session is not restarted from inside itself" {
  refuses 75 engine.sh run s -- engine.sh run s --force -- true
  [[ $output == *'inside s itself'* ]]
}

@test "refuses bad names with the rule, and wrong options with the fix" {
  local name
  for name in ../x 'a b' a.b a:b '' _a "$(printf 'a%.0s' {1..65})"; do
    refuses 64 engine.sh run "$name" -- true
    [[ $output == *'A name has 1 to 64 letters'* ]]
  done
  [[ ! -e $LOCK_DIR ]]
  refuses 64 engine.sh run -n -- true
  refuses 64 engine.sh run s
  refuses 64 engine.sh run s --
  refuses 64 engine.sh run s true
  [[ $output == *'behind "--"'* ]]
  refuses 64 engine.sh run s --timeout soon -- true
  refuses 64 engine.sh run s -n 0 -- true
  refuses 64 engine.sh run s --heartbeat-interval 10 --stale-after 20 -- true
  refuses 64 engine.sh run s --itertions 3 -- true
  [[ $output == *'--iterations'* ]]
  refuses 64 engine.sh
  refuses 64 engine.sh walk
}

@test "refuses a lock directory that is not safe, with the fix" {
  mkdir -m 755 "$LOCK_DIR"
  refuses 77 engine.sh run s -- true
  [[ $output == *"chmod 700 $LOCK_DIR"* ]]
  rmdir "$LOCK_DIR"
  touch "$LOCK_DIR"
  refuses 77 engine.sh run s -- true
  rm "$LOCK_DIR"
  LOCK_DIR=/proc/locks-cannot-be-made refuses 73 engine.sh run s -- true
}

@test "moves an unusable record aside, and starts after its generation" {
  engine.sh run s -- true
  local bad
  for bad in '' '{"format": 1' 'null' '[]' $'\xff\xfe'; do
    printf '%s' "$bad" >"$LOCK_DIR/s.json"
    refuses 4 lock.sh status s
    engine.sh run s -- true
  done
  [[ $(field s generation) == 6 ]]
  [[ $(compgen -G "$LOCK_DIR/s.json.corrupt-*" | wc -l) -ge 1 ]]
}

@test "never overwrites a newer record" {
  engine.sh run s -- true
  echo '{"format": 2}' >"$LOCK_DIR/s.json"
  refuses 65 engine.sh run s -- true
  refuses 65 engine.sh run s --force -- true
  refuses 4 lock.sh status s
  [[ $(<"$LOCK_DIR/s.json") == '{"format": 2}' ]]
}

@test "follows no link in place of a lock, a record or a session's directory" {
  engine.sh run s -- true
  touch victim
  ln -sf "$PWD/victim" "$LOCK_DIR/a.lock"
  refuses 77 engine.sh run a -- true
  ln -sf "$PWD/victim" "$LOCK_DIR/b.json"
  refuses 4 lock.sh status b
  engine.sh run b -- true
  ln -sf "$PWD" "$LOCK_DIR/c"
  refuses 77 engine.sh run c -- true
  [[ ! -s victim && ! -e runs ]]
}

@test "ends a daemon that has shed every proof but that it was seen, on stop and after a crash" {
  local round daemon engine parent
  for round in stop crash; do
    rm -f daemon go
    # In a session of its own, without the cookie; its parents end when it has been seen.
    start_engine s --heartbeat-interval 0.2 -- bash -c '( env -i setsid sleep 1000 & echo $! >daemon; until [[ -e go ]]; do sleep 0.05; done ) & sleep 1000'
    engine=$REPLY
    eventually test -s daemon
    daemon=$(<daemon)
    eventually is_member s "$daemon"
    parent=$(parent_of "$daemon")
    touch go
    eventually has_another_parent "$daemon" "$parent"
    if [[ $round == stop ]]; then engine.sh stop s; else kill -KILL "$engine"; fi
    eventually is_gone "$daemon"
    eventually lock_is_free s
  done
}
is_member() { sed -n '/^ "members": \[/,/^ \]/p' "$LOCK_DIR/$1.json" | grep -q "\"pid\": $2,"; }
# Not always process 1: a service manager takes those in who lose their parents.
parent_of() { ps -o ppid= -p "$1" | tr -d ' '; }
has_another_parent() { [[ $(parent_of "$1") != "$2" ]]; }
lock_is_free() { flock -n "$LOCK_DIR/$1.lock" true; }
