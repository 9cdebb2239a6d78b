# Every test has its own HOME, lock directory and tmux server, and ends only what it has started.
# shellcheck shell=bash

ROOT=$(cd "${BATS_TEST_DIRNAME:?}/.." && pwd)
# Generous on purpose: it is met only when something hangs.
PATIENCE_SECONDS=60

sandbox() {
  unset TMUX TMUX_PANE NODE_EXTRA_CA_CERTS NODE_OPTIONS NO_COLOR FORCE_COLOR XDG_STATE_HOME BASH_ENV ENV CDPATH
  # A suite that a git hook has started.
  unset "${!GIT_@}"
  # Every shell says so when it has a locale that this machine does not have, as ssh brings one along.
  [[ -z $("$BASH" -c : 2>&1) ]] || unset "${!LC_@}"
  # The shell of the user may be fish, or nologin; tmux starts commands with it.
  export SHELL=$BASH
  unset LOCK_SESSION LOCK_GENERATION LOCK_ITERATION LOCK_ITERATIONS LOCK_COOKIE LOCK_PROCESS_STRATEGY LOCK_FLOCK_STRATEGY LOCK_CGROUP_STRATEGY
  export HOME=$BATS_TEST_TMPDIR/home
  export LOCK_DIR=$BATS_TEST_TMPDIR/locks
  # A socket's path has little room, so not below the test's own directory.
  TMUX_TMPDIR=$(mktemp -d "${SUITE_DIR:-/tmp}/lock-bats.XXXXXX")
  export TMUX_TMPDIR
  TMUX_NAME=lock-bats-$$
  mkdir -p "$HOME"
  PATH=$ROOT:$PATH
  cd "$BATS_TEST_TMPDIR" || return
}

