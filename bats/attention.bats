#!/usr/bin/env bats
# What a job says that it needs a person for: shown at once, first, and over when somebody has come.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  needs_tmux
}
teardown() { clean_sandbox; }

# shellcheck disable=SC2034 # open_ui reads them
UI_COLUMNS=160 UI_ROWS=50
shows() { ui capture-pane -p -t =ui: | grep -qF -- "$1"; }
attention_of() { lock.sh status "$1" --json | sed -n '/^ "attention": /,$p' | tr -d '\n '; }
needs() { [[ $(attention_of "$1") == *'"kind":"'"$2"'"'* ]]; }
needs_nothing() { [[ $(attention_of "$1") == '"attention":null'* ]]; }
hangs_for_input() { [[ $(lock.sh status "$1" --json) == *'"state": "hung"'*'"cause": "awaiting-input"'* ]]; }
has_event() { lock.sh history "$1" --all | grep -F -- "$2" | grep -qF -- "$3"; }

LIMITS='--heartbeat-interval 1s --stale-after 3s'

@test "a question is shown at once and first, is an event, can be waited for, and is over when it is answered" {
  cat >job <<'JOB'
#!/usr/bin/env bash
# What is printed long after the call, on a busy machine, is taken for the answer; and what comes soon after it is not.
printf 'Allow it? [y/N] '
lock.sh attention permission 'Bash rm -rf build'
read -r answer
echo "got $answer"
for word in now it works on and has other news every second while nobody looks; do sleep 1; echo "$word"; done
sleep 1000
JOB
  chmod +x job
  start_engine other -- sleep 1000
  open_ui
  types "engine.sh run s $LIMITS -- ./job"
  eventually in_iteration s 1
  run lock.sh wait s --for needs-input,free,dead --timeout 60s
  [[ $status == 0 && $output == *'needs you: permission: Bash rm -rf build, for '* ]]
  needs s permission
  [[ $(lock.sh status | sed -n 2p) == 's '*'needs you: permission: Bash rm -rf build'* ]]
  lock.sh why s | grep -F 'needs you: permission: Bash rm -rf build'
  eventually has_event s 'needs input' 'permission: Bash rm -rf build'
  # Nobody comes, and its heartbeat goes stale.
  eventually hangs_for_input s

  types y
  eventually shows 'got y'
  eventually needs_nothing s
  eventually state_is s active
}

@test "progress, and a new iteration, end it; a turn that has ended is an event of its own" {
  cat >job <<'JOB'
#!/usr/bin/env bash
lock.sh attention turn-ended 'All done'
until [[ -e go.$LOCK_ITERATION ]]; do sleep 0.05; done
[[ $LOCK_ITERATION == 1 ]] && exit
lock.sh progress 'again'
sleep 1000
JOB
  chmod +x job
  # shellcheck disable=SC2086 # words
  start_engine s $LIMITS -n 2 -- ./job
  eventually needs s turn-ended
  eventually has_event s 'its turn has ended' 'All done'
  touch go.1
  eventually in_iteration s 2
  eventually needs s turn-ended
  touch go.2
  eventually needs_nothing s
}

@test "attention is of a kind, and of the run that is there" {
  refuses 64 lock.sh attention
  refuses 64 lock.sh attention permission 'outside of a run'
  run engine.sh run s -- bash -c 'lock.sh attention hunger; echo "code $?"; env | grep ^LOCK_ >environment'
  [[ $output == *'permission, question, turn-ended'*'code 64'* ]]
  engine.sh run s --fresh -- true
  refuses 80 bash -c 'set -a; . ./environment; lock.sh attention permission x'
  [[ ! -e $LOCK_DIR/s/runs/2/notes.jsonl ]]
  needs_nothing s
}

@test "a hook leaves notes inside of a run, and is silent and without a fault everywhere" {
  cat >job <<'JOB'
#!/usr/bin/env bash
hook() { lock.sh hook "$@" >>hook.out 2>&1 || echo "failed $*" >>hook.out; }
hook claude <<<'{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"make"}}'
hook claude <<<'{"hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{"command":"make"}}'
hook claude <<<'{"hook_event_name":"PostToolUse","tool_name":"Read","tool_input":{"file_path":"of a subagent"}}'
hook codex '{"type":"agent-turn-complete","last-assistant-message":"Renamed."}'
hook claude <<<'{"hook_event_name":'
hook claude </dev/null
hook claude <&-
hook claude >&- 2>&- <<<'{}'
hook claude < <(head -c 30000000 /dev/zero)
hook nobody <<<'{"hook_event_name":"Stop"}'
hook claude < <(sleep 20)
LOCK_GENERATION=99 hook claude <<<'{"hook_event_name":"Stop"}'
LOCK_DIR=/proc/nowhere hook claude <<<'{"hook_event_name":"Stop"}'
JOB
  chmod +x job
  engine.sh run s -- ./job
  [[ ! -s hook.out ]]
  cat "$LOCK_DIR/s/runs/1/notes.jsonl"
  has_lines "$LOCK_DIR/s/runs/1/notes.jsonl" 3
  [[ $(wc -l <"$LOCK_DIR/s/runs/1/notes.jsonl") == 3 ]]
  sed -n 1p "$LOCK_DIR/s/runs/1/notes.jsonl" | grep -F '"note":"Bash make"'
  sed -n 2p "$LOCK_DIR/s/runs/1/notes.jsonl" | grep -F '"attention":"permission","note":"Bash make"'
  sed -n 3p "$LOCK_DIR/s/runs/1/notes.jsonl" | grep -F '"attention":"turn-ended","note":"Renamed."'
  # Outside of a run no Node is started.
  LOCK_NODE=/nowhere run lock.sh hook claude <<<'{"hook_event_name":"Stop"}'
  [[ $status == 0 && -z $output ]]
}

