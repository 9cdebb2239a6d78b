#!/usr/bin/env bats
# lock.sh watch in a real tmux, with real keys.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  needs_tmux
}
teardown() { clean_sandbox; }

# shellcheck disable=SC2034 # open_ui reads them
UI_COLUMNS=90 UI_ROWS=24
keys() { ui send-keys -t =ui: "$@"; }
shows() { ui capture-pane -p -t =ui: | grep -qF -- "$1"; }
shows_not() { ! shows "$1"; }
row_is() { ui capture-pane -p -t =ui: | grep -qE -- "$1"; }
in_table() { [[ $(ui display-message -p -t =ui: '#{alternate_on}') == 1 ]]; }
in_shell() { [[ $(ui display-message -p -t =ui: '#{alternate_on}#{cursor_flag}') == 01 ]]; }
watch_pid() { pgrep -f "loader.cjs lock watch" -P "$(ui display-message -p -t =ui: '#{pane_pid}')"; }
# The first picture comes before that: until then the keys are the terminal's, and nobody would put it right after a KILL.
takes_keys() { stty -a <"$(ui display-message -p -t =ui: '#{pane_tty}')" | grep -q -- '-icanon'; }
open_table() {
  types "lock.sh watch; echo code \$?"
  eventually in_table
  eventually shows 'q quit'
  eventually takes_keys
}

@test "the table shows what is active, hung, dead and asks, the urgent ones first, and changes as they come" {
  start_engine works -- sleep 1000
  start_engine hangs --quiet-after 1 --stale-after 1 --heartbeat-interval 0.2 -- sleep 1000
  start_engine dies -- sleep 1000
  start_engine asks -- bash -c 'lock.sh attention question "deploy now?"; sleep 1000'
  local name
  for name in works hangs dies asks; do eventually has_refresher "$name"; done
  open_ui 60 24
  open_table
  eventually shows '! needs you asks'
  eventually shows '◌ hung      hangs'
  kill -KILL "$(field dies pid)"
  eventually row_is '^[ ▸]\*✗ dead      dies'
  eventually row_is '^[ ▸].● active    works'
  eventually row_is '◌ hung      hangs .* shows no activ'
  [[ $(ui capture-pane -p -t =ui: | sed -n 3,6p | grep -oE 'asks|hangs|dies|works' | tr '\n' ' ') == 'asks hangs dies works '* ]]
  # The selected one in full: also at 60 columns the reason is in words, and what to do next.
  eventually shows 'needs you: question: deploy now?'
  eventually shows 'next: l shows what it printed'
  # The mark of a change goes away by itself.
  eventually row_is '^[ ▸] ✗ dead      dies'
  keys q
  eventually shows 'code 0'
  eventually in_shell
}

# shellcheck disable=SC2016 # the run's shell is to expand it
@test "j, k and the arrows select, and the preview shows the selected session's screen, live" {
  open_ui 90 30
  types 'engine.sh run aa -d -- bash -c "n=0; while sleep 0.2; do echo line-of-aa-\$((++n)); done"; engine.sh run bb -d -- bash -c "echo text-of-bb; sleep 1000"'
  eventually has_refresher bb
  types clear
  open_table
  eventually row_is '^▸.● active    aa'
  eventually shows 'line-of-aa-'
  keys j
  eventually row_is '^▸.● active    bb'
  eventually shows 'text-of-bb'
  keys Up
  eventually row_is '^▸.● active    aa'
  local last
  last=$(ui capture-pane -p -t =ui: | grep -o 'line-of-aa-[0-9]*' | tail -1)
  eventually newer_than "$last"
}
newer_than() { [[ $(ui capture-pane -p -t =ui: | grep -o 'line-of-aa-[0-9]*' | tail -1) != "$1" ]]; }

@test "Enter attaches, and detaching brings the table back" {
  start_detached_elsewhere other
  open_ui 90 24
  types 'unset TMUX TMUX_PANE; clear'
  open_table
  keys Enter
  eventually shows 'text-of-other'
  eventually has_client_elsewhere
  keys C-b d
  eventually row_is '^▸.● active    other'
  keys j q
  eventually shows 'code 0'
}
start_detached_elsewhere() {
  engine.sh run "$1" -d -- bash -c "echo text-of-$1; sleep 1000"
  eventually has_refresher "$1"
}
has_client_elsewhere() { [[ -n $(tmux list-clients) ]]; }

@test "Enter on a session without a pane says so, and the table stays" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  open_ui
  open_table
  keys Enter
  eventually shows 'does not run in tmux'
  row_is '● active    s'
}

