#!/usr/bin/env bats
# The first start in a fresh clone. The packages are there already: their installation is npm's own business, and
# every run of this suite in a fresh clone has gone through it.
# shellcheck disable=SC2016,SC2030,SC2031 # the started shells expand it; bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  # Where this machine's own Nodes and caches are.
  unset LOCK_NODE LOCK_NODE_OPTIONS XDG_CACHE_HOME NVM_DIR FNM_DIR VOLTA_HOME MISE_DATA_DIR ASDF_DATA_DIR NODENV_ROOT
  CLONE=$BATS_TEST_TMPDIR/clone
  mkdir "$CLONE"
  (cd "$ROOT" && tar -cf - --exclude=./node_modules --exclude=./dist --exclude=./.git --exclude='./.build*' .) | tar -xf - -C "$CLONE"
  # Links to each, and a list that is new: an `npm ci` in the clone would empty the directory behind one link to all.
  mkdir "$CLONE/node_modules"
  ln -s "$ROOT"/node_modules/* "$ROOT/node_modules/.bin" "$CLONE/node_modules/"
  touch "$CLONE/node_modules/.package-lock.json"
}
teardown() { clean_sandbox; }

@test "the first start builds and says so; the second does not" {
  "$CLONE/engine.sh" run s -- echo hello >out 2>err
  [[ $(<out) == hello ]]
  contains err 'building'
  "$CLONE/engine.sh" run s -- true 2>err
  lacks err 'building'
}

@test "the command of a first start has the PATH of its caller" {
  # Another directory comes before Node's.
  PATH=/usr/sbin:$PATH "$CLONE/engine.sh" run s -- sh -c 'echo "$PATH"' >out 2>err
  contains err 'building'
  [[ $(<out) == "/usr/sbin:$PATH" ]]
}

has_no_rest() { [[ -z $(find "$CLONE" -maxdepth 1 -name '.build-*') ]]; }

@test "a build that fails, or is killed, leaves no rest; the next start builds again" {
  mv "$CLONE/src/main.ts" main.ts
  echo 'this is (not' >"$CLONE/src/main.ts"
  refuses 69 "$CLONE/lock.sh" status
  [[ $output == *'could not be built'* ]]
  has_no_rest
  [[ ! -e $CLONE/dist ]]
  mv main.ts "$CLONE/src/main.ts"
  bash -c 'mkdir "$1/.build-$$"' - "$CLONE"
  "$CLONE/lock.sh" status --json >out 2>err
  [[ $(<out) == '[]' ]]
  has_no_rest
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

# A Node of a version manager that says which one it is, and the answer of one in PATH that is too old.
fake_node() { # PATH VERSION
  mkdir -p "${1%/*}"
  # shellcheck disable=SC2016
  printf '#!/bin/sh\ncase $1 in --version) echo v%s ;; *) echo "this is %s" ;; esac\n' "$2" "$2" >"$1"
  chmod +x "$1"
}

@test "of several Nodes of a version manager it takes the newest, not the first in the order of names" {
  "$CLONE/lock.sh" status 2>/dev/null
  rm "$CLONE/dist/nodes"
  local version
  for version in 9.11.2 12.22.0 20.19.0 22.1.0 100.0.0-nightly; do
    fake_node "$HOME/.nvm/versions/node/v$version/bin/node" "$version"
  done
  fake_node "$PWD/old/node" 18.20.0
  local tool
  for tool in bash mkdir; do ln -s "$(type -P "$tool")" old/; done
  [[ ! -x /usr/local/bin/node ]] || skip 'a Node in /usr/local/bin comes first'
  PATH=$PWD/old "$CLONE/lock.sh" status >out
  [[ $(<out) == 'this is 22.1.0' ]]
  # Remembered, also that the one in PATH is too old: no other program is needed to find it again.
  rm old/mkdir
  PATH=$PWD/old "$CLONE/lock.sh" status >out
  [[ $(<out) == 'this is 22.1.0' ]]
}

@test "a newer Node that replaces one that was too old is used" {
  "$CLONE/lock.sh" status 2>/dev/null
  fake_node "$PWD/old/node" 18.20.0
  PATH=$PWD/old:$PATH "$CLONE/lock.sh" status --json >out
  [[ $(<out) == '[]' ]]
  grep -qxF "old $PWD/old/node" "$CLONE/dist/nodes"
  fake_node "$PWD/old/node" 24.0.0
  touch -d '+1 minute' old/node
  PATH=$PWD/old:$PATH "$CLONE/lock.sh" status >out
  [[ $(<out) == 'this is 24.0.0' ]]
}

@test "where every Node is too old it names the first and what it needs" {
  fake_node "$PWD/old/node" 18.20.0
  run bash -c '. "$1/scripts/prepare.bash"; DIR=$2; list_nodes() { echo "good $DIR/node"; }; find_node "$1"' - "$CLONE" "$PWD/old"
  [[ $status == 69 && $output == *'20.19'*'v18.20.0'*"$PWD/old/node"* ]]
}

@test "compiled code that others could have written is not used" {
  "$CLONE/lock.sh" status 2>/dev/null
  [[ -n $(ls "$CLONE"/dist/compiled/lock.status.*.3) ]]
  rm "$CLONE"/dist/compiled/*
  chmod 777 "$CLONE/dist/compiled"
  "$CLONE/lock.sh" status 2>/dev/null
  [[ -z $(ls "$CLONE/dist/compiled") ]]
  # The person's own is used in its place.
  [[ -n $(ls "$HOME"/.cache/tmux-session-lock/lock.status.*.1) ]]
}

@test "compiled code that is damaged does no harm, and is replaced" {
  "$CLONE/lock.sh" status s --json 2>/dev/null >before || true
  local file
  file=$(ls "$CLONE"/dist/compiled/lock.status.*.3)
  printf 'no code' >"$file"
  "$CLONE/lock.sh" status s --json >after || true
  cmp before after
  [[ -s ${file%.3}.1 ]]
}

@test "a run goes on to its end when dist/ is moved away, and when its guard is killed after that" {
  "$CLONE/engine.sh" run s -n 2 --until-output never --timeout 1h --heartbeat-interval 0.2 -- \
    bash -c 'until [[ -e go.$LOCK_ITERATION ]]; do sleep 0.05; done; echo "iteration $LOCK_ITERATION"' >out 2>err 3>&- &
  local engine=$! refresher
  STARTED+=("$engine")
  eventually has_refresher s
  refresher=$(part s refresher)
  mv "$CLONE/dist" "$CLONE/gone"
  kill -KILL "$refresher"
  eventually has_other_refresher s "$refresher"
  touch go.1
  eventually in_iteration s 2
  eventually has_refresher s
  kill -KILL "$(part s refresher)"
  touch go.2
  wait "$engine"
  [[ $(<out) == $'iteration 1\niteration 2' ]]
  lock.sh history s --json | grep -c '"result":"ok"' | grep -qx 2
  lacks err 'Cannot find'
}

@test "a worker is ended when dist/ is moved away and then guard and engine are killed" {
  "$CLONE/engine.sh" run s -- bash -c 'trap "" TERM HUP INT; echo $$ >worker; while :; do sleep 0.1; done' >out 2>err 3>&- &
  local engine=$!
  STARTED+=("$engine")
  eventually has_refresher s
  eventually test -s worker
  mv "$CLONE/dist" "$CLONE/gone"
  STARTED+=("$(<worker)")
  kill -KILL "$(part s refresher)" "$engine"
  eventually is_gone "$(<worker)"
}
