#!/usr/bin/env bats
# lock.sh: what is said about sessions, and how scripts can use it.

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

@test "status of a session that has never run is free" {
  refuses 3 lock.sh status s
  [[ $output == *free*'never run'* ]]
  lock.sh status s --json | grep -qF '"state": "free"'
}

@test "status without sessions says how to start one" {
  run lock.sh status
  [[ $status == 0 && $output == *'engine.sh run NAME'* ]]
  [[ $(lock.sh status --json 2>/dev/null) == '[]' ]]
}

@test "status shows every session, hung and dead first, also beside records that nobody can read" {
  start_engine active -- sleep 1000
  start_engine hung --stale-after 0.5 --grace 0.2 -- sleep 1000
  local hung=$REPLY
  start_engine dead -- sleep 1000
  local dead=$REPLY
  engine.sh run free -- true
  eventually has_refresher active
  eventually has_refresher hung
  eventually has_refresher dead
  kill -STOP "$hung"
  kill -KILL "$dead"
  mkdir "$LOCK_DIR/directory.json"
  mkfifo "$LOCK_DIR/fifo.json"
  ln -s /dev/zero "$LOCK_DIR/link.json"
  truncate -s 100M "$LOCK_DIR/large.json"
  : >"$LOCK_DIR/empty.json"
  echo '{"format": 99}' >"$LOCK_DIR/newer.json"
  echo not a session >"$LOCK_DIR/a.b.json"
  eventually shows_every_session
  kill -CONT "$hung"
}
# A busy machine may let a heartbeat through that was on its way when the owner was stopped.
shows_every_session() {
  local text
  text=$(lock.sh status) || return
  printf '%s\n' "$text"
  [[ $(awk '{print $1, $2}' <<<"$text") == 'SESSION STATE
hung hung
dead dead
directory unknown
empty unknown
fifo unknown
large unknown
link unknown
newer unknown
active active
free free' ]]
}

@test "a table in a pipe is not cut and has no colours; FORCE_COLOR and NO_COLOR are heard" {
  engine.sh run s -- true
  [[ $(lock.sh status) != *$'\e'* ]]
  [[ $(FORCE_COLOR=1 lock.sh status) == *$'\e[2mfree'* ]]
  [[ $(FORCE_COLOR=1 NO_COLOR=1 lock.sh status) != *$'\e'* ]]
}

@test "no text of a record is printed raw" {
  engine.sh run s -- printf 'x\e]0;owned\a' >/dev/null
  [[ $(lock.sh why s) != *$'\e'* ]]
  [[ $(lock.sh why s) == *'\x1b]0;owned'* || $(lock.sh why s) == *'\e]0;owned'* ]]
  sed -i 's/"user": "[^"]*"/"user": "\\u001b[31mroot"/' "$LOCK_DIR/s.json"
  [[ $(lock.sh status) != *$'\e'* ]]
}

@test "why shows lock, owner, refresher, worker, tree and what to do next" {
  start_engine s -- bash -c 'sleep 1000 & : >up; wait'
  eventually test -e up
  eventually has_refresher s
  run lock.sh why s
  [[ $status == 0 ]]
  [[ $output == *"owner       pid $REPLY, running"* ]]
  [[ $output == *"refresher   pid $(part s refresher), running"* ]]
  [[ $output == *"worker      pid $(part s worker), running"* ]]
  [[ $output == *'lock        held'* && $output == *'sleep 1000'* && $output == *'engine.sh stop s'* ]]
  lock.sh why s --json | node -e '
    const why = JSON.parse(require("fs").readFileSync(0, "utf8"))
    require("assert").deepEqual(why.kernel_lock.state, "held")
    require("assert").equal(why.tree.length, 2)
    require("assert").equal(why.state, "active")
    require("assert").equal("cookie" in why, false)'
}

@test "wait waits for a state, and gives up with 75" {
  start_engine s -- bash -c 'until [[ -e go ]]; do sleep 0.05; done'
  eventually has_refresher s
  refuses 75 lock.sh wait s --for free --timeout 0.3
  lock.sh wait s --for free,dead >waited 3>&- &
  local waiter=$!
  STARTED+=("$waiter")
  touch go
  wait "$waiter"
  contains waited 's is free'
  refuses 64 lock.sh wait s
  refuses 64 lock.sh wait s --for lunch
}

@test "reap leaves the living alone" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  run lock.sh reap
  [[ $status == 0 && $output == *'nothing to reap'* ]]
  refuses 75 lock.sh reap s
  state_is s active
}

@test "a session in another PID namespace is unknown, not dead, and still excluded" {
  unshare --pid --fork --mount-proc true 2>/dev/null || skip 'no permission to make a PID namespace'
  start_engine s -- sleep 1000
  eventually has_refresher s
  refuses 4 unshare --pid --fork --mount-proc lock.sh status s
  [[ $output == *'another PID namespace'* ]]
  refuses 75 unshare --pid --fork --mount-proc engine.sh run s -- true
  refuses 75 unshare --pid --fork --mount-proc engine.sh run s --force -- true
  state_is s active
}

@test "doctor tries the kernel lock, and points at what needs a person" {
  run lock.sh doctor
  [[ $status == 0 && $output == *'locks, excludes and lets go'* ]]
  : >"$LOCK_DIR/s.json"
  run lock.sh doctor
  [[ $status == 0 && $output == *'session s'*'unknown'* ]]
  chmod 755 "$LOCK_DIR"
  refuses 77 lock.sh doctor
}

@test "needs flock or perl, and says what to install" {
  mkdir tools
  ln -s "$(type -P node)" "$(type -P bash)" tools
  refuses 69 env "PATH=$PWD/tools" "$ROOT/engine.sh" run s -- true
  [[ $output == *'util-linux'* && $output == *perl* ]]
}

@test "without /proc it needs ps and sysctl, and says what to install" {
  mkdir tools
  ln -s "$(type -P node)" "$(type -P bash)" "$(type -P flock)" tools
  export LOCK_PROCESS_STRATEGY=ps
  refuses 69 env "PATH=$PWD/tools" "$ROOT/engine.sh" run s -- true
  [[ $output == *'ps'*'not in PATH'* && $output == *'apt-get install procps'* ]]
  [[ ! -e $LOCK_DIR/s.json ]]
}

@test "help is on stdout when asked for, and on stderr with 64 when not" {
  lock.sh --help | grep -q status
  engine.sh run --help | grep -q -- --max-failures
  refuses 64 lock.sh
  [[ -z $(lock.sh 2>/dev/null) ]]
}

@test "output that nobody reads any more is no error" {
  engine.sh run s -- true
  lock.sh status >&-
  lock.sh why s | head -n 1 >/dev/null
}