clean_sandbox() {
  local record pid
  for record in "$LOCK_DIR"/*.json; do
    [[ -f $record && ! -L $record ]] || continue
    # Owner, refresher and worker of what this test has run; a group where there is one.
    while read -r pid; do end_process "$pid"; done < <(sed -n 's/^ \{1,2\}"pid": \([0-9]*\),$/\1/p' "$record")
  done
  for record in "$LOCK_DIR"/*.json; do remove_cgroup "$record"; done
  for pid in ${STARTED[@]+"${STARTED[@]}"}; do end_process "$pid"; done
  tmux -L "$TMUX_NAME" kill-server 2>/dev/null || true
  tmux kill-server 2>/dev/null || true
  rm -rf "$TMUX_TMPDIR"
}

# Only what carries this test's lock directory in its environment, works in this test's directory, or is a child of this test.
end_process() { # PID
  if { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | grep -qxF "LOCK_DIR=$LOCK_DIR" ||
    [[ $(readlink "/proc/$1/cwd" 2>/dev/null) == "$BATS_TEST_TMPDIR"* ]]; then
    kill -KILL "$1" 2>/dev/null || true
  fi
}

# A run that was killed leaves its empty control group to the next one.
remove_cgroup() { # RECORD
  local cgroup
  [[ -f $1 && ! -L $1 ]] || return 0
  cgroup=$(sed -n 's/^ "cgroup": "\(.*\)",$/\1/p' "$1" 2>/dev/null) || return 0
  [[ -z $cgroup || ! -d $cgroup ]] || find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
}

# Polls until the command succeeds; less often with the time, as most commands are programs that others wait for.
eventually() { # COMMAND...
  # On a machine that stands still, or that others keep busy, time passes and nobody has looked: so many looks at least.
  local deadline=$((SECONDS + PATIENCE_SECONDS)) looks=100 round=0
  until "$@"; do
    if ((SECONDS > deadline && round >= looks)); then
      printf 'not within %s s: %s\n' "$PATIENCE_SECONDS" "$*" >&2
      lock.sh status >&2 || true
      return 1
    fi
    if ((++round < 10)); then sleep 0.05; else sleep 0.15; fi
  done
}

# Starts an engine in the background, its output in NAME.out; its pid in REPLY.
start_engine() { # NAME OPTION... [-- COMMAND...]
  engine.sh run "$@" >"$1.out" 2>&1 3>&- &
  REPLY=$!
  STARTED+=("$REPLY")
}

# A top-level field of the record.
field() { # NAME FIELD
  sed -n "s/^ \"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" "$LOCK_DIR/$1.json"
}

# The pid of worker or refresher; nothing when there is none.
part() { # NAME worker|refresher
  sed -n "/^ \"$2\": {/,/^ }/s/^  \"pid\": \([0-9]*\),$/\1/p" "$LOCK_DIR/$1.json"
}

has_part() { [[ -f $LOCK_DIR/$1.json && -n $(part "$1" "$2") ]]; }
# And its worker: on a slow machine the refresher is there before the first worker, and in the record before it too.
has_refresher() { has_part "$1" refresher && has_part "$1" worker; }
has_other_refresher() { has_refresher "$1" && [[ $(part "$1" refresher) != "$2" ]]; }
in_iteration() { [[ -f $LOCK_DIR/$1.json && $(field "$1" iteration) == "$2" && -n $(part "$1" worker) ]]; }
phase_is() { [[ -f $LOCK_DIR/$1.json && $(field "$1" phase) == "$2" ]]; }
generation_is() { [[ $(field "$1" generation) == "$2" ]]; }
state_is() { [[ $(lock.sh status "$1" --json | sed -n 's/^ "state": "\(.*\)",$/\1/p') == "$2" ]]; }
contains() { grep -qF -- "$2" "$1"; }
lacks() { ! contains "$1" "$2"; }
has_lines() { [[ -f $1 && $(wc -l <"$1") -ge $2 ]]; }

# No such process, or one that only waits for its parent.
is_gone() { # PID
  local stat
  [[ -n $1 ]] || {
    echo 'is_gone: no PID' >&2
    return 1
  }
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
  [[ ${stat##*) } == Z* ]]
}

is_alive() { ! is_gone "$1"; }

# The guard and the watchdog of an engine.
guards_of() { # ENGINE
  pgrep -P "$1" -f 'session-lock[ -](guard|watchdog)|guard\.js'
}

# An engine and all that would see to its worker, at one moment: one that is stopped starts no other guard.
kill_with_guards() { # ENGINE [PID...]
  kill -STOP "$1"
  eventually is_stopped "$1"
  # shellcheck disable=SC2046 # a list of pids
  kill -KILL $(guards_of "$1") "$@"
}

is_stopped() { # PID
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" && [[ ${stat##*) } == T* ]]
}

# `flock FILE sleep` has a child that holds the lock too.
end_with_children() { # PID
  local child
  while read -r child; do kill -KILL "$child" || true; done < <(ps -o pid= --ppid "$1")
  kill -KILL "$1" 2>/dev/null || true # It may have ended with its child.
}

# Runs a command line, with what it prints, and its status, in `output` and `status`.
# shellcheck disable=SC2154 # bats sets them
refuses() { # STATUS COMMAND...
  local expected=$1
  shift
  run "$@"
  [[ $status == "$expected" ]] || {
    printf 'expected %s, got %s: %s\n%s\n' "$expected" "$status" "$*" "$output" >&2
    return 1
  }
  # No stack traces, whatever happens.
  local trace='^ +at .*:[0-9]+:[0-9]+\)?$'
  ! grep -qE "$trace" <<<"$output"
}

# A tmux of the test's own, as a person has it: a shell in the session `ui`. A file says its size in UI_COLUMNS and UI_ROWS.
needs_tmux() { command -v tmux >/dev/null || skip 'tmux is not installed'; }
ui() { tmux -L "$TMUX_NAME" "$@"; }
open_ui() { # [COLUMNS ROWS]
  ui -f /dev/null new-session -d -s ui -x "${1:-${UI_COLUMNS:-200}}" -y "${2:-${UI_ROWS:-50}}" "env PS1='$ ' bash --norc"
}
types() { ui send-keys -t =ui: "$1" Enter; }
