#!/usr/bin/env bats
# What a tmux of its own shows of the sessions: status line, options of panes, the keys of the plugin.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  needs_tmux
}
teardown() { clean_sandbox; }

# shellcheck disable=SC2034 # open_ui reads them
UI_COLUMNS=150 UI_ROWS=40
pane_shows() { # PANE OPTION VALUE
  [[ $(ui show-options -pqv -t "$1" "$2") == "$3" ]]
}
panes_are() { [[ $(ui list-panes -a -F '#{@lock_session}=#{@lock_state}') == "$1" ]]; }
has_no_options() { # PANE
  [[ $(ui show-options -p -t "$1") != *@lock_s* ]]
}
# A person looks at the server through a client of another one.
open_client() {
  tmux -f /dev/null new-session -d -s eye -x 150 -y 40 "env -u TMUX tmux -u -L $TMUX_NAME attach -t =ui:"
  eventually has_client ui
}
has_client() { [[ $(ui list-clients -F '#{session_name}') == "$1" ]]; }
client_shows() { tmux capture-pane -p -t =eye: | grep -qF -- "$1"; }
# What the status line says is there until it is looked for.
messages_stay() { ui set-option -g display-time 60000; }
# A key of the person's, behind the prefix.
press() { # KEY
  tmux send-keys -t =eye: C-b
  tmux send-keys -t =eye: "$1"
}

@test "the pane of a run says whose it is, and active, hung and active again, until the run ends" {
  open_ui
  local pane
  pane=$(ui display-message -p -t =ui: '#{pane_id}')
  mkfifo fifo
  cat >job <<'JOB'
work() { until [[ -e $1 ]]; do echo $((n++)); sleep 0.1; done; }
work quiet
until [[ -e go ]]; do read -rt 0.1 <>fifo || true; done
work end
JOB
  types "engine.sh run docs --stale-after 1 --heartbeat-interval 0.2 --quiet-after 1 -- bash job"
  eventually pane_shows "$pane" @lock_session docs
  eventually pane_shows "$pane" @lock_state active
  touch quiet
  eventually pane_shows "$pane" @lock_state hung
  pane_shows "$pane" @lock_session docs
  touch go
  eventually pane_shows "$pane" @lock_state active
  eventually panes_are docs=active
  touch end
  eventually has_no_options "$pane"
  state_is docs free
}

@test "the pane says what its run needs a person for, as long as it does" {
  open_ui
  local pane
  pane=$(ui display-message -p -t =ui: '#{pane_id}')
  types "engine.sh run docs -- bash -c 'lock.sh attention question deploy; until [[ -e go ]]; do sleep 0.1; done; lock.sh progress on; sleep 1000'"
  eventually pane_shows "$pane" @lock_attention question
  pane_shows "$pane" @lock_state active
  touch go
  eventually pane_shows "$pane" @lock_attention ''
  pane_shows "$pane" @lock_state active
}

@test "the pane of a run whose owner died says dead, until it is reaped" {
  open_ui
  local pane
  pane=$(ui display-message -p -t =ui: '#{pane_id}')
  types 'engine.sh run docs -- sleep 1000'
  eventually pane_shows "$pane" @lock_state active
  kill -KILL "$(field docs pid)"
  eventually pane_shows "$pane" @lock_state dead
  pane_shows "$pane" @lock_session docs
  lock.sh reap docs
  eventually has_no_options "$pane"
}

@test "the pane of a run whose owner and guard died says dead, until it is run again elsewhere" {
  open_ui
  local pane
  pane=$(ui display-message -p -t =ui: '#{pane_id}')
  types 'engine.sh run docs -- sleep 1000'
  eventually pane_shows "$pane" @lock_state active
  eventually has_refresher docs
  kill_with_guard_only "$(field docs pid)" "$(part docs refresher)"
  eventually pane_shows "$pane" @lock_state dead
  start_engine docs -- sleep 1000
  eventually has_refresher docs
  eventually has_no_options "$pane"
}
kill_with_guard_only() { # ENGINE GUARD
  kill -STOP "$1"
  eventually is_stopped "$1"
  kill -KILL "$2" "$1"
}

