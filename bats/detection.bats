#!/usr/bin/env bats
# A heartbeat means progress: real workers, with limits of seconds. One scene for each cause; the zoo has the rest.
# shellcheck disable=SC2016,SC2030,SC2031 # the workers expand it, and bats runs each test in a subshell

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

# A second without a sign of life, two without progress.
LIMITS=(--heartbeat-interval 0.2 --stale-after 1 --quiet-after 1 --stuck-after 2 --grace 0.5)

hung_with() { # NAME CAUSE
  lock.sh status "$1" --json | tr -d '\n' | grep -qE "\"state\": \"hung\".*\"cause\": \"$2\""
}
has_event() { # NAME EVENT [DETAIL]
  grep -qE "\"event\":\"$2\"${3:+.*\"detail\":\"$3\"|\"detail\":\"$3\".*\"event\":\"$2\"}" "$LOCK_DIR/$1/history.jsonl"
}
# On a busy machine a heartbeat may come late for these, too. Such a hang may hide one by the worker's own doing.
LATE='owner-stopped|refresher-gone'
has_never_hung() { ! has_event "$1" hung '(silent|repeating|spinning|stopped|awaiting-input)'; } # NAME
# So often by the worker's own doing, and what came last.
has_hung() { # NAME TIMES hung|active-again
  local hung late
  hung=$(grep -c '"event":"hung"' "$LOCK_DIR/$1/history.jsonl")
  late=$(grep -cE "\"event\":\"hung\".*\"detail\":\"($LATE)\"" "$LOCK_DIR/$1/history.jsonl")
  ((hung - late <= $2 && $2 <= hung)) && tail -n 1 "$LOCK_DIR/$1/history.jsonl" | grep -qF "\"event\":\"$3\""
}

# No clock is waited for: a worker that is silent from now on has been found. So would have been, by the same limits,
# whoever was silent at least as long.
a_silent_one_is_found() {
  start_engine control "${LIMITS[@]}" -- sleep 1000
  eventually is_found_silent control
}
is_found_silent() { contains "$LOCK_DIR/$1.json" '"cause": "silent"' && hung_with "$1" silent; } # NAME
note() { # NAME ITERATION SECONDS|null
  printf '{"epoch":%s,"iteration":%s,"note":"","for":%s}\n' "$(date +%s)" "$2" "$3" >>"$LOCK_DIR/$1/runs/1/notes.jsonl"
}

@test "silent, repeating and spinning workers are found, with the cause; none of them is ended" {
  local -A workers=(
    [sleep]='exec sleep 1000'
    [idle]='exec perl -e "while (1) { select(undef, undef, undef, 0.1) }"'
    [again]='exec perl -e "\$| = 1; while (1) { print scalar(localtime), \" attempt \", ++\$n, \": connection refused\n\"; select(undef, undef, undef, 0.1) }"'
    [busy]='while :; do :; done'
  )
  local -A causes=([sleep]=silent [idle]=silent [again]=repeating [busy]=spinning)
  local name
  for name in "${!workers[@]}"; do start_engine "$name" "${LIMITS[@]}" -- bash -c "${workers[$name]}"; done
  for name in "${!workers[@]}"; do
    eventually hung_with "$name" "${causes[$name]}"
    eventually has_event "$name" hung "(${causes[$name]}|$LATE)"
    refuses 2 lock.sh status "$name"
    is_alive "$(part "$name" worker)"
  done
}

@test "stopped: SIGSTOP to the worker, and active again after SIGCONT" {
  start_engine s "${LIMITS[@]}" --quiet-after 1h -- perl -e '$| = 1; while (1) { print join("", map { chr(97 + int(rand(26))) } 1 .. 30), "\n"; select(undef, undef, undef, 0.1) }'
  eventually has_refresher s
  eventually state_is s active
  kill -STOP "$(part s worker)"
  eventually hung_with s stopped
  kill -CONT "$(part s worker)"
  eventually state_is s active
  eventually has_hung s 1 active-again
  has_event s hung "(stopped|$LATE)"
}

@test "active again: silent for a while, then working" {
  # No process is started while it waits: that is a sign of life, and on a slow machine a strong one.
  mkfifo never
  start_engine s "${LIMITS[@]}" -- bash -c 'exec 3<>never; until [[ -e go ]]; do read -rt 0.2 -u 3; done; for word in alpha beta gamma; do echo "$word"; done; sleep 1000'
  eventually hung_with s silent
  touch go
  eventually has_event s active-again
  # And silent again, which is another event.
  eventually hung_with s silent
  eventually has_hung s 2 hung
}

