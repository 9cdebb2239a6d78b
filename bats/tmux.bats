#!/usr/bin/env bats
# In a real tmux, on a server of the test's own: what a person sees, and what the record says about it.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  needs_tmux
}
teardown() { clean_sandbox; }

screen_of() { ui capture-pane -p -t "$1"; }
shows() { screen_of "$1" | grep -qF -- "$2"; }

@test "the worker keeps the pane's terminal" {
  open_ui
  types "engine.sh run s -- bash -c 'read -rp \"Continue? [y/N] \" answer; echo \"got \$answer\"; [[ -t 0 && -t 1 ]] && echo terminal'"
  eventually shows '=ui:' 'Continue? [y/N]'
  types y
  eventually shows '=ui:' 'got y'
  eventually shows '=ui:' terminal
}

@test "the first Ctrl-C lets the iteration end its own way, and the run ends with it" {
  open_ui
  types "engine.sh run s -n 5 -- bash -c 'trap \"echo finishing; exit 0\" INT; echo rea\$((1))dy; while :; do sleep 0.1; done'; echo code \$?"
  eventually shows '=ui:' rea1dy
  ui send-keys -t =ui: C-c
  eventually shows '=ui:' 'code 130'
  shows '=ui:' finishing
  [[ $(field s iteration) == 1 ]]
  contains "$LOCK_DIR/s.json" '"reason": "interrupted"'
}

@test "the second Ctrl-C ends a worker that ignores the first" {
  open_ui
  types "engine.sh run s -n 5 -- bash -c 'trap \"\" INT; echo rea\$((1))dy; while :; do sleep 0.1; done'; echo code \$?"
  eventually shows '=ui:' rea1dy
  ui send-keys -t =ui: C-c
  eventually shows '=ui:' 'again to end it now'
  ui send-keys -t =ui: C-c
  eventually shows '=ui:' 'code 130'
}

@test "the record says which server, session and pane, and attach switches to them inside tmux" {
  open_ui
  types 'engine.sh run s -d -- sleep 1000; echo code $?'
  eventually shows '=ui:' 'code 0'
  state_is s active
  local pane
  pane=$(ui list-panes -t =s: -F '#{pane_id}')
  grep -qF "\"pane\": \"$pane\"" "$LOCK_DIR/s.json"
  grep -qF "\"session\": \"s\"" "$LOCK_DIR/s.json"
  grep -qF "/$TMUX_NAME\"" "$LOCK_DIR/s.json"

  # A person looks at `ui` through a client of another server.
  tmux -f /dev/null new-session -d -x 100 -y 30 "env -u TMUX tmux -L $TMUX_NAME attach -t =ui:"
  eventually has_client ui
  types 'lock.sh attach s'
  eventually has_client s
}
has_client() { [[ $(ui list-clients -F '#{session_name}') == "$1" ]]; }

@test "attach outside tmux attaches, to the exact session" {
  open_ui
  types 'engine.sh run docs -d -- bash -c "echo in docs; sleep 1000"; engine.sh run doc -d -- bash -c "echo in doc; sleep 1000"; echo bo""th'
  eventually shows '=ui:' both
  tmux -f /dev/null new-session -d -s outside -x 100 -y 30 "env -u TMUX lock.sh attach doc; cat"
  eventually attached_to doc
}
attached_to() { ui list-clients -F '#{session_name}' | grep -qx "$1"; }

@test "attach says so when the pane is gone, and what is left" {
  open_ui
  types 'engine.sh run s -d -n 5 -- sleep 1000'
  eventually state_is s active
  ui kill-session -t =s:
  eventually state_is s free
  refuses 69 lock.sh attach s
  [[ $output == *'is gone'* && $output == *'lock.sh why s'* && $output == *'s is free'* ]]
}

