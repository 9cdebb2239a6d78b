#!/usr/bin/env bats
# What a run needs beside its session: places, exclusive paths, its turn.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell
# shellcheck disable=SC2016 # The shell in there expands it.
load helpers
setup() { sandbox; }
teardown() { clean_sandbox; }

# Runs until the test makes the file NAME.go.
start_held() { # NAME OPTION...
  local name=$1
  shift
  start_engine "$name" "$@" -- sh -c "until [ -e $name.go ]; do sleep 0.05; done; echo $name >>order"
}
let_go() { : >"$1.go"; }
# Holds the lock on `living` as long as it lives, and takes its time to end.
# shellcheck disable=SC2016 # for the inner shell
STUBBORN='exec 9>living; flock 9; trap "sleep 0.3; exit" TERM; echo $$ >worker; while :; do sleep 0.05 9>&-; done'
says() { [[ -f $1.out ]] && contains "$1.out" "$2"; }

@test "one run more than LOCK_MAX_SESSIONS is refused, and told who has the places" {
  export LOCK_MAX_SESSIONS=2
  start_held one
  local one=$REPLY
  start_held two
  eventually in_iteration one 1
  eventually in_iteration two 1
  refuses 75 engine.sh run three -- true
  [[ $output == *'LOCK_MAX_SESSIONS is 2'* && $output == *'one, pid '* && $output == *'two, pid '* ]]
  [[ $output == *--wait* ]]
  # What is refused holds nothing.
  refuses 3 lock.sh status three
  flock -n "$LOCK_DIR/three.lock" true
  let_go one
  # The record says so a moment before the place is free.
  wait "$one"
  engine.sh run three -- true
}

@test "a run with --wait starts when a place is free" {
  export LOCK_MAX_SESSIONS=1
  start_held one
  eventually in_iteration one 1
  start_engine two --wait -- true
  local two=$REPLY
  eventually says two '1st in line: no place is free'
  let_go one
  wait "$two"
  start_held four
  eventually in_iteration four 1
  refuses 75 engine.sh run five --wait 0.3s -- true
  [[ $output == *'for at most 0.3s, 1st in line'* ]]
}

@test "max_sessions and groups of engine.yaml limit together; LOCK_MAX_SESSIONS wins over max_sessions" {
  cat >engine.yaml <<'YAML'
max_sessions: 2
groups: { agents: { max_sessions: 1 } }
sessions:
  one: { group: agents, command: sleep 1000 }
  two: { group: agents, command: 'true' }
  three: { command: sleep 1000 }
  four: { command: 'true' }
YAML
  start_engine one
  eventually in_iteration one 1
  refuses 75 engine.sh run two
  [[ $output == *'max_sessions of group agents is 1'*engine.yaml* && $output == *'one, pid '* ]]
  start_engine three
  eventually in_iteration three 1
  refuses 75 engine.sh run four
  [[ $output == *'max_sessions is 2'*engine.yaml* ]]
  LOCK_MAX_SESSIONS=3 engine.sh run four
  LOCK_MAX_SESSIONS=inf engine.sh run four
  LOCK_MAX_SESSIONS=none refuses 64 engine.sh run four
  [[ $output == *LOCK_MAX_SESSIONS* ]]
}

@test "a limit counts whatever runs: without a limit, and with a higher one" {
  start_held one
  local one=$REPLY three
  eventually in_iteration one 1
  LOCK_MAX_SESSIONS=1 refuses 75 engine.sh run two -- true
  [[ $output == *'one, pid '* ]]
  LOCK_MAX_SESSIONS=3 start_held three
  three=$REPLY
  LOCK_MAX_SESSIONS=3 start_held four
  eventually in_iteration three 1
  eventually in_iteration four 1
  let_go three
  wait "$three"
  # The first place is free, but two still run.
  LOCK_MAX_SESSIONS=2 refuses 75 engine.sh run two -- true
  [[ $output == *'one, pid '* && $output == *'four, pid '* ]]
  let_go one
  wait "$one"
  LOCK_MAX_SESSIONS=2 engine.sh run two -- true
}

@test "a place is held until the worker of a killed owner has ended, and no longer" {
  export LOCK_MAX_SESSIONS=1
  start_engine one --grace 5s -- bash -c "$STUBBORN"
  local engine=$REPLY
  eventually in_iteration one 1
  eventually test -s worker
  local worker
  worker=$(<worker)
  [ "$(readlink "/proc/$worker/fd/"* | grep -c "$LOCK_DIR/.places")" = 0 ]
  start_engine two --wait -- flock -n living true
  local two=$REPLY
  eventually says two '1st in line'
  kill -KILL "$engine"
  wait "$two"
}