@test "awaiting-input: a question at a pane's terminal" {
  needs_tmux
  open_ui
  tmux -L "$TMUX_NAME" send-keys -t =ui: "engine.sh run s ${LIMITS[*]} --quiet-after 1h --stuck-after 1h -- bash -c 'read -rp \"Continue? [y/N] \" answer; sleep 1000'" Enter
  eventually hung_with s awaiting-input
  tmux -L "$TMUX_NAME" send-keys -t =ui: y Enter
  eventually state_is s active
}

@test "a note is progress for the limit's time, and a promise is for its own" {
  start_engine s "${LIMITS[@]}" -- sleep 1000
  eventually hung_with s silent
  note s 1 null
  eventually has_hung s 2 hung
  note s 1 3600
  eventually has_hung s 2 active-again
  a_silent_one_is_found
  eventually state_is s active
  eventually has_hung s 2 active-again
  # A later note without one ends the promise.
  note s 1 null
  eventually has_hung s 3 hung
  eventually hung_with s silent
}

@test "a promise of the first moment holds, and for the next refresher too" {
  # A refresher takes a moment to start, and longer on a busy machine.
  start_engine s "${LIMITS[@]}" --stale-after 10 -- bash -c 'printf "{\"epoch\":%s,\"iteration\":1,\"note\":\"\",\"for\":3600}\n" "$(date +%s)" >>"$LOCK_DIR/s/runs/1/notes.jsonl"; exec sleep 1000'
  eventually has_refresher s
  local refresher
  refresher=$(part s refresher)
  kill -KILL "$refresher"
  eventually has_other_refresher s "$refresher"
  a_silent_one_is_found
  lock.sh status s --json | tr -d ' \n' | grep -qF '"stall":null'
  has_never_hung s
}

@test "with both limits off nothing but certain causes counts" {
  start_engine s "${LIMITS[@]}" --quiet-after off --stuck-after off -- sleep 1000
  eventually has_refresher s
  contains s.out '(heartbeat every 0.2s)'
  a_silent_one_is_found
  eventually state_is s active
  has_never_hung s
  kill -STOP "$(part s worker)"
  eventually hung_with s stopped
}

@test "working: short children without output, and a silent download, are never hung" {
  # Twenty times what passes between two signs of life, so that a busy machine may delay some of them.
  LIMITS+=(--quiet-after 4 --stuck-after 5)
  start_engine children "${LIMITS[@]}" -- bash -c 'while :; do perl -e "1 for 1 .. 200000"; done'
  # Nothing is started for it: what a program reads of its libraries would be a sign of life, here more and there less.
  start_engine trickle "${LIMITS[@]}" -- perl -e 'pipe my $from, my $to; if (!fork) { while (1) { syswrite $to, "x" x 1000; select undef, undef, undef, 0.2 } } 1 while sysread $from, my $bytes, 1000'
  eventually has_refresher children
  eventually has_refresher trickle
  a_silent_one_is_found
  eventually state_is children active
  eventually state_is trickle active
  has_never_hung children
  has_never_hung trickle
}

@test "the first line of a run says how long detection takes" {
  engine.sh run s --heartbeat-interval 5 --stale-after 30 --quiet-after 1m --stuck-after 10m -- true 2>err
  contains err '(heartbeat every 5s; hung after 1m 40s of silence, or 10m 40s without progress)'
}

@test "awaiting-input: su asks for a password, and may not be looked into" {
  ((EUID == 0)) || skip 'only root can be two users'
  type -P setpriv su tmux stty >/dev/null || skip 'no setpriv, su, tmux or stty'
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR"
  local home
  home=$(mktemp -d "${SUITE_DIR:-/tmp}/lock-su.XXXXXX")
  chown nobody "$home"
  as_nobody() {
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
      env -u TMUX HOME="$home" LOCK_DIR="$home/locks" TMUX_TMPDIR="$home" LOCK_NODE="${LOCK_NODE:-$(type -P node)}" "$@"
  }
  as_nobody test -r "$ROOT/dist/loader.cjs" -a -w "$home" || skip 'another user cannot read this clone'
  asks_for_a_password() { as_nobody "$ROOT/lock.sh" status s --json | grep -q '"cause": "awaiting-input"'; }
  as_nobody tmux -L su -f /dev/null new-session -d "$ROOT/engine.sh" run s "${LIMITS[@]}" -n 1 -- su root -c true
  local found=0
  eventually asks_for_a_password || found=$?
  as_nobody "$ROOT/lock.sh" why s >why.txt || true
  as_nobody "$ROOT/engine.sh" stop s || true
  as_nobody tmux -L su kill-server || true
  # What has ended a moment ago may still write its last.
  eventually rm -rf "$home"
  [[ $found == 0 ]]
  grep -q 'su (pid [0-9]*) waits at the terminal' why.txt
}