@test "w, l, h and ? show their pages, and q leads back" {
  start_engine s -- bash -c 'echo printed; sleep 1000'
  eventually has_refresher s
  open_ui 100 40
  open_table
  keys w
  eventually shows '─ why s'
  eventually shows 'heartbeat'
  keys q
  eventually shows 'STATE'
  keys l
  eventually shows '─ logs s'
  eventually shows printed
  keys Escape
  eventually shows 'STATE'
  keys h
  eventually shows 'run 1 claimed'
  keys q
  eventually shows 'STATE'
  keys '?'
  eventually shows 'asks first'
  keys q
  eventually shows 'STATE'
}

@test "i, s, f and r ask first, and do it when y is pressed" {
  start_engine s -n 3 --max-failures inf -- sleep 1000
  eventually in_iteration s 1
  open_ui
  open_table
  keys i
  eventually shows 'end the iteration of s?'
  keys n
  eventually shows 'nothing was done'
  in_iteration s 1
  keys i
  eventually shows 'end the iteration of s?'
  keys y
  eventually in_iteration s 2
  # What is said last is shown: the next message must not come before this one.
  eventually shows 'of s has ended'
  keys r
  eventually shows 'only dead sessions are reaped'
  keys f
  eventually shows 'end by force the owner of, and continue s?'
  keys n
  local owner
  owner=$(field s pid)
  keys s
  eventually shows 'stop s?'
  keys y
  eventually state_is s free
  eventually is_gone "$owner"
  eventually shows '○ free      s'
}

@test "r reaps a dead session, and f takes one over" {
  start_engine s -n 3 -- sleep 1000
  eventually has_refresher s
  kill -KILL "$(field s pid)"
  eventually state_is s dead
  start_engine t -n 3 -- sleep 1000
  eventually has_refresher t
  open_ui
  open_table
  eventually row_is '^▸.✗ dead      s'
  keys r
  eventually shows 'end what is left of, and free s?'
  keys y
  eventually state_is s free
  eventually shows 'reaped run 1'
  keys g
  eventually row_is '^▸.● active    t'
  keys f
  eventually shows 'continue t?'
  keys y
  eventually generation_is t 2
  eventually state_is t active
  # It is nobody's child here, and is to write nothing any more when the scene is over.
  engine.sh stop t
}

@test "/ filters, and Escape ends the filter" {
  start_engine apple -- sleep 1000
  start_engine berry -- sleep 1000
  eventually has_refresher apple
  eventually has_refresher berry
  open_ui
  open_table
  eventually shows apple
  keys / b e r
  eventually shows '/ber'
  eventually shows_not apple
  shows berry
  keys Enter
  eventually shows 'q quit'
  shows_not apple
  keys Escape
  eventually shows apple
}

@test "the terminal is whole again after q, Ctrl-C, TERM, KILL and Ctrl-Z" {
  open_ui
  local end
  for end in q C-c TERM KILL; do
    open_table
    case $end in
      q | C-c) keys "$end" ;;
      *) kill -"$end" "$(watch_pid)" ;;
    esac
    eventually shows 'code '
    eventually in_shell
    # Echo and line editing work.
    types "echo whole-\$((1 + 1))"
    eventually shows 'whole-2'
    ui send-keys -t =ui: -R
    ui clear-history -t =ui:
    types clear
    eventually shows_not 'whole-2'
  done
  types 'lock.sh watch'
  eventually in_table
  eventually shows 'q quit'
  eventually takes_keys
  keys C-z
  eventually shows Stopped
  eventually in_shell
  types fg
  eventually in_table
  eventually shows 'q quit'
  # Keys are the table's again.
  keys '?'
  eventually shows 'this help'
  keys q q
  eventually in_shell
}

@test "a resize draws everything anew, down to a tiny terminal and up again" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  open_ui 90 24
  ui set-option -g window-size manual
  open_table
  ui resize-window -t =ui: -x 20 -y 3
  eventually shows sessions
  ui resize-window -t =ui: -x 1 -y 1
  ui resize-window -t =ui: -x 200 -y 30
  eventually row_is '│ ─ s active, run 1'
  ui resize-window -t =ui: -x 60 -y 24
  eventually row_is '^─ s active, run 1'
  eventually row_is '^▸.● active    s'
}

