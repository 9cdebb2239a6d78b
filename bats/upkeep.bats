#!/usr/bin/env bats
# What is left of sessions: forgotten, hidden when it is old, and continued after a reboot.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status, output and stderr
# shellcheck disable=SC2016 # The bash in there expands it.
bats_require_minimum_version 1.5.0
load helpers
setup() { sandbox; }
teardown() { clean_sandbox; }

owner_of() { sed -n 's/^ "pid": \([0-9]*\),$/\1/p' "$LOCK_DIR/$1.json"; }

# Makes a session look as if it had ended that many seconds earlier.
age() { # NAME SECONDS
  node -e 'const fs = require("fs"); const [, file, seconds] = process.argv; const r = JSON.parse(fs.readFileSync(file)); r.ended.epoch -= Number(seconds); fs.writeFileSync(file, JSON.stringify(r))' "$LOCK_DIR/$1.json" "$2"
}

@test "forget removes all files of an ended session but its lock, and its generation is not used again" {
  engine.sh run docs -- echo one
  engine.sh run docs -- echo two
  run lock.sh forget docs
  [ "$status" -eq 0 ]
  [ "$output" = 'forgot docs' ]
  [ ! -e "$LOCK_DIR/docs.json" ]
  [ -e "$LOCK_DIR/docs.lock" ]
  [ "$(find "$LOCK_DIR/docs" -type f)" = '' ]
  run lock.sh status docs
  [ "$status" -eq 3 ]
  engine.sh run docs -- true
  lock.sh status docs --json | grep -q '"generation": 3'
  run lock.sh forget never-run
  [ "$status" -eq 0 ]
  [[ $output == *'has never run'* ]]
  [ ! -e "$LOCK_DIR/never-run.lock" ]
}

@test "forget refuses what is held, even with --force, and what is unfinished without it" {
  engine.sh run held -- sleep 1000 &
  STARTED+=($!)
  eventually lock.sh status held
  run lock.sh forget held --force
  [ "$status" -eq 75 ]
  [[ $output == *'held is held by pid'* ]]
  engine.sh run half -n 3 -- false || true
  run lock.sh forget half
  [ "$status" -eq 75 ]
  [[ $output == *'half is unfinished'*'engine.sh run half'* ]]
  run lock.sh forget --ended
  [ "$status" -eq 0 ]
  [[ $output == *'kept, because unfinished: half'* ]]
  run lock.sh forget half --force
  [ "$status" -eq 0 ]
  [ ! -e "$LOCK_DIR/half.json" ]
  run lock.sh forget
  [ "$status" -eq 64 ]
  run lock.sh forget x --ended
  [ "$status" -eq 64 ]
}

@test "forget --ended --older-than takes only what ended long ago; --dry-run only says so" {
  engine.sh run old -- true
  engine.sh run new -- true
  age old 700000
  run lock.sh forget --ended --older-than 7d --dry-run
  [ "$status" -eq 0 ]
  [ "$output" = 'would forget old' ]
  [ -e "$LOCK_DIR/old.json" ]
  run lock.sh forget --ended --older-than 7d
  [ "$output" = 'forgot old' ]
  [ ! -e "$LOCK_DIR/old.json" ]
  [ -e "$LOCK_DIR/new.json" ]
}

@test "forget --force of a dead session ends what its owner left" {
  engine.sh run gone -- bash -c 'echo $$ >worker; exec sleep 1000' &
  STARTED+=($!)
  eventually test -s worker
  kill_with_guards "$(owner_of gone)"
  eventually lock_is dead gone
  is_alive "$(cat worker)"
  run lock.sh forget gone
  [ "$status" -eq 75 ]
  [[ $output == *'has lost its owner'* ]]
  run lock.sh forget gone --force
  [ "$status" -eq 0 ]
  [ ! -e "$LOCK_DIR/gone.json" ]
  run is_alive "$(cat worker)"
  [ "$status" -ne 0 ]
}

