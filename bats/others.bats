#!/usr/bin/env bats
# What others on the machine can see, and what somebody may have laid into the lock directory.
# shellcheck disable=SC2154 # bats sets status and output

load helpers.bash

setup() {
  sandbox
  mkdir -m 700 "$LOCK_DIR"
  mkdir "$HOME/elsewhere"
  echo untouched >"$HOME/file"
}
teardown() { clean_sandbox; }

nothing_elsewhere() {
  [[ -z $(ls -A "$HOME/elsewhere") && $(<"$HOME/file") == untouched ]]
}

# Refused with a word on why, or run all the same; never written through.
follows_nothing() { # OPTION...
  run engine.sh run s -n 2 "$@" -- echo hello
  [[ $status == 0 || $status == 74 || $status == 77 ]] || {
    printf 'exit code %s: %s\n' "$status" "$output" >&2
    return 1
  }
  refuses "$status" engine.sh run s -n 2 "$@" -- echo hello
  nothing_elsewhere
}

@test "links in the place of a session's directories are not followed" {
  local place
  for place in s s/runs s/incidents; do
    rm -rf "$LOCK_DIR"/s*
    mkdir -p "$(dirname "$LOCK_DIR/$place")"
    ln -s "$HOME/elsewhere" "$LOCK_DIR/$place"
    follows_nothing --keep 1
  done
  rm -rf "$LOCK_DIR"/s*
  mkdir -p "$LOCK_DIR/s/runs"
  for place in 1 2 3 4; do ln -s "$HOME/elsewhere" "$LOCK_DIR/s/runs/$place"; done
  follows_nothing --keep 1
}

@test "links in the place of a session's files are not followed" {
  local place
  for place in s.lock s.json s/request.json s/history.jsonl; do
    rm -rf "$LOCK_DIR"/s*
    mkdir -p "$LOCK_DIR/s"
    ln -s "$HOME/file" "$LOCK_DIR/$place"
    follows_nothing
    engine.sh stop s --after-iteration || true
    lock.sh reap s || true
    nothing_elsewhere
  done
}

@test "a second name of the lock file, which somebody else may hold, is refused" {
  touch "$HOME/other"
  ln "$HOME/other" "$LOCK_DIR/s.lock"
  refuses 77 engine.sh run s -- true
  [[ $output == *'has a second name'* ]]
}

@test "the cookie of a run is in no command line, and in no output" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  local cookie file
  cookie=$(field s cookie)
  [[ -n $cookie ]]
  for file in /proc/[0-9]*/cmdline; do
    if { tr '\0' ' ' <"$file"; } 2>/dev/null | grep -qF "$cookie"; then
      printf 'in the command line of %s\n' "$file" >&2
      return 1
    fi
  done
  { lock.sh status s --json; lock.sh why s --json; lock.sh why s; lock.sh history s --json; } >shown
  lacks shown "$cookie"
}

@test "a lock file swapped under an owner: it ends its run, and nobody gets in before that, nor before who waits" {
  start_engine s -n 1 --grace 5 -- bash -c 'trap "sleep 0.3; rm works; exit" TERM; touch works; while :; do sleep 0.05; done'
  local owner=$REPLY
  eventually has_refresher s
  eventually test -e works
  engine.sh run s --wait 60 -- bash -c '[[ ! -e works ]] && touch waited.done' 2>waiter.err 3>&- &
  local waiter=$!
  STARTED+=("$waiter")
  eventually contains waiter.err 'waiting'

  mv "$LOCK_DIR/s.lock" "$LOCK_DIR/old"
  touch "$LOCK_DIR/s.lock"
  # Also because somebody waits who came before.
  local code=0
  engine.sh run s -- bash -c '[[ -e waited.done && ! -e works ]]' || code=$?
  [[ $code == 75 || $code == 0 ]]

  wait "$waiter"
  [[ -e waited.done ]]
  wait "$owner" && return 1
  contains s.out 's.lock'
}
