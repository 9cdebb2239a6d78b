#!/usr/bin/env bats
# Bash scripts that source lock.sh: the lock is the shell's own, and iterations are guarded as the engine's.
# shellcheck disable=SC2016,SC2030,SC2031 # most commands are for another shell; bats runs each test in a subshell

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

# Starts a script in the background, its output in NAME.out; its pid in REPLY.
start_script() { # NAME (the script on standard input)
  { printf 'set -euo pipefail\nsource lock.sh\n'; cat; } >"$1.sh"
  bash "$1.sh" >"$1.out" 2>&1 3>&- &
  REPLY=$!
  STARTED+=("$REPLY")
}
is_free() { flock -n "$LOCK_DIR/$1.lock" true; }
sentinel() { sed -n '/^ "shell": {/,/^ }/{/"sentinel"/,/}/s/^   "pid": \([0-9]*\),$/\1/p;}' "$LOCK_DIR/$1.json"; }
supervisor() { sed -n '/^ "shell": {/,/^ }/{/"supervisor"/,/}/s/^   "pid": \([0-9]*\),$/\1/p;}' "$LOCK_DIR/$1.json"; }

@test "a loop is iterations with exit codes, output, environment and a history, and the shell stays as it was" {
  cat >script <<'JOB'
set -euo pipefail
IFS=,
trap 'echo exit-trap' EXIT
trap ':' USR1
# Not in a command substitution, whose pipe this shell has open for a moment.
look() { set +o; shopt -p; trap -p; ls /proc/$$/fd; declare -p IFS; }
look >before
source lock.sh
lock_acquire s
[[ $(lock_iteration echo 'to stdout') == 'to stdout' ]]
n=3
work() { echo "work $1 $n $LOCK_ITERATION"; n=4; return 5; }
code=0; lock_iteration work 'a b' || code=$?
[[ $code == 5 && $n == 3 ]]
lock_iteration sh -c 'echo error >&2; exit 7' || [[ $? == 7 ]]
lock_iteration no-such-command || [[ $? == 127 ]]
lock_iteration sh -c 'kill -9 $$' || [[ $? == 137 ]]
lock_progress 'between -- two'
lock_iteration lock.sh progress inside
printf 'one\ntwo\n' | lock_iteration cat
lock_release
unset code n; unset -f work
look >after
diff before after
JOB
  bash script >out 2>err || { cat out err; return 1; }
  contains out 'work a b 3 2'
  contains out two
  contains out exit-trap
  contains err error
  state_is s free
  [[ $(lock.sh history s --json | grep -o '"result":"[a-z]*"' | cut -d'"' -f4 | paste -sd' ' -) == 'ok failed failed failed killed ok ok' ]]
  [[ $(lock.sh logs s --iteration 2) == 'work a b 3 2' ]]
  grep -qF 'between -- two' "$LOCK_DIR/s/runs/1/notes.jsonl"
  grep -qF '"note":"inside"' "$LOCK_DIR/s/runs/1/notes.jsonl"
  is_free s
}

@test "the shell excludes others and is excluded; acquiring twice, releasing twice and no session are errors" {
  start_script s <<'JOB'
lock_acquire s
until [[ -e go ]]; do sleep 0.1; done
lock_acquire other || echo "twice $?"
lock_release
lock_release || echo "released $?"
lock_iteration true || echo "iteration $?"
JOB
  eventually phase_is s waiting
  refuses 75 engine.sh run s -- true
  refuses 75 bash -c 'source lock.sh; lock_acquire s'
  [[ $output == *"pid $REPLY"* ]]
  # A subshell has a process of its own, and may hold another session.
  bash -c 'source lock.sh; lock_acquire a; (lock_acquire b; lock_iteration lock.sh status b; lock_release); lock_iteration lock.sh status a; lock_release'
  # Nobody can take it while the script goes on.
  touch go
  wait "${STARTED[0]}" || true
  contains s.out 'twice 64'
  contains s.out 'released 64'
  contains s.out 'iteration 64'
  refuses 64 bash -c 'source lock.sh; lock_acquire "../x"'
  refuses 64 bash -c 'source lock.sh; lock_acquire'
  start_engine e -- sleep 1000
  eventually in_iteration e 1
  refuses 75 bash -c 'source lock.sh; lock_acquire e'
}

