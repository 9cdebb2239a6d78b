# Shared by engine.sh and lock.sh: finds Node and the compiled program, and becomes it. On the way it starts no other
# process; what takes longer, and is needed once, is in prepare.bash. Bash 3.2 (macOS).
# shellcheck shell=bash

# What is known of Nodes, a line each: "good PATH", "old PATH", and "else PATH" for the one that is used when PATH has
# none that is good. Beside the program, or where that cannot be written the person's own.
node_lists() { # ROOT
  NODE_LISTS=("$1/dist/nodes" "${XDG_CACHE_HOME:-${HOME:-}/.cache}/tmux-session-lock/nodes")
}

# LOCK_NODE, or the Node of PATH that is the first one not too old. Fails when one of them is not known yet.
find_known_node() { # ROOT
  local IFS=: dir list text node known=$'\n'
  if [[ -n ${LOCK_NODE:-} ]]; then
    REPLY=$LOCK_NODE
    [[ -x $REPLY ]]
    return
  fi
  node_lists "$1"
  for list in "${NODE_LISTS[@]}"; do
    [[ -f $list ]] || continue
    text=''
    IFS='' read -r -d '' text <"$list"
    known+=$text
  done
  set -f
  # shellcheck disable=SC2086 # Split at the colons.
  set -- $PATH
  set +f
  for dir; do
    node=${dir:-.}/node
    [[ -f $node && -x $node ]] || continue
    # Another one has been installed there since it was asked.
    [[ ! $node -nt ${NODE_LISTS[0]} || ! $node -nt ${NODE_LISTS[1]} ]] || return 1
    case $known in
      *$'\n'"good $node"$'\n'*) REPLY=$node && return ;;
      *$'\n'"old $node"$'\n'*) ;;
      *) return 1 ;;
    esac
  done
  REPLY=${known##*$'\n'else }
  REPLY=${REPLY%%$'\n'*}
  [[ $REPLY == /* && -x $REPLY ]]
}

# In a clone, whether the sources have changed since they were compiled. Directories are enough: git replaces files,
# and to look at every one would take longer than all the rest. After an edit in place: npm run build.
is_current() { # ROOT
  local root=$1 file sources=''
  [[ -f $root/dist/loader.cjs ]] || return 1
  [[ -d $root/src ]] || return 0
  # Listed by the build: to look for them takes ten times as long. A new one changes the directory that it is in.
  [[ -f $root/dist/sources ]] || return 1
  IFS='' read -r -d '' sources <"$root/dist/sources"
  for file in $sources; do
    [[ $root/$file -nt $root/dist/loader.cjs ]] && return 1
  done
  return 0
}

# Builds nothing: that takes too long.
run_hook() { # AGENT...
  local root=${BASH_SOURCE[0]%/*}/..
  find_known_node "$root" || REPLY=node
  unset NODE_OPTIONS
  "$REPLY" "$root/dist/hook.js" "$@"
  exit 0
}

# Signals that were ignored at the start, as HUP under nohup, in LOCK_IGNORED_SIGNALS: Node takes each back at its own. /proc
# tells without a subshell whether there are any. It says nothing of QUIT, which Bash itself ignores, so one that is ignored
# alone is not seen there.
tell_ignored_signals() {
  local status='' mask=1 how name names=''
  if [[ -r /proc/$$/status ]]; then
    # In one piece: line by line takes some hundred system calls.
    IFS='' read -r -d '' status <"/proc/$$/status"
    # Without QUIT and CHLD.
    [[ $status =~ SigIgn:[[:space:]]*([0-9a-f]+) ]] && mask=$((16#${BASH_REMATCH[1]: -8} & ~0x10004))
  fi
  ((mask)) || return 0
  while read -r _ _ how name; do
    [[ $how != "''" ]] || names+=" ${name#SIG}"
  done < <(trap -p)
  [[ -z $names ]] || export LOCK_IGNORED_SIGNALS=${names# }
}

# Variables that Node would take up for itself, and that are meant for the command, which gets them back. Of NODE_OPTIONS a
# file that is not there any more would keep the engine from starting.
set_aside() {
  local name
  for name in NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_DEBUG NODE_V8_COVERAGE NODE_REDIRECT_WARNINGS NODE_PENDING_DEPRECATION; do
    unset "LOCK_CALLER_$name"
    [[ -n ${!name+set} ]] || continue
    export "LOCK_CALLER_$name=${!name}"
    unset "$name"
  done
  [[ -z ${LOCK_NODE_OPTIONS:-} ]] || export NODE_OPTIONS=$LOCK_NODE_OPTIONS
}

# The soft limit of open files, which Node raises to the hard one, in LOCK_SOFT_OPEN_FILES. On Linux only.
tell_open_files() {
  local limits='' soft_and_hard='Max open files +([^ ]+) +([^ ]+)'
  [[ -r /proc/$$/limits ]] || return 0
  IFS='' read -r -d '' limits <"/proc/$$/limits"
  [[ $limits =~ $soft_and_hard ]] || return 0
  [[ ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]] || export LOCK_SOFT_OPEN_FILES=${BASH_REMATCH[1]}
}

start_helper() { # PROGRAM ARG...
  # scripts/ is in the root; resolved without a process where the path has no surprises.
  local root=${BASH_SOURCE[0]%/*}/..
  if ! is_current "$root" || ! find_known_node "$root"; then
    # shellcheck source=scripts/prepare.bash
    . "$root/scripts/prepare.bash"
    prepare "$root"
  fi
  unset LOCK_IGNORED_SIGNALS LOCK_SOFT_OPEN_FILES
  # For the worker: of the verbs of lock.sh only the steps of a script that has sourced it start one.
  if [[ $1 == engine || ${2:-} == __shell ]]; then
    tell_ignored_signals
    tell_open_files
  fi
  set_aside
  if [[ -n ${NOTIFY_SOCKET:-} && ${1:-} == engine && ${2:-} == run ]]; then
    # shellcheck source=scripts/service-manager.bash
    . "$root/scripts/service-manager.bash"
    exec_with_notify_socket "$REPLY" "$root/dist/loader.cjs" "$@"
  fi
  exec "$REPLY" "$root/dist/loader.cjs" "$@"
}
