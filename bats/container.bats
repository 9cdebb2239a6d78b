#!/usr/bin/env bats
# The machine around a run: process 1 of a container, a log-out, a reboot.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status and output
# shellcheck disable=SC2016 # The shell in there expands it.

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

@test "an engine that is process 1 of a container says what to add, works, and doctor counts the zombies" {
  unshare --user --map-root-user --pid --fork --mount-proc true 2>/dev/null || unshare --pid --fork --mount-proc true 2>/dev/null || skip 'no PID namespace can be made'
  local how=(unshare --pid --fork --mount-proc)
  "${how[@]}" true 2>/dev/null || how=(unshare --user --map-root-user --pid --fork --mount-proc)
  # The middle process ends first, so its child loses its parent, and then ends. Dead children of the engine's own are
  # seen for a moment too.
  "${how[@]}" engine.sh run s -- bash -c '(perl -e "select(undef, undef, undef, 0.02) until getppid == 1" & exec true); for try in {1..100}; do lock.sh doctor >said; ! grep -q "for process 1" said || break; done; cat said; exit 3' >out 2>err 3>&- || [[ $? == 3 ]]
  contains err 'this engine is process 1 here'
  contains err 'docker run --init'
  contains out 'for process 1 (an engine), which does not collect them'
  [[ $(field s phase) == ended ]]
  contains "$LOCK_DIR/s/history.jsonl" '"exit_code":3'
}

warns_of_a_log_out() {
  run lock.sh doctor
  [[ $status == 0 && $output == *KillUserProcesses* && $output == *enable-linger* ]]
}

@test "doctor warns of what a log-out and a reboot end" {
  mkdir bin
  printf '#!/bin/sh\necho "b true"\n' >bin/busctl
  printf '#!/bin/sh\necho ${LINGER:-no}\n' >bin/loginctl
  chmod +x bin/*
  PATH=$PWD/bin:$PATH
  # On a busy machine the answer of the bus may come too late.
  eventually warns_of_a_log_out
  LINGER=yes run lock.sh doctor
  [[ $output != *KillUserProcesses* ]]
  printf '#!/bin/sh\necho "b false"\n' >bin/busctl
  run lock.sh doctor
  [[ $output != *KillUserProcesses* ]]

  [[ $(stat -f -c %T /dev/shm) == tmpfs ]] || skip '/dev/shm is no tmpfs'
  local dir
  dir=$(mktemp -d /dev/shm/lock-bats.XXXXXX)
  LOCK_DIR=$dir run lock.sh doctor
  rm -rf "$dir"
  [[ $output == *'is in memory (tmpfs)'* ]]
}