@test "a killed pane ends the run cleanly" {
  open_ui
  types 'engine.sh run s -d -- sleep 1000'
  eventually has_refresher s
  local worker
  worker=$(part s worker)
  ui kill-session -t =s:
  eventually state_is s free
  is_gone "$worker"
  contains "$LOCK_DIR/s.json" '"exit_code": 129'
}

@test "a pane that goes away while its output is being listened to ends the run cleanly" {
  local real
  real=$(type -P tmux)
  mkdir bin
  # As it is, but the pane is gone when the answer to pipe-pane comes.
  cat >bin/tmux <<EOF
#!/usr/bin/env bash
$real "\$@" || exit
[[ " \$* " != *' pipe-pane -O '* ]] || { touch $PWD/gone && $real -L $TMUX_NAME kill-session -t =s:; }
EOF
  chmod +x bin/tmux
  open_ui
  types "PATH=$PWD/bin:\$PATH engine.sh run s -d -n 5 -- sleep 1000"
  eventually test -f gone
  eventually state_is s free
  contains "$LOCK_DIR/s.json" '"exit_code": 129'
}

@test "a run in a pane that is held by Ctrl-S can be stopped" {
  open_ui
  types 'engine.sh run s --grace 1 -- bash -c "while printf %5000d 7 && echo >>written; do sleep 0.01; done"'
  eventually has_refresher s
  local worker
  worker=$(part s worker)
  ui send-keys -t =ui: C-s
  eventually writes_no_more
  engine.sh stop s
  state_is s free
  is_gone "$worker"
  ui send-keys -t =ui: C-q
  types 'clear; echo "b""ack"'
  eventually shows '=ui:' 'back'
}
# The same in twenty looks, and it would have written all the time.
writes_no_more() {
  local now
  now=$(wc -c <written)
  [[ ! -e looks || $(tail -n 1 looks) == "$now" ]] || rm looks
  echo "$now" >>looks
  has_lines looks 20
}

@test "a pane that goes away does not keep the session for the grace of its worker" {
  open_ui
  types 'engine.sh run s -d --grace 1000 -- sleep 1000; echo code $?'
  eventually shows '=ui:' 'code 0'
  eventually has_refresher s
  ui kill-session -t =s:
  eventually state_is s free
}

@test "a tmux server that is stopped keeps nobody from looking, stopping and taking over" {
  open_ui
  types 'engine.sh run s -d -- sleep 1000; echo code $?'
  eventually shows '=ui:' 'code 0'
  eventually has_refresher s
  local server
  server=$(ui display-message -p '#{pid}')
  STARTED+=("$server")
  kill -STOP "$server"
  lock.sh why s | grep -q 'is .*active'
  engine.sh run s --force -- true
  kill -CONT "$server"
  state_is s free
}

@test "a terminal that goes away changes no exit code" {
  open_ui
  ui new-session -d -s pane "trap : HUP; engine.sh run s -- sleep 1000; echo \$? >code"
  eventually has_refresher s
  ui kill-session -t =pane:
  kill -TERM "$(sed -n 's/^ "pid": \([0-9]*\),$/\1/p' "$LOCK_DIR/s.json")"
  eventually test -s code
  [[ $(<code) == 143 ]]
}

@test "what a person opens in a tmux server that a worker has started is not the worker's" {
  start_engine outer -- bash -c 'env -u LOCK_COOKIE tmux -f /dev/null new-session -d -s inner "sleep 1000"; sleep 1000'
  eventually has_refresher outer
  eventually tmux has-session -t =inner:
  tmux new-session -d -s human 'sleep 1000'
  engine.sh stop outer
  state_is outer free
  tmux has-session -t =human:
}

@test "a killed tmux server leaves no orphan" {
  tmux -f /dev/null new-session -d -s other
  engine.sh run s -d -n 5 -- bash -c 'sleep 1000 & wait'
  eventually has_refresher s
  local worker
  worker=$(part s worker)
  tmux kill-server
  eventually state_is s free
  is_gone "$worker"
}

