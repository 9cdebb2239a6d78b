#!/usr/bin/env bats
# What runs have left, read back: logs, history, notes. The files are made by hand, as docs/FORMAT.md has them.

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

# Appends to a segment of a run's output.
put() { # NAME RUN FILE TEXT
  (umask 077 && mkdir -p "$LOCK_DIR/$1/runs/$2")
  # shellcheck disable=SC2059 # The text has escapes.
  printf "$4" >>"$LOCK_DIR/$1/runs/$2/$3"
}

# One iteration of the history.
entry() { # NAME RUN ITERATION RESULT
  printf '{"kind":"iteration","generation":%d,"iteration":%d,"started_epoch":1800000000.5,"duration":61.2,"result":"%s","exit_code":3,"signal":null,"beats":4,"longest_quiet":9.5,"output_bytes":1258291,"output_lost":0,"left_running":0,"incident":null}\n' \
    "$2" "$3" "$4" >>"$LOCK_DIR/$1/history.jsonl"
}

follow() { # NAME OPTION...; its output in out and err, its pid in REPLY
  lock.sh logs "$@" -f >out 2>err 3>&- &
  REPLY=$!
  STARTED+=("$REPLY")
}

@test "logs shows the newest iteration, byte by byte" {
  put s 1 1.0.log 'old\n'
  put s 2 1.0.log 'first\n'
  head -c 100000 /dev/urandom >bytes
  cp bytes "$LOCK_DIR/s/runs/2/2.0.log"
  lock.sh logs s | cmp - bytes
  [[ $(lock.sh logs s --iteration 1) == first ]]
  [[ $(lock.sh logs s --generation 1) == old ]]
}

@test "logs -n shows the last lines, across segments, and says where bytes are missing" {
  put s 1 1.0.log 'a\nb\nc'
  put s 1 1.5.log 'c\nd\n'
  put s 1 1.3000009.log 'e\n'
  [[ $(lock.sh logs s -n 4) == $'b\ncc\nd\n[... 2.9 MB not kept ...]\ne' ]]
  [[ $(lock.sh logs s -n 1) == e ]]
  [[ -z $(lock.sh logs s -n 0) ]]
  refuses 64 lock.sh logs s -n x
}

@test "logs of what does not exist names what does" {
  refuses 69 lock.sh logs s
  [[ $output == *'has never run'* ]]
  local number
  for number in 1 2 3 5; do put s 4 "$number.0.log" x; done
  refuses 64 lock.sh logs s --iteration 4
  [[ $output == *'there are 1-3, 5'* ]]
  refuses 64 lock.sh logs s --generation 5
  [[ $output == *'run 4'* ]]
  refuses 69 lock.sh logs s --generation 3
  [[ $output == *'not kept any more'* ]]
}

@test "a segment that was replaced, or may not be read, is said and passed over" {
  put s 1 1.0.log 'a\n'
  put s 1 1.9.log 'b\n'
  mkdir "$LOCK_DIR/s/runs/1/1.2.log"
  mkfifo "$LOCK_DIR/s/runs/1/1.4.log"
  ln -s /etc/passwd "$LOCK_DIR/s/runs/1/1.6.log"
  lock.sh logs s >out 2>err
  [[ $(<out) == $'a\n[... 7 B not kept ...]\nb' ]]
  [[ $(wc -l <err) == 3 ]]
  contains err '1.2.log is a directory'
  contains err '1.4.log is a pipe'
  contains err '1.6.log is a symbolic link'
}

@test "logs -f goes on into the next iteration and ends when the run does" {
  start_engine s -- bash -c 'until [[ -e go ]]; do sleep 0.05; done'
  local engine=$REPLY
  eventually has_refresher s
  follow s
  local follower=$REPLY
  eventually contains err 'has printed nothing yet'
  put s 1 1.0.log 'one\n'
  eventually contains out one
  put s 1 1.0.log 'two'
  put s 1 1.7.log 'three\n'
  put s 1 2.0.log 'four\n'
  eventually contains out four
  contains err 'iteration 2 of run 1'
  put s 1 2.0.log 'last'
  touch go
  wait "$engine"
  wait "$follower"
  [[ $(<out) == $'one\ntwothree\nfour\nlast' ]]
}

@test "logs -f ends when the owner is dead, with all that was left" {
  start_engine s -- sleep 1000
  local engine=$REPLY
  eventually has_refresher s
  put s 1 1.0.log 'one\n'
  follow s -n 1
  local follower=$REPLY
  eventually contains out one
  put s 1 1.0.log 'two\n'
  eventually contains out two
  put s 1 1.0.log 'three\n'
  kill -KILL "$engine"
  wait "$follower"
  [[ $(tail -n 1 out) == three ]]
}

