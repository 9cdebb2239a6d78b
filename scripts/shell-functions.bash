# What a script gets that sources lock.sh:
#
#   lock_acquire NAME [OPTION...]   hold the session NAME until lock_release or the end of the shell; options as --force,
#                                   --wait [D], --notify CMD, --quiet-after D: lock.sh __shell --help
#   lock_iteration COMMAND...       run a command, or a function, as one iteration; returns its exit code
#   lock_progress [NOTE]            report progress, in the script or in the command
#   lock_release                    end the run
#
# The lock is a descriptor of this shell; lock.sh, started for each step, gets a copy. Bash 3.2, also under set -euo
# pipefail. No trap, option or variable of the script is touched; names begin with _lock_. What the script starts inherits
# the descriptor; the sentinel of the session (src/guard/sentinel.ts) sees to it that no such process holds a dead
# script's session.
# shellcheck shell=bash disable=SC2154 # lock.sh sets _lock_program

_lock_say() { printf 'lock.sh: %s\n' "$@" >&2; }

# This process, also in a subshell, whose $$ is its parent's.
_lock_pid() {
  if [[ -n ${BASHPID:-} ]]; then
    _lock_self=$BASHPID
  else
    # shellcheck disable=SC2016 # for sh
    _lock_self=$(exec sh -c 'echo "$PPID"')
  fi
}

# Runs one step of lock.sh with the lock as its descriptor 4, and without the number that it has here.
_lock_step() { # FD WORD...
  local _lock_n=$1
  shift
  eval "\"\$_lock_program\" __shell \"\$@\" 4<&$_lock_n $_lock_n>&-"
}

lock_acquire() { # NAME [OPTION...]
  local _lock_name_new=${1:-} _lock_dir _lock_n _lock_self='' _lock_run='' _lock_code=0
  if (($# == 0)); then
    _lock_say 'lock_acquire needs a session name: lock_acquire nightly'
    return 64
  fi
  shift
  _lock_pid
  if [[ -n ${_lock_fd:-} && ${_lock_owner:-} == "$_lock_self" ]]; then
    _lock_say "this shell holds $_lock_name already; one session at a time: lock_release first"
    return 64
  fi
  "$_lock_program" __shell prepare "$_lock_name_new" || return
  if [[ -n ${LOCK_DIR:-} ]]; then
    _lock_dir=$LOCK_DIR
  elif [[ ${XDG_STATE_HOME:-} == /* ]]; then
    _lock_dir=$XDG_STATE_HOME/tmux-session-lock
  else
    _lock_dir=$HOME/.local/state/tmux-session-lock
  fi
  # The highest number that is free and that the system allows.
  for ((_lock_n = 200; _lock_n > 9; _lock_n--)); do
    if ! { true >&"$_lock_n"; } 2>/dev/null &&
      { command eval "exec $_lock_n<>\"\$_lock_dir/\$_lock_name_new.lock\""; } 2>/dev/null; then
      break
    fi
  done
  if ((_lock_n == 9)); then
    _lock_say "$_lock_dir/$_lock_name_new.lock cannot be opened"
    return 74
  fi
  _lock_run=$(_lock_step "$_lock_n" acquire "$_lock_name_new" --owner "$_lock_self" --script "$0" "$@" </dev/null) ||
    _lock_code=$?
  if ((_lock_code)); then
    eval "exec $_lock_n>&-"
    return "$_lock_code"
  fi
  _lock_fd=$_lock_n _lock_name=$_lock_name_new _lock_generation=$_lock_run _lock_owner=$_lock_self
}

_lock_is_held() { # FUNCTION
  [[ -n ${_lock_fd:-} ]] && return
  _lock_say "$1: this shell holds no session; lock_acquire NAME first"
  return 64
}

# A function, or what else only a shell can run, runs in a bash of its own that has this one's functions, variables and
# options; as in a subshell, what it changes stays there.
_lock_write_state() { # FILE
  (
    unset LOCK_SESSION LOCK_GENERATION LOCK_ITERATION LOCK_ITERATIONS LOCK_COOKIE LOCK_DIR
    unset LOCK_LAST_RESULT LOCK_LAST_EXIT_CODE LOCK_FAILURES LOCK_LAST_LOG
    declare -p
    declare -f
    shopt -p
    set +o
  ) >"$1"
}

lock_iteration() { # COMMAND...
  local _lock_code=0 _lock_state=''
  _lock_is_held lock_iteration || return
  if (($# == 0)); then
    _lock_say 'lock_iteration needs a command: lock_iteration ./agent.sh --fast'
    return 64
  fi
  case $(type -t -- "$1" || true) in
    function | builtin | keyword)
      _lock_state=$(mktemp "${TMPDIR:-/tmp}/lock-function.XXXXXX") || return 74
      _lock_write_state "$_lock_state" || true
      # shellcheck disable=SC2016 # for the other bash
      set -- "$BASH" -c '{ . "$1"; } 2>/dev/null; rm -f -- "$1"; shift; "$@"' lock_iteration "$_lock_state" "$@"
      ;;
  esac
  _lock_step "$_lock_fd" iterate "$_lock_name" --generation "$_lock_generation" --owner "$_lock_owner" \
    ${_lock_state:+--function} -- "$@" || _lock_code=$?
  [[ -z $_lock_state ]] || rm -f -- "$_lock_state"
  return "$_lock_code"
}

lock_progress() { # [NOTE]
  # In the command of an iteration, or of another run.
  if [[ -z ${_lock_fd:-} || (${LOCK_SESSION:-} == "${_lock_name:-}" && ${LOCK_GENERATION:-} == "$_lock_generation") ]]; then
    "$_lock_program" progress ${1+-- "$1"}
    return
  fi
  _lock_step "$_lock_fd" progress "$_lock_name" --generation "$_lock_generation" --owner "$_lock_owner" -- "${1:-}" </dev/null
}

lock_release() {
  local _lock_code=0
  _lock_is_held lock_release || return
  _lock_step "$_lock_fd" release "$_lock_name" --generation "$_lock_generation" --owner "$_lock_owner" </dev/null ||
    _lock_code=$?
  eval "exec $_lock_fd>&-"
  unset _lock_fd _lock_name _lock_generation _lock_owner
  return "$_lock_code"
}
