#!/usr/bin/env bats
# Whom a PID means: reused by a stranger, in another PID namespace, another user's, a leader that is a zombie.
# What needs a namespace or root says so and is skipped; a namespace shared with an owner that lives is in lock.bats.
# shellcheck disable=SC2030,SC2031,SC2154 # bats sets status and output

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

needs_pid_namespace() {
  unshare --pid --fork --mount-proc --kill-child true 2>/dev/null || skip 'no permission to make a PID namespace'
  unshare --pid --fork --mount-proc --kill-child bash -c 'echo 99 >/proc/sys/kernel/ns_last_pid' 2>/dev/null ||
    skip 'no permission to choose PIDs (ns_last_pid)'
}

# Runs a function of this file as the first process of a new PID namespace; its end is the end of all in there.
in_new_namespace() { # FUNCTION ARG...
  local call
  printf -v call '%q ' "$@"
  unshare --pid --fork --mount-proc --kill-child bash -c "$(declare -f)
    ROOT=$ROOT PATIENCE_SECONDS=$PATIENCE_SECONDS STARTED=()
    set -eE
    trap 'echo \"failed: \$BASH_COMMAND\" >&2' ERR
    $call"
}

# Starts a stranger that has just this PID, in a process group of its own; its signals in stranger-PID.
be_reused() { # PID
  local pid=$1 try
  for try in {1..200}; do
    echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
    setsid "$ROOT/tests/fixtures/programs/stranger.sh" "$PWD/stranger-$pid" >/dev/null 2>&1 3>&- &
    if [[ $! == "$pid" ]]; then
      eventually has_lines "stranger-$pid" 1
      return
    fi
    kill -KILL $!
  done
  echo "no process got pid $pid in $try tries" >&2
  return 1
}