@test "logs ends quietly when its reader does, also while nothing is printed" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  put s 1 1.0.log 'one\ntwo\n'
  run bash -c 'lock.sh logs s -f | head -n 1; echo "${PIPESTATUS[0]}"'
  [[ $output == $'one\n0' ]]
  yes | head -c 3000000 >"$LOCK_DIR/s/runs/1/2.0.log"
  run bash -c 'lock.sh logs s | head -n 1; echo "${PIPESTATUS[0]}"'
  [[ $output == $'y\n0' ]]
}

@test "history shows every iteration, and says what cannot be read" {
  put s 3 1.0.log x
  entry s 3 1 ok
  echo '{"kind":"event","generation":3,"epoch":1800000000,"event":"forced","iteration":1,"detail":"run 2 was hung"}' >>"$LOCK_DIR/s/history.jsonl"
  echo rubbish >>"$LOCK_DIR/s/history.jsonl"
  entry s 3 2 failed
  printf '{"kind":"iterat' >>"$LOCK_DIR/s/history.jsonl"
  lock.sh history s >out 2>err
  [[ $(sed -n 1p out) == RUN*ITERATION*START*DURATION*RESULT*QUIET*SIZE ]]
  [[ $(sed -n 3p out) == 'run 3 forced '*': run 2 was hung' ]]
  [[ $(sed -n 4p out) == '3 '*'1m 1s'*'failed 3'*'9.5s'*'1.2 MB' ]]
  contains err '1 line of the history cannot be read'
  contains err 'was cut off'
  lock.sh history s --json 2>/dev/null | node -e '
    const history = JSON.parse(require("fs").readFileSync(0, "utf8"))
    require("assert").deepEqual(history.map(({ iteration }) => iteration), [1, 2])
    require("assert").deepEqual(Object.keys(history[0]), ["generation", "iteration", "started_epoch", "duration",
      "result", "exit_code", "signal", "beats", "longest_quiet", "output_bytes", "output_lost", "left_running", "incident", "changed"])'
}

@test "history of a session without one is empty, and one that is no file is an error" {
  [[ $(lock.sh history s --json) == '[]' ]]
  [[ -z $(lock.sh history s 2>err) ]]
  contains err 'no history'
  put s 1 1.0.log x
  mkfifo "$LOCK_DIR/s/history.jsonl"
  refuses 74 lock.sh history s
  [[ $output == *'is a pipe'* ]]
}

@test "progress leaves a note from inside of a run, and from nowhere else" {
  engine.sh run s -- bash -c 'lock.sh progress --for 20m "half way"; lock.sh progress' 2>err
  [[ $(sed 's/"epoch":[0-9.]*/E/' "$LOCK_DIR/s/runs/1/notes.jsonl") == '{E,"iteration":1,"note":"half way","for":1200}
{E,"iteration":1,"note":"","for":null}' ]]
  refuses 64 lock.sh progress
  [[ $output == *'LOCK_COOKIE'* ]]
  # What a run has left in the background may outlive it.
  engine.sh run s -- bash -c 'export -p >environment' 2>err
  refuses 69 bash -c '. ./environment; lock.sh progress'
  engine.sh run s -- true 2>err
  refuses 80 bash -c '. ./environment; lock.sh progress'
  [[ ! -e $LOCK_DIR/s/runs/2/notes.jsonl ]]
}

@test "interrupt asks for the end of one iteration, waits for it, and the run goes on" {
  # shellcheck disable=SC2016 # The worker expands it.
  start_engine s -n 2 --max-failures inf --grace 5 -- bash -c '[[ $LOCK_ITERATION == 2 ]] || exec sleep 1000'
  local engine=$REPLY
  eventually in_iteration s 1
  lock.sh interrupt s >out 2>err 3>&- &
  local interrupter=$!
  STARTED+=("$interrupter")
  eventually asked_to_end s 1
  kill -TERM "$(part s worker)" || true
  wait "$interrupter"
  contains out 'iteration 1 of s has ended'
  wait "$engine"
  [[ $(field s iteration) == 2 ]]
  refuses 0 lock.sh interrupt s
  [[ $output == *'does not run'* ]]
}

# The request is there, or the iteration that it was for has ended already.
asked_to_end() { # NAME ITERATION
  [[ $(field "$1" iteration) != "$2" ]] || grep -qsF '"request":"interrupt-iteration","generation":1,"iteration":'"$2" "$LOCK_DIR/$1/request.json"
}

@test "interrupt asks nothing of an owner that is stopped" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  kill -STOP "$REPLY"
  eventually stopped "$REPLY"
  refuses 75 lock.sh interrupt s
  [[ $output == *'is stopped'* && $output == *"kill -CONT $REPLY"* && ! -e $LOCK_DIR/s/request.json ]]
  kill -CONT "$REPLY"
}

stopped() { # PID
  local stat
  read -r stat <"/proc/$1/stat"
  [[ ${stat##*) } == T* ]]
}