@test "the next run in the same pane keeps its options when the one before takes its own away" {
  open_ui
  local pane
  pane=$(ui display-message -p -t =ui: '#{pane_id}')
  types 'engine.sh run one -- bash -c "until [[ -e go ]]; do sleep 0.01; done"; engine.sh run two -- sleep 1000'
  eventually pane_shows "$pane" @lock_session one
  eventually has_refresher one
  local guard
  guard=$(part one refresher)
  touch go
  eventually pane_shows "$pane" @lock_session two
  eventually is_gone "$guard"
  pane_shows "$pane" @lock_session two
  pane_shows "$pane" @lock_state active
}
@test "a tmux server that does not answer is not waited for" {
  open_ui
  types 'engine.sh run docs --stale-after 1 --heartbeat-interval 0.2 --quiet-after 1 -- sleep 1000'
  eventually has_refresher docs
  local server
  server=$(ui display-message -p '#{pid}')
  kill -STOP "$server"
  eventually state_is docs hung
  local owner worker
  owner=$(field docs pid)
  worker=$(part docs worker)
  kill -KILL "$owner"
  eventually state_is docs dead
  eventually is_gone "$worker"
  kill -CONT "$server"
}

@test "the segment of the status line counts, and names who needs a person" {
  [[ -z $(lock.sh status --format tmux) ]]
  start_engine a -- sleep 1000
  start_engine b -- sleep 1000
  eventually has_refresher a
  eventually has_refresher b
  [[ $(lock.sh status --format tmux) == '2●' ]]
  kill -STOP "$(field b pid)"
  kill -KILL "$(field a pid)"
  eventually state_is a dead
  [[ $(lock.sh status --format tmux) =~ ^'1● 1✗ a '[0-9]+s$ ]]
  kill -CONT "$(field b pid)"
}

@test "the metrics are what a node exporter reads" {
  start_engine a -- sleep 1000
  eventually has_refresher a
  lock.sh status --format prometheus >metrics
  contains metrics '# TYPE session_lock_state gauge'
  contains metrics 'session_lock_state{session="a",state="active"} 1'
  contains metrics 'session_lock_state{session="a",state="hung"} 0'
  # A metric is given once, with its help before it.
  [[ -z $(grep '^# HELP' metrics | cut -d' ' -f3 | sort | uniq -d) ]]
  refuses 64 lock.sh status --format yaml
  [[ $output == *'tmux, prometheus'* ]]
  refuses 64 lock.sh status --json --format tmux
}

@test "the plugin fills in the status line" {
  open_ui
  ui set-option -g status-interval 1
  # shellcheck disable=SC2016 # tmux's
  ui set-option -g status-right '<#{lock_status}>'
  ui set-option -g status-left '[#S] '
  TMUX="$(ui display-message -p '#{socket_path}'),1,0" "$ROOT/tmux-session-lock.tmux"
  [[ $(ui show-options -gv status-left) == '[#S] ' ]]
  open_client
  start_engine a -- sleep 1000
  eventually client_shows '<1●>'
  kill -KILL "$(field a pid)"
  eventually client_shows '<1✗ a '
}

@test "the plugin's key jumps to the session that needs a person most, and says why" {
  open_ui
  types 'engine.sh run works -d -- sleep 1000; engine.sh run asks -d -- bash -c "lock.sh attention question sure; sleep 1000"; engine.sh run outside -- sleep 1000'
  eventually has_refresher outside
  eventually asks asks
  TMUX="$(ui display-message -p '#{socket_path}'),1,0" "$ROOT/tmux-session-lock.tmux"
  messages_stay
  open_client
  press J
  eventually has_client asks
  eventually client_shows 'asks is active: needs you: question: sure'
}
asks() { lock.sh status "$1" --json | grep -q '^ "attention": {'; }

@test "the plugin's keys can be others, or none" {
  open_ui
  local socket
  socket=$(ui display-message -p '#{socket_path}')
  ui set-option -g @lock_watch_key ''
  ui set-option -g @lock_jump_key C-j
  TMUX="$socket,1,0" "$ROOT/tmux-session-lock.tmux"
  ui list-keys -T prefix >keys
  grep -q 'C-j .*tmux-plugin.sh jump' keys
  lacks keys 'tmux-plugin.sh watch'
  messages_stay
  open_client
  press C-j
  eventually client_shows 'no session needs you'
}

@test "attach --next names no session where none needs a person, and takes no name beside it" {
  run lock.sh attach --next
  [[ $status == 0 && $output == *'no session needs you'* ]]
  refuses 64 lock.sh attach --next docs
  refuses 64 lock.sh attach
}
