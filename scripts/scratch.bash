# A directory of this run's own for all that the tests make, and an end to all that they start: also when they pass,
# when they are interrupted, and when this shell's process group is killed. A process is ours when its environment or its
# working directory names that directory.
# shellcheck shell=bash

SCRATCH=""
# The process group of the stage that runs.
STAGE=""

# Not below TMPDIR: a socket's path has little room, and on macOS TMPDIR takes most of it.
open_scratch() {
  SCRATCH=$(cd "$(mktemp -d /tmp/lock-test.XXXXXX)" && pwd -P)
  start_cleaner
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap close_scratch EXIT
}

# Cleans up when this shell is killed, and cannot do it. It has a process group of its own, and reads from a pipe that only
# this shell can write to: it ends with this shell, or with the word "done".
start_cleaner() {
  mkfifo -m 600 "$SCRATCH/cleaner"
  set -m
  cleaner <"$SCRATCH/cleaner" >/dev/null 2>&1 &
  set +m
  exec 8>"$SCRATCH/cleaner"
  rm "$SCRATCH/cleaner"
}

cleaner() {
  local word value
  trap '' HUP INT QUIT TERM
  set +e
  while read -r word value; do
    case $word in
      done) return 0 ;;
      stage) STAGE=$value ;;
    esac
  done
  end_stage
  end_ours
  remove_scratch
}

# Runs a part of the suite in a process group of its own, so that an interruption reaches all of it by one number.
# This shell does not have the directory in its environment, nor have the tools with which it looks for those that do.
stage() { # COMMAND...
  local status=0
  set -m
  TMPDIR=$SCRATCH SUITE_DIR=$SCRATCH "$@" </dev/null 8>&- &
  STAGE=$!
  set +m
  printf 'stage %s\n' "$STAGE" >&8
  wait "$STAGE" || status=$?
  STAGE=""
  printf 'stage\n' >&8
  ((status == 0)) || return "$status"
}

# Pids of processes that are ours, one a line.
ours() {
  if [[ -d /proc/self ]]; then
    {
      # Either may find nobody, or somebody who goes just then.
      grep -laF -- "$SCRATCH" /proc/[0-9]*/environ || true
      find /proc/[0-9]*/cwd -maxdepth 0 -lname "$SCRATCH*" || true
    } 2>/dev/null | sed 's|^/proc/\([0-9]*\)/.*|\1|' | sort -un
  else
    # shellcheck disable=SC2009 # pgrep does not look at environments.
    ps -A -E -ww -o pid=,command= | grep -F -- "$SCRATCH" | grep -v grep | sed 's/^ *\([0-9]*\) .*/\1/'
  fi
}

end_stage() {
  local round
  [[ -n $STAGE ]] || return 0
  kill -TERM -- "-$STAGE" 2>/dev/null || return 0
  for round in {1..50}; do
    kill -0 -- "-$STAGE" 2>/dev/null || return 0
    # What is stopped takes no TERM.
    ((round % 10)) || kill -CONT -- "-$STAGE" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$STAGE" 2>/dev/null || true
}

# Until nobody is left: a helper whose owner is killed may start another process before its own turn comes.
end_ours() {
  local pid pids quiet=0
  for _ in {1..100}; do
    pids=$(ours)
    if [[ -z $pids ]]; then
      ((++quiet < 3)) || return 0
    else
      quiet=0
      for pid in $pids; do kill -KILL "$pid" 2>/dev/null || true; done
    fi
    sleep 0.05
  done
}

# A run that was killed leaves its control groups, and a test its mount.
remove_scratch() {
  local path
  find "$SCRATCH" -name '*.json' -type f -exec sed -n 's/^ "cgroup": "\(.*\/session-lock\..*\)",$/\1/p' {} + 2>/dev/null |
    while IFS= read -r path; do
      [[ ! -d $path ]] || find "$path" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
  if [[ -r /proc/self/mountinfo ]]; then
    cut -d' ' -f5 /proc/self/mountinfo | grep -F -- "$SCRATCH/" | sort -r |
      while IFS= read -r path; do umount -l "$path" || true; done
  fi
  rm -rf "$SCRATCH" 2>/dev/null || {
    chmod -R u+rwX "$SCRATCH"
    rm -rf "$SCRATCH"
  }
}

close_scratch() {
  local status=$?
  trap '' HUP INT TERM
  trap - EXIT
  # What one step cannot do must not keep the others from theirs.
  set +e
  end_stage
  end_ours
  remove_scratch || true
  printf 'done\n' >&8
  exit "$status"
}

# For the end of a suite that has passed: who ends by himself gets the time for it; who is left is a fault of a test.
LINGER_SECONDS=${LINGER_SECONDS:-60}
nobody_is_left() {
  local pid deadline=$((SECONDS + LINGER_SECONDS))
  while ((SECONDS < deadline)); do
    [[ -n $(ours) ]] || return 0
    sleep 0.1
  done
  printf 'FAILED: left running by the tests:\n' >&2
  for pid in $(ours); do
    ps -o pid=,ppid=,stat=,args= -p "$pid" >&2 || true
    { tr "\0" "\n" <"/proc/$pid/environ" | sed -n "s/^BATS_TEST_NAME=/      of /p" >&2; } 2>/dev/null || true
  done
  return 1
}
