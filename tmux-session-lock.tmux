#!/usr/bin/env bash
# Plugin for tmux, by the conventions of TPM. In ~/.tmux.conf, with the defaults of its options:
#
#   set -g status-right '#{lock_status} %H:%M'    # in status-left and status-right: 2● 1◌ docs 12m
#   set -g @lock_watch_key W                      # prefix W: the table of all sessions, in a popup
#   set -g @lock_jump_key J                       # prefix J: to the session that needs you most
#   set -g @lock_popup_width 90%
#   set -g @lock_popup_height 80%
#   set -g @plugin 'OWNER/tmux-session-lock'      # or: run-shell /path/to/tmux-session-lock.tmux
#
# A key of '' is not bound.
set -euo pipefail
unset CDPATH

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

option() { # NAME DEFAULT
  local value
  # An empty value is one, too.
  if tmux show-options -gq "$1" | grep -q .; then value=$(tmux show-options -gqv "$1"); else value=$2; fi
  printf '%s' "$value"
}

# A word for the shell, in a text that tmux expands as a format.
word() { # TEXT
  local quoted
  quoted=$(printf '%q' "$1")
  printf '%s' "${quoted//\#/##}"
}

# In a status line strftime(3) reads it, too.
status_command() {
  local command
  command="$(word "$here/scripts/lock.sh") status --format tmux"
  printf '#(%s 2>/dev/null)' "${command//%/%%}"
}

fill_in() { # OPTION
  local value
  value=$(tmux show-options -gqv "$1")
  [[ $value != *'#{lock_status}'* ]] || tmux set-option -g "$1" "${value//'#{lock_status}'/$(status_command)}"
}

bind() { # KEY ACTION
  [[ -n $1 ]] || return 0
  tmux bind-key "$1" run-shell -b "$(word "$here/scripts/tmux-plugin.sh") $2 #{q:client_name}"
}

fill_in status-left
fill_in status-right
bind "$(option @lock_watch_key W)" watch
bind "$(option @lock_jump_key J)" jump
