#!/usr/bin/env bats
# What a run stands on is taken away under it: its lock file, its directory, its record, the right to write.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status and output

load helpers.bash

setup() { sandbox; }
teardown() {
  # What the scene has moved, and its records with it.
  local dir
  for dir in "$BATS_TEST_TMPDIR"/locks.*; do
    [[ ! -d $dir ]] || end_recorded "$dir"
  done
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do end_process "$pid"; done
  [[ ! -d $LOCK_DIR ]] || chmod 700 "$LOCK_DIR"
  clean_sandbox
}

end_recorded() { # DIRECTORY
  local pid
  while read -r pid; do end_process "$pid"; done < <(cat "$1"/*.json 2>/dev/null | sed -n 's/^ \{1,2\}"pid": \([0-9]*\),$/\1/p')
}

# An engine whose worker ends with it; the worker's pid in WORKER, the engine's in ENGINE.
start_watched() { # NAME OPTION...
  start_engine "$@" --grace 2 -- bash -c 'echo $$ >>workers; exec sleep 1000'
  ENGINE=$REPLY
  eventually has_refresher "$1"
  WORKER=$(part "$1" worker)
  eventually grep -qx "$WORKER" workers
}

# Not in one try: the run may write a file, or make its directory again, in the middle of it.
remove() { # DIRECTORY
  eventually rm -rf "$1"
}

ends_saying() { # ENGINE WORKER TEXT
  local code=0
  eventually is_gone "$2"
  wait "$1" || code=$?
  [[ $code == 74 ]]
  contains s.out "$3"
  contains s.out 'recorded nowhere'
  # Once.
  [[ $(grep -c 'excludes nobody' s.out) == 1 ]]
}

remove_all() { remove "$LOCK_DIR"; }
clean_tree() {
  git init -q "$BATS_TEST_TMPDIR"
  eventually git -C "$BATS_TEST_TMPDIR" clean -qfdx locks
}
rename_directory() { mv "$LOCK_DIR" "$LOCK_DIR.aside"; }
remove_lock() { rm "$LOCK_DIR/s.lock"; }
replace_lock() {
  : >"$LOCK_DIR/new"
  mv "$LOCK_DIR/new" "$LOCK_DIR/s.lock"
}

lock_is_lost() { # HOW TEXT
  start_watched s -n 5
  "$1"
  ends_saying "$ENGINE" "$WORKER" "$2"
  lacks s.out 'continue with iteration'
  [[ $(wc -l <workers) == 1 ]]
}

second_owner() { # HOW TEXT
  start_watched s -n 5
  local first=$ENGINE worker=$WORKER
  "$1"
  engine.sh run s --wait 60 -- sleep 1000 >second.out 2>&1 3>&- &
  STARTED+=($!)
  local second=$!
  eventually record_is_of "$second"
  ends_saying "$first" "$worker" "$2"
  # Nothing of the first run is written over the second one's.
  record_is_of "$second"
  eventually state_is s active
  [[ $(grep -c '"event":"claimed"' "$LOCK_DIR/s/history.jsonl") == 1 ]]
  lacks "$LOCK_DIR/s/history.jsonl" '"event":"ended"'
  is_alive "$second"
  engine.sh stop s
}
record_is_of() { [[ -f $LOCK_DIR/s.json && $(field s pid) == "$1" ]]; }
while read -r how text; do
  bats_test_function --description "the run ends, and its worker: $how" -- lock_is_lost "$how" "$text"
done <<'HOWS'
remove_all was removed
clean_tree was removed
rename_directory was removed
remove_lock was removed
replace_lock was replaced
HOWS

while read -r how text; do
  bats_test_function --description "a second run has the session for itself: $how" -- second_owner "$how" "$text"
done <<'HOWS'
remove_all was re
rename_directory was re
HOWS

@test "the worker ends without its lock though the engine is stopped, and though the guard is" {
  start_watched s
  kill -STOP "$ENGINE"
  eventually is_stopped "$ENGINE"
  remove "$LOCK_DIR"
  eventually is_gone "$WORKER"
  kill -CONT "$ENGINE"
  ends_saying "$ENGINE" "$WORKER" 'was removed'

  start_watched s
  kill -STOP "$(part s refresher)"
  remove "$LOCK_DIR"
  ends_saying "$ENGINE" "$WORKER" 'was removed'
}

@test "an engine that is killed when all its files are gone leaves nothing, by the guard or by the watchdog" {
  start_watched s
  remove "$LOCK_DIR"
  kill -KILL "$ENGINE"
  eventually is_gone "$WORKER"
  [[ ! -e $LOCK_DIR/s.json ]]

  start_watched s
  local guard
  guard=$(part s refresher)
  kill -STOP "$ENGINE"
  eventually is_stopped "$ENGINE"
  remove "$LOCK_DIR"
  kill -KILL "$guard" "$ENGINE"
  eventually is_gone "$WORKER"
}

@test "an iteration of a script that has sourced lock.sh ends, too, and says why" {
  cat >script <<'SCRIPT'
source lock.sh
lock_acquire s || exit 9
code=0
lock_iteration bash -c 'echo $$ >worker; exec sleep 1000' || code=$?
echo "code $code"
SCRIPT
  bash script >out 2>&1 3>&- &
  STARTED+=($!)
  eventually test -s worker
  remove "$LOCK_DIR"
  eventually is_gone "$(<worker)"
  eventually contains out 'code 74'
  contains out 'was removed'
}

@test "a record that was removed is there again with the next beat" {
  start_watched s --heartbeat-interval 1
  rm "$LOCK_DIR/s.json"
  eventually test -s "$LOCK_DIR/s.json"
  eventually state_is s active
  is_alive "$WORKER"
  engine.sh stop s
}

is_kept() { # TEXT
  lock.sh logs s 2>/dev/null | grep -qF "$1"
}

writes_to_nothing_removed() { # GUARD
  [[ -z $(find "/proc/$1/fd" -lname '*.log (deleted)') ]]
}

@test "the directory of a run that was removed is made again, and what comes then is kept" {
  start_engine s -- bash -c 'echo before; until [[ -e go ]]; do sleep 0.1; done; echo after; lock.sh progress noted; exec sleep 1000'
  eventually has_refresher s
  eventually is_kept before
  remove "$LOCK_DIR/s"
  eventually test -d "$LOCK_DIR/s/runs/1"
  eventually contains s.out 'was removed; it is made again'
  # The file that was open is let go, too.
  eventually writes_to_nothing_removed "$(part s refresher)"
  touch go
  eventually is_kept after
  eventually contains "$LOCK_DIR/s/runs/1/notes.jsonl" noted
  engine.sh stop s
  contains "$LOCK_DIR/s/history.jsonl" '"event":"ended"'
}

@test "in a directory that may not be written any more a run goes on, says so once, and reads hung" {
  ((EUID)) || skip 'root may write everywhere'
  start_watched s --stale-after 1
  chmod 500 "$LOCK_DIR"
  eventually state_is s hung
  is_alive "$WORKER"
  chmod 700 "$LOCK_DIR"
  eventually state_is s active
  engine.sh stop s
}