@test "a detached engine that fails stays to be looked at, and the next one keeps its screen" {
  open_ui
  types 'engine.sh run s -d -- bash -c "echo last words; exit 7"; echo code $?'
  eventually shows '=ui:' 'code 0'
  eventually shows '=s:' 'last words'
  eventually shows '=s:' 'exit code 7'
  types 'clear; engine.sh run s -d -- sleep 1000; echo again $?'
  eventually shows '=ui:' 'again 0'
  eventually state_is s active
  grep -qF 'last words' "$LOCK_DIR"/s/screens/*.txt
}

@test "a detached engine that cannot claim gives its exit code and leaves no session" {
  mkdir -m 700 "$LOCK_DIR"
  flock "$LOCK_DIR/s.lock" sleep 1000 3>&- &
  STARTED+=($!)
  eventually lock_is_held s
  refuses 75 engine.sh run s -d -- true
  [[ $output == *'is held by'* ]]
  run tmux has-session -t =s:
  [[ $status != 0 ]]
  end_with_children "$!"
}
lock_is_held() { [[ -e $LOCK_DIR/$1.lock ]] && ! flock -n "$LOCK_DIR/$1.lock" true; }

# As before 3.2, around the tmux of this machine: it keeps all ended panes or none.
tmux_without_failed() { # DIRECTORY
  mkdir "$1"
  cat >"$1/tmux" <<END
#!/usr/bin/env bash
args=() before=''
for arg; do
  [[ \$before != remain-on-exit || \$arg != failed ]] || arg=no-value
  args+=("\$arg") before=\$arg
done
[[ " \${args[*]} " == *' no-value '* ]] || exec $(type -P tmux) "\${args[@]}"
$(type -P tmux) "\${args[@]}" 2> >(sed 's/no-value/failed/' >&2)
END
  chmod +x "$1/tmux"
}

@test "in a tmux that keeps all ended panes or none, what ended well goes and what failed stays" {
  open_ui
  tmux_without_failed older
  types "PATH=$PWD/older:\$PATH"
  types 'engine.sh run s -d -- bash -c "until [[ -e go ]]; do sleep 0.1; done"; echo code $?'
  eventually shows '=ui:' 'code 0'
  state_is s active
  touch go
  eventually state_is s free
  eventually has_no_session s
  types 'engine.sh run s -d -- bash -c "echo last words; exit 7"; echo again $?'
  eventually shows '=ui:' 'again 0'
  eventually shows '=s:' 'exit code 7'
  shows '=s:' 'last words'
}
has_no_session() { ! ui has-session -t "=$1:" 2>/dev/null; }

@test "--force -d starts beside the engine that it takes over" {
  open_ui
  # shellcheck disable=SC2016
  types 'engine.sh run s -d -n 5 --grace 1 -- bash -c "echo iteration \$LOCK_ITERATION; sleep 1000"; echo code $?'
  eventually shows '=ui:' 'code 0'
  eventually has_refresher s
  types 'clear; engine.sh run s -d --force; echo forced $?'
  eventually shows '=ui:' 'forced 0'
  eventually in_iteration s 2
  eventually shows '=s:' 'iteration 2'
}

@test "somebody's own tmux session of that name is left alone" {
  open_ui
  ui new-session -d -s s 'sleep 1000'
  types 'engine.sh run s -d -- true; echo code $?'
  eventually shows '=ui:' 'code 75'
  shows '=ui:' 'not ours'
  ui has-session -t =s:
}

@test "texts reach neither a shell nor a tmux format" {
  tmux -f /dev/null new-session -d -s other
  mkdir -p '#(touch pwned)'
  pushd '#(touch pwned)' >/dev/null
  # shellcheck disable=SC2016
  engine.sh run s -d -- bash -c 'printf "<%s>" "$@" >words; sleep 1000' - '#(touch pwned)' '$(touch pwned)' ';' 'a;' "it's" ''
  eventually state_is s active
  eventually contains words "<#(touch pwned)><\$(touch pwned)><;><a;><it's><>"
  popd >/dev/null
  [[ ! -e pwned && ! -e '#(touch pwned)/pwned' ]]
}

@test "without tmux everything but -d and attach works" {
  local tools=$BATS_TEST_TMPDIR/tools tool
  mkdir "$tools"
  for tool in bash node flock env cat sleep true; do ln -s "$(type -P "$tool")" "$tools/$tool"; done
  local without=(env "PATH=$tools")
  "${without[@]}" "$ROOT/engine.sh" run s -- true
  "${without[@]}" "$ROOT/lock.sh" status
  "${without[@]}" "$ROOT/lock.sh" why s
  "${without[@]}" "$ROOT/lock.sh" doctor
  refuses 69 "${without[@]}" "$ROOT/engine.sh" run s -d -- true
  [[ $output == *tmux* ]]
  refuses 69 "${without[@]}" "$ROOT/lock.sh" attach s
}

# What a run that has left the pane shows: its own output, in `why` and in the bundle of a take-over, and nothing to attach to.
is_out_of_the_pane() { # NAME
  eventually in_iteration "$1" 1
  eventually is_logged "$1" 'the job says'
  contains "$LOCK_DIR/$1.json" '"tmux": null'
  local why
  why=$(lock.sh why "$1")
  [[ $why == *'the job says'* && $why != *private* && $why != *attach* ]]
  refuses 75 engine.sh run "$1" -- true
  [[ $output != *attach* ]]
  engine.sh run "$1" --force -- true
  has_bundle "$1"
  contains "$LOCK_DIR/$1"/incidents/*/output.txt 'the job says'
  [[ ! -e $(echo "$LOCK_DIR/$1"/incidents/*/screen.txt) ]]
  shows '=ui:' private
}
is_logged() { lock.sh logs "$1" 2>/dev/null | grep -qF -- "$2"; }
has_bundle() { compgen -G "$LOCK_DIR/$1/incidents/*/output.txt" >/dev/null; }
JOB="bash -c 'echo the job says hello; exec sleep 1000'"

@test "a run that leaves the pane by setsid is not in it: why and bundles show its output, and nothing of the person's" {
  open_ui
  types 'echo private words'
  types "setsid -f engine.sh run s -- bash -c 'echo the job says hello >&2; exec sleep 1000' >/dev/null </dev/null"
  is_out_of_the_pane s
}

@test "a run under nohup in the background of a pane's shell is not in the pane" {
  open_ui
  types 'echo private words'
  types "nohup engine.sh run s -- $JOB &"
  is_out_of_the_pane s
}

@test "a run in another terminal than the pane's is not in it, whatever TMUX_PANE says" {
  command -v script >/dev/null || skip 'script is not installed'
  open_ui
  types "script -qec \"engine.sh run s -- sleep 1000\" /dev/null"
  eventually in_iteration s 1
  contains "$LOCK_DIR/s.json" '"tmux": null'
  shows '=ui:' 'is not the one of pane'
  engine.sh stop s
}

@test "a run whose output goes to a file shows that, though it reads from its pane" {
  open_ui
  types 'echo private words'
  types "engine.sh run s -- bash -c 'read -r line; echo the job says \$line; exec sleep 1000' >file 2>&1"
  eventually in_iteration s 1
  types hello
  eventually is_logged s 'the job says hello'
  contains "$LOCK_DIR/s.json" '"shows_output": false'
  local why
  why=$(lock.sh why s)
  [[ $why == *'the job says hello'* && $why != *private* ]]
  engine.sh stop s
}

@test "in a tmux inside of a pane the run is in the inner one" {
  open_ui
  types "env -u TMUX tmux -f /dev/null new-session -s inner 'engine.sh run s -- sleep 1000'"
  eventually in_iteration s 1
  contains "$LOCK_DIR/s.json" '"session": "inner"'
  lacks "$LOCK_DIR/s.json" "/$TMUX_NAME\""
  engine.sh stop s
}
