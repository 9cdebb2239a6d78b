#!/usr/bin/env bats
# The zoo itself is `npm run zoo`; here a few of its animals, and whether its harness can be trusted.
# shellcheck disable=SC2154 # bats sets status and output

load helpers.bash

setup() {
  sandbox
  # Short, because a socket is made below it; empty in the end, if nothing was left behind.
  TMPDIR=$(mktemp -d "${SUITE_DIR:-/tmp}/lock-bats.XXXXXX")
  export TMPDIR
}
teardown() {
  clean_sandbox
  rm -rf "$TMPDIR"
}

# Whether the verdicts are right; how soon they come is measured on a machine that has nothing else to do.
zoo() { node "$ROOT/tests/zoo/run.mjs" --patience 8 "$@"; }
left_nothing() { [[ -z $(ls -A "$TMPDIR") ]]; }
carriers() { grep -lzF "LOCK_DIR=$TMPDIR/" /proc/[0-9]*/environ 2>/dev/null; }

@test "a few of the zoo get the right verdict" {
  zoo --only chatty-build,slow-list,sleeps,same-error,asks,stopped-engine,silent-then-works
  left_nothing
}

@test "the zoo notices every kind of wrong verdict" {
  refuses 1 zoo --table "$ROOT/tests/zoo/bad-expectations.mjs"
  printf '%s\n' "$output" # Shown when one of these fails.
  [[ $output == *'! false-alarm: false alarm: '* ]]
  [[ $output == *'! missed: missed: still active '* ]]
  [[ $output == *'! wrong-cause: wrong cause: '* ]]
  [[ $output == *'! too-early: too early: '*'limit 4 s'* ]]
  [[ $output == *'! not-recovered: not recovered: '* ]]
  [[ $output == *'! ends-early: broken: it reads free'* ]]
  [[ $output == *'! never-starts: broken: '*'127'* ]]
  [[ $output == *'hangs found 2/4, wrong cause 1, false alarms 2, not recovered 1, broken 2, left running 0'* ]]
  left_nothing
}

@test "after Ctrl-C the zoo leaves nothing behind" {
  # The environment of a job in the background ignores SIGINT; the harness listens all the same.
  node "$ROOT/tests/zoo/run.mjs" --only hands-over,sleeps-in-terminal,stopped-engine >out 2>&1 3>&- &
  local pid=$!
  STARTED+=("$pid")
  eventually are_running 3
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  [[ $status == 130 ]]
  left_nothing
  run carriers
  [[ -z $output ]]
}
are_running() { # COUNT
  local records=("$TMPDIR"/lock-zoo-*/locks/*.json)
  [[ $(grep -l '"refresher": {' "${records[@]}" 2>/dev/null | wc -l) -ge $1 ]]
}

@test "after an error of its own the zoo leaves nothing behind" {
  cat >broken.mjs <<END
import { LIMITS, SCENARIOS } from '$ROOT/tests/zoo/scenarios.mjs'
export { LIMITS }
const [animal] = SCENARIOS
const bad = { ...animal, name: 'bad', cores: 0.04, program: ['a\\0b'] }
export { animals as SCENARIOS }
const animals = [animal, { ...animal, name: 'other' }, bad]
END
  run zoo --table broken.mjs
  [[ $status == 1 && $output == *'null bytes'* ]]
  left_nothing
  run carriers
  [[ -z $output ]]
}

@test "the zoo takes no name that it does not know" {
  refuses 64 zoo --only chatty-build,unicorn
  [[ $output == *unicorn* ]]
  refuses 64 zoo --rounds many
  refuses 64 zoo --nonsense
  left_nothing
}