@test "a place is held by the watchdog when owner and guard are killed together" {
  export LOCK_MAX_SESSIONS=1
  start_engine one --grace 5s -- bash -c "$STUBBORN"
  local engine=$REPLY
  eventually in_iteration one 1
  eventually has_refresher one
  eventually test -s worker
  local guard
  guard=$(part one refresher)
  start_engine two --wait -- flock -n living true
  local two=$REPLY
  eventually says two '1st in line'
  kill -STOP "$engine"
  eventually is_stopped "$engine"
  kill -KILL "$guard" "$engine"
  wait "$two"
}

@test "two runs that name one directory do not run at once, however they name it" {
  mkdir -p tree/sub
  ln -s tree link
  start_held one --exclusive tree
  eventually in_iteration one 1
  for path in tree tree/ ./tree/sub/.. link "$PWD/link"; do
    refuses 75 engine.sh run two --exclusive "$path" -- true
    [[ $output == *"$PWD/tree (--exclusive) is held by one, pid "*'engine.sh stop one'* ]]
  done
  engine.sh run two --exclusive tree/sub -- true
  engine.sh run two -- true
  lock.sh status one --json | grep -qF '"tree"'
  start_engine three --exclusive link --wait -- true
  local three=$REPLY
  eventually says three '1st in line'
  let_go one
  wait "$three"
}

@test "--exclusive . is the work tree of git that the run is in, or else the directory" {
  mkdir -p work/deep plain/deep
  git -C work init -q
  (cd work/deep && start_held one --exclusive . && printf '%s' "$REPLY" >"$BATS_TEST_TMPDIR/pid")
  STARTED+=("$(<pid)")
  eventually in_iteration one 1
  refuses 75 engine.sh run two --exclusive work -- true
  [[ $output == *"$PWD/work (--exclusive)"* ]]
  engine.sh run two --exclusive work/deep -- true
  : >work/deep/one.go
  eventually is_gone "$(<pid)"
  (cd plain/deep && start_held three --exclusive . && printf '%s' "$REPLY" >"$BATS_TEST_TMPDIR/pid")
  STARTED+=("$(<pid)")
  eventually in_iteration three 1
  refuses 75 engine.sh run two --exclusive plain/deep -- true
  engine.sh run two --exclusive plain -- true
}

@test "an exclusive path that is not there is refused, and nothing is held" {
  refuses 69 engine.sh run one --exclusive nowhere -- true
  [[ $output == *"$PWD/nowhere"* ]]
  engine.sh run one -- true
}