@test "a script that is killed leaves no worker and no lock, whatever else was killed with it" {
  local how script worker
  for how in script script-and-guard script-and-supervisor all; do
    start_script "$how" <<JOB
lock_acquire $how
sleep 1000 & # has the descriptor, and outlives the script
echo \$! >$how.stray
lock_iteration sleep 1000
JOB
    script=$REPLY
    eventually has_refresher "$how"
    worker=$(part "$how" worker)
    STARTED+=("$(cat "$how.stray")")
    case $how in
      script) kill -KILL "$script" ;;
      script-and-guard) kill -KILL "$script" "$(part "$how" refresher)" ;;
      script-and-supervisor) kill -KILL "$script" "$(supervisor "$how")" ;;
      all) kill -KILL "$script" "$(supervisor "$how")" "$(part "$how" refresher)" ;;
    esac
    eventually is_gone "$worker"
    eventually is_free "$how"
    contains "$LOCK_DIR/$how.json" '"reason": "owner-died"'
    state_is "$how" dead
    is_alive "$(cat "$how.stray")"
  done
}

@test "a script that dies between two iterations, or exits without a release, holds nothing" {
  start_script s <<'JOB'
lock_acquire s
lock_iteration true
until [[ -e never ]]; do sleep 0.05; done
JOB
  eventually phase_is s waiting
  eventually in_history s 1
  kill -KILL "$REPLY"
  eventually is_free s
  state_is s dead
  bash -c 'source lock.sh; lock_acquire t; lock_iteration true; exit 3' || [[ $? == 3 ]]
  eventually is_free t
  state_is t dead
  bash -c 'source lock.sh; lock_acquire t; lock_iteration true; lock_release'
  state_is t free
  refuses 64 engine.sh run t
}
in_history() { [[ $(lock.sh history "$1" --json | grep -c '"iteration":') == "$2" ]]; }

@test "a supervisor that is killed loses one iteration, and the loop goes on" {
  start_script s <<'JOB'
lock_acquire s
lock_iteration sleep 1000 || echo "code $?"
lock_iteration echo fine
lock_release
JOB
  eventually has_refresher s
  local worker
  worker=$(part s worker)
  kill -KILL "$(supervisor s)"
  wait "$REPLY"
  is_gone "$worker"
  contains s.out 'code 137'
  contains s.out fine
  state_is s free
}

@test "stop, interrupt, --force, --notify and --on-hung work for a script, and a hang is seen" {
  start_script s <<'JOB'
lock_acquire s --heartbeat-interval 0.3s --stale-after 1s --quiet-after 1s --notify 'echo "$LOCK_EVENT" >>told'
lock_iteration sleep 1000 || echo "interrupted $?"
lock_iteration sleep 1000
JOB
  eventually state_is s hung
  lock.sh interrupt s
  eventually contains s.out 'interrupted 143'
  eventually in_iteration s 2
  refuses 64 engine.sh stop s --after-iteration
  engine.sh stop s
  state_is s free
  [[ $(lock.sh status s --json) == *'"reason": "interrupted"'* ]]
  eventually contains told ended
  lacks told owner-died
  start_script f <<'JOB'
lock_acquire f --on-hung interrupt --heartbeat-interval 0.3s --stale-after 2s --quiet-after 2s
lock_iteration sleep 1000 || echo "hung $?"
lock_iteration sh -c 'while :; do date +%N; sleep 0.1; done'
JOB
  eventually contains f.out 'hung 143'
  eventually in_iteration f 2
  engine.sh run f --force -- true
  state_is f free
}