lock_is() { # STATE NAME
  lock.sh status "$2" --json | grep -q "\"state\": \"$1\""
}

@test "status hides what ended more than a day ago, and says how many; --all and --json show it" {
  engine.sh run old -- true
  engine.sh run new -- true
  age old 90000
  run --separate-stderr lock.sh status
  [[ $output == *new* && $output != *old* ]]
  [[ $stderr == *'1 session that ended more than a day ago is not shown'* ]]
  run lock.sh status --all
  [[ $output == *new* && $output == *old* ]]
  lock.sh status --json | grep -q '"session": "old"'
  lock.sh status old | grep -q old
}

@test "resume --all continues what a reboot or a log-out has cut short, and not what a person has stopped" {
  for name in killed hung-up stopped finished; do
    engine.sh run -d $name -n 5 -- bash -c 'echo "$LOCK_SESSION $LOCK_ITERATION" >>log; [[ $LOCK_SESSION == finished ]] || sleep 1000'
  done
  eventually grep -q 'stopped 1' log
  eventually grep -q 'hung-up 1' log
  eventually grep -q 'killed 1' log
  engine.sh stop stopped
  kill -KILL "$(owner_of killed)"
  kill -HUP "$(owner_of hung-up)"
  eventually lock_is dead killed
  eventually flock -n "$LOCK_DIR/killed.lock" true
  eventually lock_is free hung-up
  eventually lock_is free finished
  tmux kill-server
  eventually has_no_server
  run engine.sh resume --all --dry-run
  [ "$status" -eq 0 ]
  [ "$output" = "would resume hung-up in $PWD
would resume killed in $PWD" ]
  run engine.sh resume --all
  [ "$status" -eq 0 ]
  eventually grep -q 'hung-up 2' log
  eventually grep -q 'killed 2' log
  tmux has-session -t =killed:
  run engine.sh resume --all
  [[ $output == *'nothing to resume'* ]]
  run engine.sh resume
  [ "$status" -eq 64 ]
}

has_no_server() { ! tmux list-sessions 2>/dev/null; }

@test "an endless run keeps the output of its newest iterations, within a size, and all of its history" {
  start_engine s -n inf --keep 3 -- bash -c 'echo "says $LOCK_ITERATION"; [[ $LOCK_ITERATION -lt 9 ]] || exec sleep 1000'
  eventually in_iteration s 9
  eventually is_printed s 9
  [[ $(cd "$LOCK_DIR/s/runs/1" && echo *.log) == '6.0.log 7.0.log 8.0.log 9.0.log' ]]
  refuses 69 lock.sh logs s --iteration 2
  [[ $output == *'iteration 2 of run 1 of s, 7 B, is not there any more'*--keep-size* ]]
  [[ $(lock.sh logs s --iteration 8) == 'says 8' ]]
  [[ $(grep -c '"kind":"iteration"' "$LOCK_DIR/s/history.jsonl") == 8 ]]
  engine.sh stop s

  engine.sh run t -n 30 --keep 1000 --keep-size 100K -- bash -c 'head -c 20000 /dev/zero | tr "\\0" x; echo'
  [[ $(cat "$LOCK_DIR"/t/runs/1/*.log | wc -c) -le 102400 ]]
  [[ $(cd "$LOCK_DIR/t/runs/1" && echo *.log) == '26.0.log 27.0.log 28.0.log 29.0.log 30.0.log' ]]
  # All runs count, and the new one takes from the old ones first.
  engine.sh run t -n 2 --keep 1000 --keep-size 100K -- bash -c 'head -c 20000 /dev/zero | tr "\\0" x; echo'
  [[ $(cd "$LOCK_DIR/t/runs/1" && echo *.log) == '28.0.log 29.0.log 30.0.log' ]]
  [[ $(cd "$LOCK_DIR/t/runs/2" && echo *.log) == '1.0.log 2.0.log' ]]
}
is_printed() { [[ -s $LOCK_DIR/$1/runs/1/$2.0.log ]]; }
