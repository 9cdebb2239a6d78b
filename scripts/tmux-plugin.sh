#!/usr/bin/env bash
# What the keys of tmux-session-lock.tmux do; started by tmux.
#   tmux-plugin.sh watch|jump CLIENT
set -euo pipefail
unset CDPATH

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
client=$2

size() { # OPTION DEFAULT
  local value
  value=$(tmux show-options -gqv "$1")
  printf '%s' "${value:-$2}"
}

# The table, until it is left, or a session is chosen. When it cannot be shown, what it says stays to be read. Before
# tmux 3.2 there are no popups.
watch() {
  local command
  if tmux list-commands | grep -q '^display-popup'; then
    command="$(printf '%q' "$here/lock.sh") watch --client $(printf '%q' "$client")"
    tmux display-popup -c "$client" -EE -w "$(size @lock_popup_width 90%)" -h "$(size @lock_popup_height 80%)" \
      "$command"
  else
    # shellcheck disable=SC2016 # its own shell is to expand it.
    tmux new-window -n watch sh -c '"$@" || read -r _' sh "$here/lock.sh" watch --client "$client"
  fi
}

# Says what was found, in the status line.
jump() {
  local text
  text=$("$here/lock.sh" attach --next --client "$client" 2>&1) || true
  text=${text//$'\n'/ }
  # A format, and a time, to tmux.
  text=${text//\#/##}
  tmux display-message -c "$client" "${text//%/%%}"
}

case $1 in
  watch) watch ;;
  jump) jump ;;
  *) printf 'tmux-plugin.sh: %s is not known\n' "$1" >&2 && exit 64 ;;
esac
