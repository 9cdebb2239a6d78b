# Completion of engine.sh and lock.sh for bash 3.2 and up. In ~/.bashrc:
#   eval "$(lock.sh completion bash)"
# shellcheck shell=bash

# Asks the program that is being typed; `:command N` means that what follows the first N words is a command of its own.
_tmux_session_lock() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} word more
  COMPREPLY=()
  # shellcheck disable=SC2088 # As it was typed.
  case $program in "~/"*) program=$HOME/${program#*/} ;; esac
  while IFS=$'\t' read -r word more; do
    case $word in
      :command)
        if declare -F _command_offset >/dev/null; then
          _command_offset $((more + 1))
        elif ((COMP_CWORD == more + 1)) && [[ $current != */* ]]; then
          _tmux_session_lock_lines compgen -c -- "$current"
        else
          _tmux_session_lock_files "$current"
        fi
        ;;
      :files) _tmux_session_lock_files "$current" ;;
      *) COMPREPLY[${#COMPREPLY[@]}]=$word ;;
    esac
  done < <("$program" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

_tmux_session_lock_files() { # CURRENT
  if type compopt >/dev/null 2>&1; then
    compopt -o default
  else
    _tmux_session_lock_lines compgen -f -- "$1"
  fi
}

_tmux_session_lock_lines() { # COMMAND...
  local line
  while IFS='' read -r line; do COMPREPLY[${#COMPREPLY[@]}]=$line; done < <("$@")
}

complete -F _tmux_session_lock engine.sh lock.sh engine lock