@test "no sessions, a session that vanishes, and a lock directory that cannot be read" {
  open_ui
  open_table
  eventually shows 'no sessions in'
  keys Enter w i r j
  engine.sh run gone -- true
  eventually shows 'gone'
  lock.sh forget gone
  eventually shows 'no sessions in'
  chmod 755 "$LOCK_DIR"
  eventually shows 'open to other users'
  chmod 700 "$LOCK_DIR"
  eventually shows 'q quit'
  mv "$LOCK_DIR" aside
  eventually shows 'is gone'
  eventually shows_not 'no sessions in'
  mv aside "$LOCK_DIR"
  eventually shows 'no sessions in'
  keys q
  eventually shows 'code 0'
}

@test "three hundred sessions scroll" {
  # The copies of its record have no heartbeats.
  start_engine s0 --stale-after 1h -- sleep 1000
  eventually has_refresher s0
  local n record
  record=$(<"$LOCK_DIR/s0.json")
  for ((n = 1; n < 300; n++)); do printf '%s\n' "${record/\"session\": \"s0\"/\"session\": \"s$n\"}" >"$LOCK_DIR/s$n.json"; done
  open_ui
  open_table
  eventually shows '300●'
  keys G
  eventually row_is '^▸.● active    s99 '
  keys g
  eventually row_is '^▸.● active    s0 '
  keys PageDown
  eventually row_is '^▸.● active    s1[0-9]* '
  # All of them name the same processes: to end those once is enough.
  rm "$LOCK_DIR"/s[1-9]*.json
}

@test "without colour the table says the same, in the same places" {
  start_engine s -- sleep 1000
  eventually has_refresher s
  open_ui
  types 'NO_COLOR=1 lock.sh watch'
  eventually in_table
  eventually shows '● active    s'
  ui capture-pane -p -e -t =ui: >screen
  # Colours are SGR 30 to 49.
  [[ -z $(grep -oE $'\e\\[[0-9;]*[34][0-9]m' screen | grep -vE $'\e\\[39m' | head -1) ]]
}

@test "without a terminal it is the table once, and with --json a line for each change" {
  start_engine s -n 2 -- bash -c 'until [[ -e go ]]; do sleep 0.05; done; sleep 1000'
  eventually has_refresher s
  run lock.sh watch </dev/null
  [[ $status == 0 && $output == *'SESSION'*'s        active'* ]]
  lock.sh watch --json >changes 3>&- &
  STARTED+=("$!")
  eventually has_lines changes 1
  grep -q '"change":"first".*"session":"s".*"state":"active"' changes
  engine.sh run t -- true
  eventually contains changes '"change":"new"'
  kill -KILL "$(field s pid)"
  eventually contains changes '"previous_state":"active","format":1,"session":"s"'
  grep -q '"session":"s".*"state":"dead"' changes
  lock.sh forget t
  eventually contains changes '"change":"gone","session":"t"'
  # Nothing is repeated while nothing changes: it was new, has perhaps been seen at work, and has gone.
  [[ $(grep -c '"session":"t"' changes) -le 3 ]]
  refuses 64 lock.sh status s --watch
  refuses 64 lock.sh watch s
}

@test "status --watch is the same table" {
  open_ui
  types 'lock.sh status --watch'
  eventually in_table
  eventually shows 'q quit'
  eventually takes_keys
  keys q
  eventually in_shell
}

# As a person sees it, who is attached to `ui` from another tmux.
open_popup() {
  TMUX="$(ui display-message -p '#{socket_path}'),1,0" "$ROOT/tmux-session-lock.tmux"
  tmux -f /dev/null new-session -d -s eye -x 120 -y 40 "env -u TMUX tmux -u -L $TMUX_NAME attach -t =ui:"
  eventually has_client ui
  tmux send-keys -t =eye: C-b
  tmux send-keys -t =eye: W
}

@test "the plugin's popup has the table, and Enter there leads to the session" {
  open_ui
  types 'engine.sh run docs -d -- sleep 1000'
  eventually has_refresher docs
  open_popup
  eventually eye_shows '● active    docs'
  tmux send-keys -t =eye: Enter
  eventually has_client docs
  eventually eye_shows_not 'q quit'
}

@test "the plugin's popup stays when the table cannot be shown, and says why" {
  mkdir -m 755 "$LOCK_DIR"
  open_ui
  open_popup
  eventually eye_shows 'open to other users'
  eventually key_closes
}
# Not before its program has ended.
key_closes() {
  tmux send-keys -t =eye: C-c
  eye_shows_not 'open to other users'
}
has_client() { [[ $(ui list-clients -F '#{session_name}') == "$1" ]]; }
eye_shows() { tmux capture-pane -p -t =eye: | grep -qF -- "$1"; }
eye_shows_not() { ! eye_shows "$1"; }
