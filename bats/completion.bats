#!/usr/bin/env bats
# The completion scripts, in the shells that they are for.

load helpers.bash

setup() {
  sandbox
  engine.sh run nightly -- true 2>err
}
teardown() { clean_sandbox; }

# What bash is offered at the end of these words; the last one is the one that is being typed.
offered() { # WORD...
  # shellcheck disable=SC2016 # The bash in there expands it.
  bash --norc -uc 'eval "$(lock.sh completion bash)"
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    enable -n compopt # As in bash 3.2; and outside of a completion it would complain.
    _tmux_session_lock
    ((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' bash "$@" >out 2>err
  [[ ! -s err ]]
}

@test "bash is offered verbs, sessions, options, values, programs and files" {
  offered lock.sh sta
  [[ $(<out) == status ]]
  offered lock.sh why ''
  [[ $(<out) == nightly ]]
  offered engine.sh run nightly --quiet-after ''
  [[ $(<out) == off ]]
  offered lock.sh wait nightly --for = h
  [[ $(<out) == hung ]]
  offered engine.sh run x -- printf
  grep -qxF printf out
  offered engine.sh run x -- cat /etc/passw
  grep -qxF /etc/passwd out
  offered "$ROOT/lock.sh" sta
  [[ $(<out) == status ]]
  ln -s "$ROOT" "$HOME/clone"
  # shellcheck disable=SC2088 # As it was typed.
  offered '~/clone/lock.sh' sta
  [[ $(<out) == status ]]
}

@test "bash runs nothing that a file in the lock directory is named" {
  touch "$LOCK_DIR/\$(touch pwned).json" "$LOCK_DIR/\`touch pwned\`.json" "$LOCK_DIR/-n.json" "$LOCK_DIR/a b.json"
  offered lock.sh status ''
  [[ $(<out) == nightly && ! -e pwned ]]
}

@test "where nothing can be said nothing is" {
  LOCK_DIR=/nonexistent/locks offered lock.sh status ''
  [[ ! -s out ]]
  offered lock.sh moon ''
  [[ ! -s out ]]
  offered /nonexistent/lock.sh sta
  [[ ! -s out ]]
}

on_screen() { [[ $(tmux -L "$TMUX_NAME" capture-pane -p -t =c:) == *"$1"* ]]; }

# A shell in a terminal of its own, with the completion script loaded.
shell_in_tmux() { # COMMAND SETUP
  local tmux=(tmux -L "$TMUX_NAME" -f /dev/null)
  "${tmux[@]}" new-session -d -x 100 -y 20 -s c "$1"
  "${tmux[@]}" send-keys -t =c: "$2; clear; echo re''ady" Enter
  eventually on_screen ready
}

type_keys() { tmux -L "$TMUX_NAME" send-keys -t =c: "$@"; }

@test "an interactive bash completes" {
  # shellcheck disable=SC2016 # The shell in there expands it.
  shell_in_tmux 'bash --norc --noprofile' 'eval "$(lock.sh completion bash)"; PS1='
  type_keys 'lock.sh sta' Tab 'ni' Tab '--j' Tab
  eventually on_screen 'lock.sh status nightly --json'
  type_keys C-u 'engine.sh run x -- cat /etc/passw' Tab
  eventually on_screen '-- cat /etc/passwd'
}

@test "an interactive zsh completes, with the states of sessions" {
  type -P zsh >/dev/null || skip 'no zsh here'
  # shellcheck disable=SC2016
  shell_in_tmux 'zsh -f' 'autoload -U compinit; compinit -u -D; eval "$(lock.sh completion zsh)"; PS1='
  type_keys 'lock.sh sta' Tab
  eventually on_screen 'lock.sh status'
  type_keys 'ni' Tab '--j' Tab
  eventually on_screen 'lock.sh status nightly --json'
  type_keys C-u 'engine.sh run x -- cat /etc/passw' Tab
  eventually on_screen '-- cat /etc/passwd'
  engine.sh run other -- true 2>err
  type_keys C-u 'lock.sh why ' Tab
  eventually on_screen '-- free'
}

@test "fish completes, with the states of sessions" {
  type -P fish >/dev/null || skip 'no fish here'
  # shellcheck disable=SC2016
  fish_offers() { fish --no-config -c 'lock.sh completion fish | source; complete -C $argv[1]' "$1" >out 2>err; }
  fish_offers 'lock.sh sta'
  grep -q $'^status\t.*state' out
  fish_offers 'lock.sh why '
  [[ $(<out) == $'nightly\tfree' ]]
  fish_offers 'engine.sh run nightly --quiet-after '
  [[ $(<out) == off ]]
  fish_offers 'lock.sh wait nightly --for=h'
  [[ $(<out) == --for=hung ]]
  fish_offers "$ROOT/engine.sh run x -- cat /etc/passw"
  grep -qF /etc/passwd out
  [[ ! -s err ]]
}

@test "completion without a word is for the person's shell, and refuses a shell that it does not know" {
  SHELL=/usr/bin/fish lock.sh completion >out
  contains out 'complete -c'
  SHELL=/bin/tcsh lock.sh completion >out
  contains out 'complete -F'
  refuses 64 lock.sh completion tcsh
}