@test "paths in another order do not make two runs wait for each other" {
  mkdir a b
  local pids=() pid
  for round in 1 2 3 4; do
    start_engine "x$round" --wait --exclusive a --exclusive b -- true
    pids+=("$REPLY")
    start_engine "y$round" --wait --exclusive b --exclusive a -- true
    pids+=("$REPLY")
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

@test "those that wait come in the order of their arrival, and a dead one is passed over" {
  export LOCK_MAX_SESSIONS=1
  start_held one
  eventually in_iteration one 1
  local name dead
  for name in two three four five; do
    start_held "$name" --wait
    [ "$name" != three ] || dead=$REPLY
    let_go "$name"
    eventually says "$name" 'in line'
  done
  says four '3rd in line for a place, behind pid '
  says four 'which is to run three'
  kill -KILL "$dead"
  eventually says four '2nd in line for a place'
  # Nobody overtakes them.
  let_go one
  eventually has_lines order 4
  [ "$(paste -sd ' ' order)" = 'one two four five' ]
}

@test "who does not wait does not overtake those that do" {
  start_held one
  eventually in_iteration one 1
  start_engine one2 --wait -- true # Another session: no line for it.
  wait "$REPLY"
  engine.sh run one --wait -- sleep 1000 >waiter.out 2>&1 3>&- &
  local waiter=$!
  STARTED+=("$waiter")
  eventually says waiter '1st in line'
  # The lock is free for a moment, and it is the waiter's.
  kill -STOP "$waiter"
  let_go one
  eventually state_is one free
  refuses 75 engine.sh run one -- true
  [[ $output == *'one is waited for by pid '* ]]
  kill -CONT "$waiter"
  eventually generation_is one 2
}

@test "--force takes the session, and its place, before those that wait" {
  export LOCK_MAX_SESSIONS=1
  start_held one
  eventually in_iteration one 1
  start_engine two --wait -- sh -c 'echo two >>order'
  local two=$REPLY
  eventually says two '1st in line'
  engine.sh run one --force -- sh -c 'echo forced >>order'
  wait "$two"
  [ "$(paste -sd ' ' order)" = 'forced two' ]
}

@test "--force does not end an owner for a place that others have" {
  start_held one
  eventually in_iteration one 1
  mkdir tree
  start_held two --exclusive tree
  eventually in_iteration two 1
  refuses 75 engine.sh run one --force --exclusive tree -- true
  [[ $output == *'held by two'* ]]
  lock.sh status one
}

@test "flock on the file of a place or path by anybody counts like a run" {
  mkdir tree
  engine.sh run one --exclusive tree -- true
  local file
  file=$(ls "$LOCK_DIR"/.exclusive/*.lock)
  flock "$file" sleep 1000 3>&- &
  local flock=$!
  STARTED+=("$flock")
  # It has the lock by then.
  eventually pgrep -P "$flock" -x sleep
  refuses 75 engine.sh run one --exclusive tree -- true
  [[ $output == *'pid '*'sleep'* ]]
  end_with_children "$flock"
}

@test "status shows who waits, for what and in which turn, also with a session that has never run" {
  export LOCK_MAX_SESSIONS=1
  start_held one
  eventually in_iteration one 1
  start_engine two --wait -- true
  local two=$REPLY
  eventually says two '1st in line'
  start_engine three --wait -- true
  local three=$REPLY
  eventually says three '2nd in line'
  run lock.sh status
  [ "$status" -eq 0 ]
  [[ $output == *'two '*'free'* && $output == *WAITING* ]]
  grep -qE '^two +a place +1st .*pid [0-9]+$' <<<"$output"
  grep -qE '^three +a place +2nd .*pid [0-9]+, behind pid [0-9]+ \(two\)$' <<<"$output"
  refuses 3 lock.sh status three --json
  [[ $output == *'"turn": 2'* && $output == *'"a place"'* ]]
  kill -KILL "$two" "$three"
  eventually is_gone "$two"
  eventually is_gone "$three"
  run lock.sh status
  [[ $output != *WAITING* ]]
}

@test "run -d --wait says whether it runs, or waits in its pane and in which turn" {
  run engine.sh run free -d --wait -- sleep 1000
  [ "$status" -eq 0 ]
  [[ $output == *'free runs in its own tmux session'* ]]
  lock.sh status free
  run engine.sh run free -d --wait -- sh -c 'echo next >order'
  [ "$status" -eq 0 ]
  [[ $output == *'free waits in its own tmux session, 1st in line for free'* ]]
  engine.sh stop free
  eventually test -s order
}

@test "a waiting run that is killed leaves nothing that waits on, with flock and with perl" {
  local tool
  for tool in flock perl; do
    command -v "$tool" >/dev/null || continue
    export LOCK_FLOCK_STRATEGY=$tool LOCK_MAX_SESSIONS=1
    start_held "one-$tool"
    eventually in_iteration "one-$tool" 1
    start_engine "two-$tool" --wait -- true
    local two=$REPLY
    eventually says "two-$tool" '1st in line'
    # Behind the first one: it waits for a ticket, and not for the place.
    start_engine "three-$tool" --wait -- true
    eventually says "three-$tool" '2nd in line'
    local three=$REPLY
    eventually has_children "$two"
    eventually has_children "$three"
    local waiting
    waiting=$(descendants "$two"; descendants "$three")
    kill -KILL "$two" "$three"
    local pid
    for pid in $waiting; do eventually is_gone "$pid"; done
    let_go "one-$tool"
    eventually state_is "one-$tool" free
  done
}
has_children() { [[ -n $(pgrep -P "$1" -f 'flock|perl') ]]; }
descendants() { # PID
  local child
  for child in $(pgrep -P "$1"); do
    echo "$child"
    descendants "$child"
  done
}

@test "a place or an exclusive path whose lock file is removed ends the run, and the record says so" {
  mkdir tree
  LOCK_MAX_SESSIONS=1 start_engine place -- sleep 1000
  eventually in_iteration place 1
  local engine=$REPLY worker code=0
  worker=$(part place worker)
  rm -r "$LOCK_DIR/.places"
  wait "$engine" || code=$?
  [[ $code == 74 ]]
  is_gone "$worker"
  contains place.out "$LOCK_DIR/.places/_all.1.lock was removed while this run held it"
  [[ $(lock.sh status place --json) == *'"reason": "failed"'*'of a path or place was removed'* ]]
  start_engine path --exclusive tree -- sleep 1000
  eventually in_iteration path 1
  engine=$REPLY code=0
  local file
  file=$(echo "$LOCK_DIR"/.exclusive/*.lock)
  mv "$file" aside
  : >"$file"
  wait "$engine" || code=$?
  [[ $code == 74 ]]
  contains path.out 'was replaced while this run held it'
  # Others have it then, and a run of the same session too.
  engine.sh run path --fresh --exclusive tree -- true
}