@test "sourced by another shell it says what it needs; run it is what it was" {
  refuses 69 sh -c '. "$(command -v lock.sh)"'
  [[ $output == *'needs bash'* ]]
  if command -v zsh >/dev/null; then refuses 69 zsh -fc 'source "$(command -v lock.sh)"'; fi
  lock.sh --help | grep -qF 'lock.sh status'
  "$ROOT"/examples/guarded-loop.sh g
  state_is g free
  [[ $(lock.sh history g --json | grep -c '"result":"ok"') == 3 ]]
}

@test "in a pane of tmux the session has the pane, its output is recorded, and the pane says its state" {
  needs_tmux
  open_ui
  local pane
  pane=$(ui display-message -p -t =ui: '#{pane_id}')
  cat >loop.sh <<'JOB'
set -euo pipefail
source lock.sh
lock_acquire s
lock_iteration bash -c 'until [[ -e go ]]; do echo "tick $((n++))"; sleep 0.1; done; test -t 1 && echo "has a terminal"'
lock_iteration cat
lock_release
echo "over $?"
JOB
  types 'bash loop.sh'
  eventually in_iteration s 1
  [[ $(lock.sh status s --json) == *"\"pane\": \"$pane\""* ]]
  eventually pane_option_is "$pane" @lock_state active
  touch go
  eventually in_iteration s 2
  # Keys of the person's reach the command.
  types 'typed by a person'
  eventually said s 2 'typed by a person'
  ui send-keys -t =ui: C-d
  eventually ui_shows 'over 0'
  [[ $(lock.sh logs s --iteration 1) == *'tick 0'*'has a terminal'* ]]
  eventually pane_has_no_state "$pane"
  state_is s free
}
pane_option_is() { [[ $(ui show-options -pqv -t "$1" "$2") == "$3" ]]; }
pane_has_no_state() { [[ $(ui show-options -p -t "$1") != *@lock_s* ]]; }
said() { lock.sh logs "$1" --iteration "$2" | grep -qF -- "$3"; }
ui_shows() { ui capture-pane -p -t =ui: | grep -qF -- "$1"; }

@test "Ctrl-C in the pane of a script ends it as it ends any script, with its worker" {
  needs_tmux
  open_ui
  printf 'source lock.sh\nlock_acquire s\nlock_iteration sleep 1000\n' >loop.sh
  types 'bash loop.sh; echo "code $?"'
  eventually in_iteration s 1
  local worker
  worker=$(part s worker)
  ui send-keys -t =ui: C-c
  eventually ui_shows 'code 130'
  eventually is_gone "$worker"
  eventually is_free s
}

@test "with perl for the lock, where there is no flock, a script holds, runs, dies and releases all the same" {
  command -v perl >/dev/null || skip 'perl is not installed'
  local tool dir bin=$PWD/bin
  mkdir bin
  # All programs of the system but one.
  IFS=: read -ra dirs <<<"$PATH"
  for dir in "${dirs[@]}"; do
    for tool in "$dir"/*; do
      [[ ${tool##*/} == flock || -e bin/${tool##*/} || ! -x $tool ]] || ln -s "$tool" bin/
    done
  done
  cat >loop.sh <<'JOB'
set -euo pipefail
source lock.sh
lock_acquire "$1"
lock_iteration echo one
until [[ -e go ]]; do sleep 0.1; done
lock_release
JOB
  local flock
  flock=$(command -v flock)
  [[ ! -e bin/flock && -e bin/bash ]]
  PATH=$bin bash loop.sh s >out 2>&1 3>&- &
  STARTED+=($!)
  eventually phase_is s waiting
  eventually in_history s 1
  refuses 75 env PATH="$bin" engine.sh run s -- true
  # The same lock for those who have flock.
  refuses 1 "$flock" -n "$LOCK_DIR/s.lock" true
  touch go
  wait "${STARTED[0]}"
  state_is s free
  "$flock" -n "$LOCK_DIR/s.lock" true
  rm go
  PATH=$bin bash loop.sh t >out 2>&1 3>&- &
  STARTED+=($!)
  eventually in_history t 1
  kill -KILL "${STARTED[1]}"
  eventually is_free t
  state_is t dead
}
