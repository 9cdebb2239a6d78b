#!/usr/bin/env bats
# The terminal after a program that has put nothing back: as the run found it.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

bats_require_minimum_version 1.5.0
load helpers.bash

setup() {
  sandbox
  needs_tmux
  cat >full-screen <<'JOB'
#!/usr/bin/env bash
# Raw mode, alternate screen, no cursor, mouse reports, a scroll region, bracketed paste, application keys, red.
stty raw -echo
printf '\e[?1049h\e[?25l\e[?1000h\e[?1006h\e[?2004h\e[?1h\e=\e[31m\e[5;10r\e[2J\e[Hfull screen'
trap 'exit 1' TERM
while :; do sleep 0.1; done
JOB
  chmod +x full-screen
}
teardown() { clean_sandbox; }

# shellcheck disable=SC2034 # open_ui reads them
UI_COLUMNS=160 UI_ROWS=30
screen() { ui capture-pane -p -t =ui:; }
shows() { screen | grep -qF -- "$1"; }
modes() { ui display-message -p -t =ui: '#{alternate_on}#{cursor_flag}#{mouse_any_flag}#{keypad_flag}#{keypad_cursor_flag} #{scroll_region_upper}-#{scroll_region_lower}'; }
modes_are() { [[ $(modes) == "$1" ]] || { printf 'modes are %s\n' "$(modes)"; return 1; }; }
USUAL='01000 0-29'

@test "after a full-screen program that was ended the pane is as before, and the engine's lines are straight" {
  open_ui
  types 'stty -a >before; cat before | wc -l'
  eventually test -s before
  types 'engine.sh run s -n 2 --timeout 1s --max-failures inf -- ./full-screen; stty -a >after; echo don\e $?'
  eventually shows 'done 0'
  modes_are "$USUAL"
  diff before after
  screen
  # One line each, from the first column, and what stood there before is there.
  [[ $(screen | grep -c '^engine: ') -ge 3 ]]
  shows 'stty -a >before'
}

@test "each iteration starts with the terminal as the run found it" {
  cat >job <<'JOB'
#!/usr/bin/env bash
stty -a >"modes.$LOCK_ITERATION"
tmux display-message -p -t "$TMUX_PANE" '#{alternate_on}#{cursor_flag}#{mouse_any_flag}' >"screen.$LOCK_ITERATION"
exec ./full-screen
JOB
  chmod +x job
  open_ui
  types 'engine.sh run s -n 2 --max-failures inf -- ./job; echo don\e $?'
  local iteration
  for iteration in 1 2; do
    eventually test -s "screen.$iteration"
    eventually shows 'full screen'
    eventually in_iteration s "$iteration"
    lock.sh interrupt s
  done
  eventually shows 'done '
  diff modes.1 modes.2
  [[ $(<screen.2) == 010 ]]
}

@test "the guard does it when the engine has crashed" {
  open_ui
  types 'engine.sh run s -- ./full-screen'
  eventually shows 'full screen'
  eventually in_iteration s 1
  kill -KILL "$(field s pid)"
  eventually modes_are "$USUAL"
  types 'stty -a >after; echo us\able'
  eventually shows 'usable'
  grep -qE '(^| )opost' after
  run ! grep -q -- '-onlcr' after
}

@test "the terminal is the engine's again after a worker with job control, and the next one can read from it" {
  cat >job <<'JOB'
#!/usr/bin/env bash
if [[ $LOCK_ITERATION == 1 ]]; then exec bash --norc -ic 'sleep 1000'; fi
read -rp 'Ready? ' answer
echo "got $answer"
JOB
  chmod +x job
  open_ui
  types 'engine.sh run s -n 2 --max-failures inf -- ./job; echo don\e $?'
  eventually in_iteration s 1
  eventually has_taken_the_terminal "$(field s pid)"
  lock.sh interrupt s
  eventually shows 'Ready?'
  types yes
  eventually shows 'got yes'
  eventually shows 'done 0'
}

# The terminal's foreground group is not the engine's.
has_taken_the_terminal() { # ENGINE
  local own foreground
  read -r own foreground < <(ps -o pgid=,tpgid= -p "$1")
  [[ $own != "$foreground" ]]
}

@test "a run that was put into the background leaves the terminal alone" {
  open_ui
  # shellcheck disable=SC2016 # expanded by the worker
  printf '%s\n' 'until [[ -e go.$LOCK_ITERATION ]]; do sleep 0.1; done' >job
  types 'engine.sh run s -n 2 -- bash job &'
  eventually in_iteration s 1
  types 'stty -echo'
  types 'touch go.1'
  eventually in_iteration s 2
  types 'stty -a >after; touch go.2; stty echo'
  eventually test -s after
  grep -q -- '-echo ' after
}

@test "in a terminal without TMUX, run says that nothing is kept, and why" {
  open_ui
  types 'env -u TMUX engine.sh run s -- true; echo don\e $?'
  eventually shows 'done 0'
  shows 'TMUX is not set'
  shows 'the output is not recorded'
}

@test "what a full-screen program has said can be searched" {
  open_ui
  types 'engine.sh run s -- ./full-screen; echo don\e $?'
  eventually shows 'full screen'
  eventually in_iteration s 1
  lock.sh interrupt s
  eventually shows 'done '
  lock.sh logs s --rendered >rendered
  grep -q '^full screen' rendered
  run ! grep -q $'\e' rendered
  [[ $(lock.sh logs s --rendered -n 1 | wc -l) == 1 ]]
  refuses 64 lock.sh logs s --rendered -f
}

@test "Ctrl-C is a key of a full-screen program, and a second one ends the run" {
  cat >quits <<'JOB'
#!/usr/bin/env bash
stty raw -echo
printf '\e[2J\e[Hquits on Ctrl-C> '
key=$(dd bs=1 count=1 2>/dev/null)
[[ $key == $'\x03' ]]
JOB
  chmod +x quits
  open_ui
  types 'engine.sh run s -n inf -- ./quits; echo don\e $?'
  eventually shows 'quits on Ctrl-C>'
  ui send-keys -t =ui: C-c
  eventually shows 'Ctrl-C now ends the run'
  # The one that follows may come too late on a busy machine, and be the key of the next iteration.
  eventually ends_with_another
}
ends_with_another() {
  ui send-keys -t =ui: C-c
  shows 'done 130'
}
