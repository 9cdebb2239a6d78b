#!/usr/bin/env bats
# What a caller hands in: environment, locale, terminal, signals, directory. Compared with the same command without engine.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status, output and stderr
# shellcheck disable=SC2016 # The bash in there expands it.
bats_require_minimum_version 1.5.0
load helpers
setup() { sandbox; }
teardown() { clean_sandbox; }

@test "run -d works without a UTF-8 locale, as under cron" {
  run env -i HOME="$HOME" PATH="$PATH" LOCK_DIR="$LOCK_DIR" TMUX_TMPDIR="$TMUX_TMPDIR" LC_ALL=C engine.sh run -d cron -- bash -c 'echo grün; exec sleep 1000'
  [ "$status" -eq 0 ]
  lock.sh status cron
  run lock.sh status cron --json
  [[ $output == *'"session": "cron"'*'"pane": "%'* ]]
  engine.sh stop cron
}

@test "run -d hands on the caller's environment, and not the tmux server's" {
  env OLD=server tmux new-session -d -s other 'sleep 1000'
  WORDS=$'two\nlines' TOKEN=s3cret NEW=caller engine.sh run -d job -- bash -c 'env -0 >variables; : >written; exec sleep 1000'
  eventually test -e written
  tr '\0' '\n' <variables >lines
  grep -qx 'NEW=caller' lines
  grep -qx 'TOKEN=s3cret' lines
  grep -qx 'lines' lines
  lacks lines OLD=server
  grep -q '^TMUX_PANE=%' lines
  grep -qx 'TERM=tmux.*\|TERM=screen.*' lines
  # In no command line of any process, not even the tmux server's.
  run grep -lsE 's3cre[t]' /proc/[0-9]*/cmdline
  [[ $output != */proc/* ]]
  engine.sh stop job
}

@test "run -d takes a command of 100 KB and a PATH of 17 KB" {
  long=$(printf 'x%.0s' {1..100000})
  path=$PATH:$(printf '/some/where/%.0s:' {1..1500})
  PATH=$path run engine.sh run -d long -- bash -c 'printf %s "$1" | wc -c >size; printf %s "$PATH" >path; : >written; exec sleep 1000' bash "$long"
  [ "$status" -eq 0 ]
  eventually test -e written
  [ "$(cat size)" -eq 100000 ]
  [ "$(cat path)" = "$path" ]
  engine.sh stop long
}

@test "run -d keeps the caller's file mode mask" {
  (umask 077 && engine.sh run -d masked -- bash -c 'umask >mask; exec sleep 1000')
  eventually test -s mask
  [ "$(cat mask)" = 0077 ]
  engine.sh stop masked
}

@test "run -d works with destroy-unattached, exit-unattached and an odd shell in tmux.conf" {
  cat >"$HOME/.tmux.conf" <<'CONF'
set -g destroy-unattached on
set -s exit-unattached on
set -g base-index 1
set -g pane-base-index 1
set -g default-shell /bin/false
set -g default-command ""
CONF
  run engine.sh run -d odd -- sleep 1000
  [ "$status" -eq 0 ]
  lock.sh status odd
  tmux has-session -t =odd:
  engine.sh stop odd
}

@test "of several run -d of one name one wins, and the others are told who holds it" {
  for i in 1 2 3 4 5; do
    (
      status=0
      engine.sh run -d race -- sleep 1000 >"out.$i" 2>&1 || status=$?
      echo "$status" >"status.$i"
    ) &
  done
  wait
  [ "$(sort status.? | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 1 0; 4 75;' ]
  for i in 1 2 3 4 5; do
    [ "$(cat status.$i)" -eq 0 ] || grep -q 'race is held by pid' "out.$i"
  done
  [ "$(tmux list-panes -s -t =race: | wc -l)" -eq 1 ]
  engine.sh stop race
}

# A worker that starts the tmux server; in it a person's window, and another session's engine.
open_others_server() {
  start_engine outer -- bash -c 'tmux -f /dev/null new-session -d -s inner "exec sleep 1000"; sleep 1000 & echo $! >own; wait'
  eventually tmux has-session -t =inner:
  eventually test -s own
  tmux new-window -d -t =inner: 'sleep 1000 & echo $! >window; wait'
  eventually test -s window
  tmux new-window -d -t =inner: 'engine.sh run -d other -- bash -c "sleep 1000 & wait"'
  eventually has_part other worker
  eventually has_refresher other
  # The window and the engine have what the worker has, by inheritance.
  grep -qzx "LOCK_COOKIE=$(field outer cookie)" "/proc/$(<window)/environ"
}

others_are_left() { # ENGINE GUARD WORKER
  is_alive "$(<window)" && is_alive "$1" && is_alive "$2" && is_alive "$3" && state_is other active
}

ends_no_others() { # stop|kill [CGROUP-STRATEGY]
  [[ -z ${2:-} ]] || export LOCK_CGROUP_STRATEGY=$2
  open_others_server
  local others=("$(field other pid)" "$(part other refresher)" "$(part other worker)")
  if [[ $1 == stop ]]; then
    engine.sh stop outer
  else
    kill -KILL "$(field outer pid)"
    eventually state_is outer dead
    eventually is_gone "$(<own)"
    lock.sh reap outer
  fi
  is_gone "$(<own)"
  others_are_left "${others[@]}"
  engine.sh stop other
}

@test "a stopped worker leaves the windows and engines in a tmux server that it has started" { ends_no_others stop; }

@test "a killed engine's worker leaves the windows and engines in a tmux server that it has started" { ends_no_others kill; }

@test "a worker without a control group leaves the windows and engines in a tmux server that it has started" { ends_no_others kill none; }

@test "the caller's standard output is let go when the run ends, whatever it has left in the background" {
  cat >job <<'JOB'
(until [[ -e go ]]; do sleep 0.1; done; echo late >&2; exec sleep 1000) >/dev/null &
echo $! >>left
echo one
JOB
  run timeout 60 bash -c 'echo "<$(engine.sh run a -- bash job 2>/dev/null)>"'
  [ "$output" = '<one>' ]
  run timeout 60 bash -c 'echo "<$(engine.sh run b -- bash job 2>&1 >/dev/null | grep -c late)>"'
  [ "$output" = '<0>' ]
  # What stays may go on writing to the log.
  while read -r pid; do is_alive "$pid"; done <left
  : >go
  eventually grep -qsx late "$LOCK_DIR"/a/runs/1/*
  eventually grep -qsx late "$LOCK_DIR"/b/runs/1/*
  xargs kill -KILL <left
}

@test "a run whose directory is removed says so, and ends" {
  mkdir tree
  refuses 74 bash -c 'cd tree && exec engine.sh run gone -n 3 --until "test -e ../never" -- bash -c "echo run >>../runs; rm -rf ../tree"'
  [[ $output == *"tree is gone"* ]]
  [[ $output != *"not found"* ]]
  has_lines runs 1
  [ "$(wc -l <runs)" -eq 1 ]
  run lock.sh history gone
  [[ $output == *"tree is gone"* ]]
}

ignores() { # PID SIGNAL-BITS
  ((($(sed -n 's/^SigIgn:[[:space:]]*/16#/p' "/proc/$1/status") & $2) == $2))
}

@test "a signal that the caller ignores stays ignored, for the engine and its worker" {
  nohup engine.sh run s -- sleep 1000 >out 2>&1 3>&- &
  local engine=$! code=0
  STARTED+=("$engine")
  eventually in_iteration s 1
  # HUP; and a script's background ignores INT and QUIT as well. One by one, before it becomes the command.
  eventually ignores "$(part s worker)" 7
  kill -HUP "$engine" "$(part s worker)"
  kill -INT "$engine" "$(part s worker)"
  kill -QUIT "$engine" "$(part s worker)"
  engine.sh stop s
  wait "$engine" || code=$?
  [ "$code" -eq 143 ]
  lacks out Ctrl-C
}

@test "a signal that the caller does not ignore is not ignored in the worker" {
  env --default-signal=HUP,INT,QUIT engine.sh run s -- sed -n 's/^SigIgn:[[:space:]]*/16#/p' /proc/self/status >ignored 2>out
  grep -q '^16#' ignored
  [ "$(($(cat ignored) & 7))" -eq 0 ]
}