# It lives, so nobody has killed or stopped it; and it has noted nothing but its start.
is_untouched() { # PID
  local stat
  read -r stat <"/proc/$1/stat"
  [[ ${stat##*) } == S* && $(<"stranger-$1") == ready ]]
}

dead_run_with_reused_pids() {
  local owner refresher worker verb=$1
  start_engine s -n 5 --grace 0.3 -- bash -c 'echo $$ >>workers; setsid sleep 1000 & echo $! >child; wait'
  owner=$REPLY
  eventually has_refresher s
  eventually test -s child
  refresher=$(part s refresher) worker=$(part s worker)
  kill_with_guards "$owner" "$worker"
  wait "$owner" || true
  eventually test ! -e "/proc/$refresher"
  eventually test ! -e "/proc/$worker"
  be_reused "$owner"
  be_reused "$refresher"
  be_reused "$worker"

  run_quietly 1 lock.sh status s
  contains printed 'now belongs to another process'
  run_quietly 1 lock.sh status s --json
  contains printed '"state": "dead"'
  contains printed '"owner_alive": false'
  lock.sh why s >printed
  lacks printed stranger.sh
  lock.sh reap s --dry-run >printed
  lacks printed stranger.sh
  contains printed "pid $(<child)"
  engine.sh stop s >printed 2>&1
  contains printed 'does not run any more'
  is_alive "$(<child)"

  "$verb"
  is_gone "$(<child.before)"
  is_untouched "$owner"
  is_untouched "$refresher"
  is_untouched "$worker"
  # The stranger does take notes.
  kill -TERM "$owner"
  eventually contains "stranger-$owner" TERM
}

run_quietly() { # STATUS COMMAND...
  local expected=$1 code=0
  shift
  "$@" >printed 2>&1 || code=$?
  [[ $code == "$expected" ]]
}
keep_child() { cp child child.before; }
goes_on() {
  keep_child
  start_engine s
  eventually in_iteration s 2
}
takes_over() {
  keep_child
  start_engine s --force
  eventually in_iteration s 2
}
is_reaped() {
  keep_child
  lock.sh reap s
  run_quietly 3 lock.sh status s
}

@test "PIDs of a dead owner, refresher and worker reused by strangers: dead; run ends what is left and no stranger" {
  needs_pid_namespace
  in_new_namespace dead_run_with_reused_pids goes_on
}

@test "PIDs reused by strangers: run --force signals none of them" {
  needs_pid_namespace
  in_new_namespace dead_run_with_reused_pids takes_over
}

@test "PIDs reused by strangers: reap signals none of them" {
  needs_pid_namespace
  in_new_namespace dead_run_with_reused_pids is_reaped
}

start_and_leave() {
  start_engine s -n 5 -- sleep 1000
  eventually has_refresher s
}

@test "an owner in another PID namespace that is no more: unknown, not dead; only --force goes on" {
  needs_pid_namespace
  # With the namespace's first process all of it is killed.
  in_new_namespace start_and_leave
  refuses 4 lock.sh status s
  [[ $output == *'another PID namespace'* ]]
  refuses 75 engine.sh run s -- true
  [[ $output == *'another PID namespace'*--force* ]]
  refuses 75 lock.sh reap s
  generation_is s 1
  start_engine s --force
  eventually generation_is s 2
  eventually in_iteration s 2
}

# The session of another user, as somebody sees it who can read the record: in a copy of the lock directory.
as_nobody() { # COMMAND...
  setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env LOCK_DIR="$PWD/copy" HOME="$PWD/copy" "$@"
}
copy_for_nobody() {
  mkdir -p copy
  cp "$LOCK_DIR/s.json" copy
  chown -R nobody copy
  chmod 700 copy
}
needs_another_user() {
  ((EUID == 0)) || skip 'only root can be two users'
  type -P setpriv >/dev/null || skip 'no setpriv'
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR"
  mkdir copy
  chown nobody copy
  as_nobody test -r "$PWD" -a -r "$ROOT/dist/loader.cjs" || skip 'another user cannot read this clone'
}

@test "an owner that may be looked at and not signalled (EPERM) is alive" {
  needs_another_user
  start_engine s -n 5 --stale-after 60 -- sleep 1000
  local engine=$REPLY
  eventually has_refresher s
  copy_for_nobody
  run as_nobody "$ROOT/lock.sh" status s
  [[ $status == 0 && $output == *active* ]]
  refuses 77 as_nobody "$ROOT/engine.sh" stop s
  [[ $output == *"pid $engine belongs to another user"* ]]
  # In the copy the lock is free, and that is not enough.
  refuses 75 as_nobody "$ROOT/engine.sh" run s -- true
  [[ $output == *'kernel lock is free all the same'* ]]
  refuses 75 as_nobody "$ROOT/engine.sh" run s --force -- true
  refuses 75 as_nobody "$ROOT/lock.sh" reap s
  state_is s active
  kill -KILL "$engine"
  eventually state_is s dead
  copy_for_nobody
  refuses 1 as_nobody "$ROOT/lock.sh" status s
}

# /proc keeps the processes of others from us.
hidden() { # COMMAND...
  local call
  printf -v call '%q ' "$@"
  unshare --mount bash -c "mount -t proc -o hidepid=2 proc /proc && exec $call"
}

@test "an owner that may not even be looked at (hidepid, EPERM) is alive, and gone when it is gone" {
  needs_another_user
  hidden true 2>/dev/null || skip 'no permission to mount /proc with hidepid'
  hidden_nobody test ! -e "/proc/$$" || skip 'hidepid hides nothing here'
  start_engine s -n 5 --stale-after 60 -- sleep 1000
  local engine=$REPLY
  eventually has_refresher s
  copy_for_nobody
  run hidden_nobody "$ROOT/lock.sh" status s
  [[ $status == 0 && $output == *active* ]]
  refuses 77 hidden_nobody "$ROOT/engine.sh" stop s
  refuses 75 hidden_nobody "$ROOT/engine.sh" run s --force -- true
  is_alive "$engine"
  kill -KILL "$engine"
  wait "$engine" || true
  eventually test ! -e "/proc/$engine"
  refuses 1 hidden_nobody "$ROOT/lock.sh" status s
}
hidden_nobody() {
  hidden setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups env LOCK_DIR="$PWD/copy" HOME="$PWD/copy" "$@"
}

is_zombie_with_threads() { # PID
  local stat
  read -r stat <"/proc/$1/stat"
  stat=${stat##*) }
  [[ $stat == Z* ]] && (($(cut -d' ' -f18 <<<"$stat") > 1))
}

@test "a zombie leader with a live thread is a living worker, and a living owner" {
  type -P cc >/dev/null || skip 'no C compiler'
  [[ -d /proc/self/task ]] || skip 'no /proc'
  cc -pthread -o zombie-leader "$ROOT/tests/fixtures/programs/zombie-leader.c"
  start_engine s -n 5 --grace 5 -- ./zombie-leader
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  eventually is_zombie_with_threads "$worker"
  # Nothing but its PID leads to it: the environment of such a process cannot be read.
  [[ $(tr -d '\0' <"/proc/$worker/environ" 2>/dev/null | wc -c) == 0 ]]
  state_is s active
  kill_with_guards "$engine"
  eventually state_is s dead

  # As an owner: the record of the dead one, with the PID and start time of this process.
  cp "$LOCK_DIR/s.json" s.json
  local started
  started=$(sed 's/.*) //' "/proc/$worker/stat" | cut -d' ' -f20)
  sed -i "s/^ \"pid\": .*/ \"pid\": $worker,/; s/^ \"pid_started\": .*/ \"pid_started\": $started,/" "$LOCK_DIR/s.json"
  refuses 0 lock.sh status s
  refuses 75 lock.sh reap s
  cp s.json "$LOCK_DIR/s.json"

  start_engine s -- sleep 1000
  eventually contains s.out 'ended 1 process that run 1 left behind'
  eventually generation_is s 2
  # As a zombie it may stay: not every process 1 collects those that it takes in.
  eventually has_no_thread "$worker"
}
has_no_thread() { ! is_zombie_with_threads "$1" 2>/dev/null; }
