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
  WORDS=$'two\nlines' TOKEN=s3cret NEW=caller engine.sh run -d job -- bash -c 'env -0 >variables; exec sleep 1000'
  eventually test -s variables
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
  PATH=$path run engine.sh run -d long -- bash -c 'printf %s "$1" | wc -c >size; printf %s "$PATH" >path; exec sleep 1000' bash "$long"
  [ "$status" -eq 0 ]
  eventually test -s path
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
