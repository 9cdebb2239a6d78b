#!/usr/bin/env bats
# A limit of memory, and what the kernel does to a worker that needs more than there is.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status and output
# shellcheck disable=SC2016 # The shell in there expands it.

load helpers.bash

setup() { sandbox; }
teardown() {
  clean_sandbox
  [[ -z ${GROUP:-} ]] || rmdir "$GROUP" 2>/dev/null || true
}

# It has what the limit denies it where swap is not limited with it.
needs_no_swap() {
  [[ $(wc -l </proc/swaps) -le 1 || ! -d /sys/fs/cgroup/memory || -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ]] ||
    skip 'swap is not counted here'
}

HUNGRY='my $x = "a" x (300 * 1024 * 1024); sleep 1000'

says_memory() { # NAME
  grep -q '"oom":true' "$LOCK_DIR/$1/history.jsonl"
  [[ $(lock.sh history "$1") == *'killed by the kernel for memory'* ]]
  [[ $(lock.sh history "$1" --json) == *'"oom":true'* ]]
  [[ $(lock.sh why "$1") == *'killed by the kernel for memory'* ]]
}

@test "--memory-max bounds an iteration: the kernel ends it, and history and why say so" {
  needs_no_swap
  local code=0 s=s$$ t=t$$ u=u$$
  engine.sh run "$s" --memory-max 60M -- perl -e "$HUNGRY" >out 2>&1 || code=$?
  [[ $code != 69 ]] || skip 'no group with the memory controller can be made'
  [[ $code == 137 ]]
  contains out 'for memory'
  says_memory "$s"
  # A child of the worker counts, too, and what fits is left alone.
  engine.sh run "$t" --memory-max 60M -- bash -c "perl -e '$HUNGRY'; exit 4" || [[ $? == 4 ]]
  says_memory "$t"
  engine.sh run "$u" --memory-max 60M -- perl -e 'my $x = "a" x (5 * 1024 * 1024); exit 3' || [[ $? == 3 ]]
  lacks "$LOCK_DIR/$u/history.jsonl" '"oom"'
  # Nothing of the run's groups stays; others on this machine may have their own.
  [[ -z $(find /sys/fs/cgroup/memory -type d -name "session-lock.[stu]$$.*" 2>/dev/null) ]]
}

@test "--memory-max exits with 69 where no such group can be made, and nothing runs" {
  LOCK_CGROUP_STRATEGY=none refuses 69 engine.sh run s --memory-max 60M -- touch ran
  [[ $output == *--memory-max* && ! -e ran ]]
}

@test "without the option, too: an iteration that the kernel ends for memory is told from one that somebody kills" {
  needs_no_swap
  GROUP=/sys/fs/cgroup/memory/lock-bats-$$
  mkdir "$GROUP" 2>/dev/null || skip 'no group of memory can be made'
  echo 250M >"$GROUP/memory.limit_in_bytes"
  [[ ! -e $GROUP/memory.memsw.limit_in_bytes ]] || echo 250M >"$GROUP/memory.memsw.limit_in_bytes"
  (echo 0 >"$GROUP/cgroup.procs" && exec engine.sh run s -- perl -e "$HUNGRY") >out 2>&1 3>&- || [[ $? == 137 ]]
  says_memory s
  start_engine t -- sleep 1000
  eventually in_iteration t 1
  kill -KILL "$(part t worker)"
  eventually state_is t free
  lacks "$LOCK_DIR/t/history.jsonl" '"oom"'
}