# Says what it has read, with what is not printable shown.
reader() {
  cat >reader <<'JOB'
#!/usr/bin/env bash
printf 'Continue? '
while IFS= read -r line; do printf 'got <%q>\n' "$line"; done
JOB
  chmod +x reader
}

# The screen is looked at for a moment only, which may be too short for the program on a busy machine.
shows_what_became_of_it() {
  run lock.sh answer s "y$((++try))"
  [[ $status == 0 && $output == *'the screen before'*'Continue?'*'and now'*"got <y$try>"* ]]
}

@test "an answer is typed into the run's pane as it is, and what the screen showed is said" {
  reader
  open_ui
  types 'engine.sh run s -- ./reader'
  eventually shows 'Continue?'
  local text try=0
  eventually shows_what_became_of_it
  for text in '-n' '--help' 'C-c' 'Enter' 'a;' ';' "\$(id)" '#{pane_id}' 'a  b'; do
    lock.sh answer s -- "$text" >/dev/null
    eventually shows "$(printf 'got <%q>' "$text")"
  done
  lock.sh answer s -x >/dev/null
  eventually shows 'got <-x>'
  lock.sh answer s 'grün ⠋ 日本' >/dev/null
  eventually shows 'gr'
  lock.sh answer s $'one\ntwo' >/dev/null
  eventually shows 'got <one>'
  eventually shows 'got <two>'
  lock.sh answer s '' >/dev/null
  eventually shows "got <''>"
  # Somebody scrolls there.
  ui copy-mode -t =ui:
  lock.sh answer s 'scrolled' >/dev/null
  ui send-keys -t =ui: -X cancel
  eventually shows 'got <scrolled>'
  refuses 64 lock.sh answer s
  refuses 64 lock.sh answer s one two
  lock.sh answer s --help | grep -F 'lock.sh answer'
}

@test "an answer is not typed into anything else" {
  reader
  refuses 69 lock.sh answer s y
  start_engine plain -- sleep 1000
  eventually in_iteration plain 1
  refuses 69 lock.sh answer plain y
  [[ $output == *'not run in tmux'* ]]
  open_ui
  types 'engine.sh run s -- ./reader'
  eventually shows 'Continue?'
  # The shell has the terminal back.
  ui send-keys -t =ui: C-z
  eventually shows 'Stopped'
  refuses 77 lock.sh answer s 'touch typed'
  types fg
  # What is typed in one pane goes to all of them.
  ui split-window -t =ui:
  ui set-option -w -t =ui: synchronize-panes on
  refuses 77 lock.sh answer s 'touch typed'
  ui set-option -w -t =ui: synchronize-panes off
  ui kill-pane -a -t "$(field s pane || true)" 2>/dev/null || true
  engine.sh stop s
  refuses 69 lock.sh answer s 'touch typed'
  [[ ! -e typed ]]
}

# An end of the turn that the engine sees later than one that was there before it: `--end-on-turn` ends this one after
# the grace, and would have ended the other one by then.
a_later_turn_is_ended() { # NAME GRACE
  run timeout 60 engine.sh run "$1" --end-on-turn --grace "$2" -- ./job </dev/null
  [[ $status == 0 ]]
}
ends_are() { [[ $(grep -c ending log) == "$1" ]]; }

has_client() { [[ -n $(ui list-clients) ]]; }
typing() { # COMMAND...
  tmux send-keys -t =seat: x
  "$@"
}

@test "a turn that has ended ends the iteration as ok, and a key keeps it" {
  cat >job <<'JOB'
#!/usr/bin/env bash
trap 'echo "ending $LOCK_SESSION" >>log; exit 1' TERM
lock.sh attention turn-ended "turn $LOCK_ITERATION"
echo "turn $LOCK_ITERATION"
while :; do if read -rsn 1 -t 0.2 key; then echo "key $key" >>log; fi; done
JOB
  chmod +x job
  # No terminal: nobody can stay.
  a_later_turn_is_ended plain 1s
  ends_are 1
  lock.sh history plain --json | grep -qF '"result":"ok"'
  open_ui
  # Somebody sits there: what a pane is sent by a command is seen in steps of 8 s.
  env -u TMUX tmux -f /dev/null new-session -d -s seat -x 160 -y 50 "env -u TMUX tmux -L $TMUX_NAME attach -t =ui:"
  eventually has_client
  types 'engine.sh run s --end-on-turn --grace 4s -n 2 -- ./job; echo don\e $?'
  # And types, from before the end of the turn until the engine must have seen it.
  eventually typing shows 'turn 1'
  start_engine first --end-on-turn --grace 2s -- ./job
  eventually typing is_gone "$REPLY"
  contains log 'key x'
  # It stays, for longer than the grace.
  a_later_turn_is_ended last 4s
  lacks log 'ending s'
  in_iteration s 1
  lock.sh interrupt s
  eventually shows 'turn 2'
  eventually shows 'done 0'
}
