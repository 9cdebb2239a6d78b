#!/usr/bin/env bats
# The first start in a fresh clone. The packages are there already: their installation is npm's own business, and
# every run of this suite in a fresh clone has gone through it.

load helpers.bash

setup() {
  sandbox
  CLONE=$BATS_TEST_TMPDIR/clone
  mkdir "$CLONE"
  (cd "$ROOT" && tar -cf - --exclude=./node_modules --exclude=./dist --exclude=./.git --exclude='./.build*' .) | tar -xf - -C "$CLONE"
  ln -s "$ROOT/node_modules" "$CLONE/node_modules"
}
teardown() { clean_sandbox; }

@test "the first start builds and says so; the second does not" {
  "$CLONE/engine.sh" run s -- echo hello >out 2>err
  [[ $(<out) == hello ]]
  contains err 'building'
  "$CLONE/engine.sh" run s -- true 2>err
  lacks err 'building'
}

@test "two first starts at once do not break each other" {
  "$CLONE/engine.sh" run a -- touch a.done 2>a.err 3>&- &
  local first=$!
  "$CLONE/engine.sh" run b -- touch b.done 2>b.err 3>&- &
  local second=$!
  wait "$first"
  wait "$second"
  [[ -e a.done && -e b.done ]]
  [[ $(cat a.err b.err | grep -c building) == 1 ]]
}

@test "a changed source is built again" {
  "$CLONE/lock.sh" status 2>/dev/null
  touch -d '+1 minute' "$CLONE/src/core"
  "$CLONE/lock.sh" status 2>err
  contains err 'building'
}

@test "it is found through links from anywhere" {
  mkdir bin
  ln -s "$CLONE/scripts/lock.sh" bin/lock
  ln -s lock bin/again
  cd bin
  ./again status s --json 2>/dev/null | grep -qF '"state": "free"'
  cd "$CLONE/scripts"
  bash lock.sh status s --json | grep -qF '"state": "free"'
}

@test "without Node it says what it needs" {
  mkdir tools
  ln -s "$(type -P bash)" tools
  refuses 69 env "PATH=$PWD/tools" "$CLONE/lock.sh" status
  [[ $output == *'20.19'* ]]
}
