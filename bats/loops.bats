#!/usr/bin/env bats
# Loops that know when they are done, and when they get nowhere: the rules of docs/LOOPS.md, with real git repositories.
# shellcheck disable=SC2016,SC2030,SC2031 # most commands are for the worker's shell; bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
}
teardown() { clean_sandbox; }

repository() { # DIRECTORY
  git init -q -b main "$1"
  echo one >"$1/tracked"
  git -C "$1" add -A
  git -C "$1" commit -qm first
}

# A program without some others: PATH has links to all but these.
path_without() { # NAME
  local dir=$BATS_TEST_TMPDIR/bin entry file
  mkdir -p "$dir"
  while read -r entry; do
    for file in "$entry"/*; do
      [[ ${file##*/} == "$1" || ! -x $file || -e $dir/${file##*/} ]] || ln -s "$file" "$dir/${file##*/}"
    done
  done < <(tr : '\n' <<<"$PATH")
  printf '%s' "$dir"
}

ended_with() { # NAME REASON DETAIL
  lock.sh status "$1" --json >ended.json || true
  contains ended.json "\"reason\": \"$2\""
  contains ended.json "$3"
}
pauses() { lock.sh status "$1" | grep -qF 'the next begins in'; }
waits() { [[ $(field "$1" phase) == waiting ]]; }
# A column of the history: of all iterations, in one line.
changed() { # NAME FIELD
  lock.sh history "$1" --json | sed -n "s/.*\"changed\":{.*\"$2\":\([a-z0-9]*\)[,}].*/\1/p" | paste -sd' ' -
}

@test "--until ends the run as completed; it sees the worker's environment, and its output is in the log" {
  engine.sh run s -n inf --until 'echo "check $LOCK_ITERATION $LOCK_LAST_RESULT"; [ -e done ]' -- \
    sh -c 'echo work; [ $LOCK_ITERATION -lt 3 ] || touch done' 2>err
  [[ $(field s iteration) == 3 ]]
  contains err 'completed in iteration 3, exit code 0: --until exited with 0'
  [[ $(lock.sh logs s --iteration 2) == $'work\ncheck 2 ok' ]]
  # The check's output is not the worker's.
  [[ $(lock.sh history s --json | grep -c '"output_bytes":5,') == 3 ]]
}

@test "--until and --until-output win over failure limit, count, and a stop of the same moment" {
  engine.sh run a -n 1 --until true -- false
  engine.sh run b -n inf --max-failures 1 --until-output DONE -- sh -c 'echo DONE; exit 7'
  start_engine c -n inf --until-output DONE -- sh -c 'touch up; while [ ! -e stop ]; do sleep 0.05; done; echo DONE'
  local engine=$REPLY
  eventually test -e up
  engine.sh stop c --after-iteration
  touch stop
  wait "$engine"
  ended_with c completed '--until-output'
}

@test "an --until that cannot be run is an error after the first iteration, one that is no shell at once" {
  local code=0
  engine.sh run s -n 9 --until no-such-command-anywhere -- true 2>err || code=$?
  [[ $code == 127 && $(field s iteration) == 1 ]]
  contains err '--until cannot be run'
  refuses 64 engine.sh run t --until 'if true' -- touch started
  [[ ! -e started ]]
}

@test "an --until that never returns is ended with all that it started, and the run goes on" {
  # On a busy machine the second may be over before all of it has been started.
  started_twice() {
    rm -f left
    engine.sh run s -n 2 --timeout 1 --until 'setsid sh -c "trap \"\" TERM; echo \$\$ >>left; while :; do sleep 0.1; done" & sleep 1000' --grace 0.2 -- true 2>err
    has_lines left 2
  }
  eventually started_twice
  contains err '--until has not answered within 1s'
  local pid
  while read -r pid; do is_gone "$pid"; done <left
}

@test "a stop does not wait for an --until that hangs, nor for an --on-iteration" {
  local option
  for option in --until --on-iteration; do
    rm -f up
    start_engine "s$option" -n inf "$option" 'touch up; exec sleep 1000' -- true
    local engine=$REPLY
    eventually test -e up
    kill -TERM "$engine"
    local code=0
    wait "$engine" || code=$?
    [[ $code == 143 ]]
  done
}

@test "an engine that is killed leaves nothing of its --until" {
  start_engine s -n inf --until 'sh -c "echo \$\$ >inner; exec sleep 1000" & echo $$ >outer; wait' -- true
  local engine=$REPLY
  eventually test -s inner -a -s outer
  kill -KILL "$engine"
  eventually is_gone "$(<inner)"
  eventually is_gone "$(<outer)"
}

@test "--until-output is a whole line, without colours and box, also in the last iteration and beyond --log-limit" {
  engine.sh run a -n 1 --until-output DONE -- sh -c 'printf "NOT DONE\n\033[32m│ DONE │\033[0m\n"; exit 3'
  refuses 3 engine.sh run b --until-output DONE -- sh -c 'echo "NOT DONE"; echo "DONE yet?"; exit 3'
  engine.sh run c -n 3 --log-limit 4k --until-output DONE -- sh -c 'seq 3000; echo DONE >&2; seq 3000'
  [[ $(field c iteration) == 1 ]]
}

@test "what the worker was given does not count as its output: command line and standard input" {
  printf 'Do it.\nWhen all is done, print\nDONE\nand stop.\n' >prompt.md
  engine.sh run a -n 2 --until-output DONE --stdin prompt.md -- cat
  engine.sh run b -n 2 --until-output DONE -- printf '%s\n' "$(<prompt.md)"
  engine.sh run c -n 5 --until-output DONE --stdin prompt.md -- sh -c 'cat; echo; [ $LOCK_ITERATION -lt 2 ] || echo DONE'
  [[ $(field a iteration) == 2 && $(field b iteration) == 2 && $(field c iteration) == 2 ]]
  ended_with c completed '--until-output'
}

# The engine looks at its worker five times in a second, and compares what it has seen half a second before and after a
# line. That it has looked, however slow the machine is, shows in how often it has been woken.
has_looked() {
  local engine wakes
  engine=$(field s pid)
  sleep 0.6
  wakes=$(wakes_of "$engine")
  eventually has_woken "$engine" $((wakes + 8))
}
wakes_of() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$1/status"; }
has_woken() { (($(wakes_of "$1") >= $2)); }

@test "in a pane a printed line counts, and the echo of what was typed does not" {
  needs_tmux
  open_ui 100 30
  # The first reads two lines and answers one, the second sleeps while one is typed, the third prints it.
  ui send-keys -t =ui: "engine.sh run s -n 3 --until-output DONE -- sh -c '" \
    'case $LOCK_ITERATION in 1) touch up1; read x; echo "got $x"; read x;; 2) touch up2; while [ ! -e go2 ]; do sleep 0.1; done;; 3) echo DONE;; esac' \
    "'; echo code \$?" Enter
  eventually test -e up1
  has_looked
  ui send-keys -t =ui: DONE Enter
  eventually grep -qF 'got DONE' "$LOCK_DIR/s/runs/1/1.0.log"
  has_looked
  ui send-keys -t =ui: DONE Enter
  eventually test -e up2
  has_looked
  ui send-keys -t =ui: DONE Enter
  eventually grep -qF DONE "$LOCK_DIR/s/runs/1/2.0.log"
  has_looked
  touch go2
  eventually ended_with s completed '--until-output'
  [[ $(field s iteration) == 3 ]]
  contains "$LOCK_DIR/s/runs/1/1.0.log" DONE
}

@test "--until-output refuses to run where nobody can listen" {
  command -v script >/dev/null || skip 'script is not installed'
  script -qec "engine.sh run s -n inf --until-output DONE -- echo DONE; echo code \$?" /dev/null >out </dev/null
  contains out 'code 69'
  contains out 'nobody can listen'
}

@test "--max-unchanged ends a loop that changes nothing with 81, and history says what each iteration changed" {
  repository repo
  cd repo
  refuses 81 engine.sh run s -n inf --max-unchanged 2 -- sh -c 'case $LOCK_ITERATION in
    1) echo two >tracked; git commit -qam two;;
    3) echo x >new; echo y >other;;
    5) git switch -qc topic;;
    6) lock.sh progress "thought about it";;
    7) echo ignored >.git/ignored;;
  esac'
  grep -qF '2 iterations in a row changed nothing (--max-unchanged 2)' <<<"$output"
  [[ $(field s iteration) == 8 ]]
  [[ $(changed s commits) == '1 0 0 0 0 0 0 0' ]]
  [[ $(changed s files) == '1 0 2 0 0 0 0 0' ]]
  [[ $(changed s head_moved) == 'true false false false true false false false' ]]
  [[ $(changed s notes) == '0 0 0 0 0 1 0 0' ]]
  lock.sh history s | grep -qF '1 commit, 1 file'
  refuses 3 lock.sh status s
  grep -qF 'failed with exit code 81' <<<"$output"
}

@test "an iteration that commits all its work has changed something, also in a second work tree and during a rebase" {
  repository repo
  git -C repo worktree add -q -b topic ../second
  (cd second && refuses 81 engine.sh run s -n inf --max-unchanged 2 -- \
    sh -c '[ $LOCK_ITERATION -gt 3 ] || { echo $LOCK_ITERATION >tracked; git commit -qam more; }')
  [[ $(changed s commits) == '1 1 1 0 0' ]]
  cd repo
  echo mine >tracked
  git commit -qam mine
  ! git rebase -q topic 2>/dev/null || false
  touch .git/worktrees/second/index.lock .git/index.lock
  cp .git/index index.before
  refuses 81 engine.sh run t -n inf --max-unchanged 2 -- sh -c '[ $LOCK_ITERATION != 1 ] || echo both >tracked'
  [[ $(changed t files) == '1 0 0' ]]
  cmp .git/index index.before
}

@test "outside of git, lines that are new are a change; in a bare repository commits are" {
  refuses 81 engine.sh run s -n inf --max-unchanged 2 -- sh -c 'echo "try $LOCK_ITERATION"; [ $LOCK_ITERATION != 3 ] || echo news'
  [[ $(changed s output) == '1 0 1 0 0' ]]
  repository repo
  git clone -q --bare repo bare.git
  (cd repo && git commit -q --allow-empty -m more)
  (cd bare.git && refuses 81 engine.sh run t -n inf --max-unchanged 2 -- sh -c '[ $LOCK_ITERATION != 1 ] || git fetch -q ../repo main:main')
  [[ $(changed t commits) == '1 0 0' ]]
}

@test "the lock directory and the engine's own output in the work tree are no change" {
  repository repo
  cd repo
  export LOCK_DIR=$PWD/locks
  local code=0
  engine.sh run s -n inf --max-unchanged 2 -- echo hello >out.log 2>&1 || code=$?
  [[ $code == 81 ]]
}

@test "git is needed only by an option that needs it, and only in a repository" {
  local without
  without=$(path_without git)
  PATH=$without engine.sh run s --max-unchanged 2 -- true
  repository repo
  cd repo
  PATH=$without engine.sh run t -n 2 -- true
  PATH=$without refuses 69 engine.sh run u --max-unchanged 2 -- touch started
  grep -qF 'there is no git' <<<"$output"
  [[ ! -e started ]]
}

# A git that notes how it is called, and then does SCRIPT.
spied_git() { # SCRIPT
  local dir=$BATS_TEST_TMPDIR/spied
  mkdir -p "$dir"
  printf '#!/bin/sh\necho "$$ $*" >>"%s"\n%s\n' "$calls" "$1" >"$dir/git"
  chmod +x "$dir/git"
  printf '%s' "$dir:$PATH"
}
statuses() { grep -c ' status ' "$calls"; }

@test "iterations that follow each other at once share a look at the repository; a pause and a hook have their own" {
  local calls=$PWD/calls spied real
  real=$(type -P git)
  spied=$(spied_git "exec $real \"\$@\"")
  repository repo
  cd repo
  # On a busy machine a look may be too old to be shared.
  local run=0
  looks_are_shared() {
    : >"$calls"
    git checkout -q tracked
    PATH=$spied engine.sh run "s$((++run))" -n 3 -- sh -c '[ $LOCK_ITERATION != 2 ] || echo two >tracked'
    [[ $(changed "s$run" files) == '0 1 0' && $(statuses) == 4 && $(wc -l <"$calls") == 5 ]]
  }
  eventually looks_are_shared
  # What others change while the run waits is not the iteration's doing.
  start_spied() { PATH=$spied exec engine.sh run "t$run" -n 2 --delay 1 -- true; }
  # On a busy machine the change may come after the pause.
  change_of_others_is_not_counted() {
    run=$((run + 1))
    git checkout -q tracked
    start_spied 2>/dev/null 3>&- &
    local engine=$!
    STARTED+=("$engine")
    eventually waits_or_has_ended "t$run" "$engine"
    echo other >tracked
    wait "$engine"
    [[ $(changed "t$run" files) == '0 0' ]]
  }
  eventually change_of_others_is_not_counted
  # Or a look may take longer than it is waited for.
  change_of_a_hook_is_not_counted() {
    PATH=$spied engine.sh run "u$((++run))" -n 2 --on-iteration 'date +%N >made' -- true
    [[ $(changed "u$run" files) == '0 0' ]]
  }
  eventually change_of_a_hook_is_not_counted
}
waits_or_has_ended() { # NAME ENGINE
  phase_is "$1" waiting || is_gone "$2"
}

@test "a git that does not answer holds no iteration up for long, and is asked no more" {
  local calls=$PWD/calls spied
  repository repo
  spied=$(spied_git 'exec sleep 1000')
  cd repo
  PATH=$spied engine.sh run s -n 5 -- true
  [[ $(lock.sh history s --json | grep -c '"changed":null') == 5 ]]
  [[ $(wc -l <"$calls") -le 2 ]]
  no_git_is_left() { ! while read -r pid _; do ! kill -0 "$pid" 2>/dev/null || echo "$pid"; done <"$calls" | grep .; }
  eventually no_git_is_left
  # Who is told to end does not wait for it either.
  PATH=$spied start_engine t --grace 0.2 -- sleep 1000
  # A session that nobody holds yet cannot be told to end.
  eventually test -f "$LOCK_DIR/t.json"
  engine.sh stop t
}

@test "quick iterations that print the same are nowhere, whatever git says" {
  repository repo
  cd repo
  start_engine s -n 20 --max-unchanged 3 -- \
    sh -c 'echo $$ >>journal; [ $LOCK_ITERATION != 2 ] || exec sleep 1000; echo "limit reached, request $$"'
  local engine=$REPLY
  eventually in_iteration s 2
  kill -KILL "$engine"
  # The guard writes the record once more.
  eventually contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
  # As if the first had taken ten minutes.
  sed -i '/"durations": \[/{n;s/.*/   600/}' "$LOCK_DIR/s.json"
  refuses 81 engine.sh run s
  grep -qF 'printed the same text' <<<"$output"
  grep -qF 'a tenth of the usual 10m' <<<"$output"
  [[ $(field s iteration) == 5 ]]
}

@test "--for and --until-time: no iteration begins after that, and status says what is left" {
  # On a busy machine it may be over before the first.
  ends_with_the_last_code() { refuses 4 engine.sh run s -n inf --max-failures inf --for 1s -- sh -c 'sleep 0.4; exit 4'; }
  eventually ends_with_the_last_code
  ended_with s completed '--for 1s is over'
  refuses 64 engine.sh run s --until-time 25:00 -- true
  start_engine t -n inf --for 2h --max-unchanged 5 --delay 1000 -- true
  eventually waits t
  lock.sh status t >out
  # The time is rounded: at once it is 2h.
  grep -Eq '(1h 59m|2h) left; ' out
  # The pause would end after the run's time: it is not waited for.
  engine.sh run u -n inf --for 10m --delay 20m -- true
  ended_with u completed '--for 10m is over'
}

@test "--backoff doubles the pause after failures, and goes back to --delay after a good iteration" {
  engine.sh run s -n 5 --max-failures inf --backoff 1s..2s -- sh -c 'date +%s.%N >>times; [ $LOCK_ITERATION -gt 3 ]' 2>err
  # Behind a good iteration there is no pause that could be told.
  [[ $(grep -c 'continuing in' err) == 3 ]]
  sed -n 's/.*continuing in \([0-9.]*\)s (.*/\1/p' err >told
  awk 'NR == 1 && $1 >= 1 || NR > 1 && $1 >= 1.5 && $1 <= 2 { good += 1 } END { exit good != 3 }' told
  contains err '(3 failures in a row)'
  # And it lasts as long as was told, or longer on a busy machine.
  awk 'NR > 1 { gap[NR - 1] = $1 - before } { before = $1 }
    END { exit !(gap[1] >= 1 && gap[2] >= 1.5 && gap[3] >= 1.5) }' times
}

@test "exit code 75 waits and does not count as a failure; --retry-at says until when" {
  start_engine s -n inf -- sh -c 'lock.sh progress --retry-at 2h "rate limited"; exit 75'
  eventually waits s
  lock.sh status s >out
  contains out 'the next begins in'
  contains out 'the worker says: rate limited'
  lock.sh why s >diagnosis || true
  contains diagnosis 'rate limited'
  engine.sh stop s
  engine.sh run t -n 3 --backoff 0.1..0.2 -- sh -c '[ $LOCK_ITERATION = 3 ] || exit 75'
  [[ $(field t iteration) == 3 ]]
  engine.sh run u -n 2 -- sh -c 'date +%s.%N >>times; lock.sh progress --retry-at "$(($(date +%s) + 2))"'
  awk 'NR == 1 { first = $1 } END { exit !($1 - first > 0.9) }' times
  refuses 64 engine.sh run v -- sh -c 'lock.sh progress --retry-at soon'
}

@test "--stdin is read from its start by each iteration, as it is then" {
  refuses 69 engine.sh run s --stdin missing.md -- touch started
  [[ ! -e started ]]
  mkdir dir
  refuses 69 engine.sh run s --stdin dir -- true
  echo one >prompt.md
  refuses 69 engine.sh run s -n 4 --max-failures 1 --stdin prompt.md -- \
    sh -c 'cat >>seen; echo $((LOCK_ITERATION + 1)) >prompt.md; [ $LOCK_ITERATION != 3 ] || rm prompt.md'
  [[ $(<seen) == $'one\n2\n3' ]]
  [[ $(field s iteration) == 4 ]]
  grep -qF 'prompt.md is not there' <<<"$output"
}

@test "in a pane --stdin is the worker's standard input, and its output stays the terminal" {
  needs_tmux
  echo hello >prompt.md
  engine.sh run s -d --stdin prompt.md -- sh -c 'read -r line; [ ! -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo "$line" >seen; exec sleep 1000'
  eventually test -s seen
  [[ $(<seen) == hello ]]
}

@test "each iteration is told how the one before it has ended" {
  LOCK_LAST_RESULT=stray engine.sh run s -n 4 --max-failures inf -- \
    sh -c 'echo "$LOCK_LAST_RESULT|$LOCK_LAST_EXIT_CODE|$LOCK_FAILURES|$(cat "$LOCK_LAST_LOG" 2>/dev/null)" >>seen; echo "said $LOCK_ITERATION"
      case $LOCK_ITERATION in 2) exit 3;; 3) kill -KILL $$;; esac' || true
  [[ $(<seen) == $'||0|\nok|0|0|said 1\nfailed|3|1|said 2\nkilled|137|2|said 3' ]]
}

@test "--on-iteration gets the history's line, and what comes of it changes nothing" {
  engine.sh run s -n 2 --on-iteration 'cat >>lines; exit 5' -- sh -c 'echo x'
  [[ $(wc -l <lines) == 2 ]]
  grep -q '"iteration":2,.*"result":"ok","exit_code":0,.*"changed":{' lines
}

@test "a resumed run goes on with the same rules, counters and deadline" {
  repository repo
  cd repo
  start_engine s -n inf --max-unchanged 3 --for 2h --delay 0.1 -- sh -c '[ $LOCK_ITERATION -lt 3 ] || exec sleep 1000'
  local engine=$REPLY deadline
  eventually in_iteration s 3
  deadline=$(sed -n 's/^  "deadline_epoch": \(.*\),$/\1/p' "$LOCK_DIR/s.json")
  kill -KILL "$engine"
  eventually state_is s dead
  eventually flock -n "$LOCK_DIR/s.lock" true
  start_engine s -n inf
  eventually in_iteration s 4
  [[ $(sed -n 's/^  "deadline_epoch": \(.*\),$/\1/p' "$LOCK_DIR/s.json") == "$deadline" ]]
  [[ $(sed -n 's/^  "unchanged": \(.*\),$/\1/p' "$LOCK_DIR/s.json") == 2 ]]
  lock.sh why s >diagnosis
  contains diagnosis '--for 2h --max-unchanged 3'
  contains diagnosis '2 of 3 iterations without a change'
}

@test "a directory that is removed while the run waits ends the run, and is named" {
  mkdir place
  (cd place && exec engine.sh run s -n inf --max-failures 1 --delay 1 --max-unchanged 9 -- true) >out 2>&1 3>&- &
  local engine=$! code=0
  STARTED+=("$engine")
  eventually waits s
  rm -r place
  wait "$engine" || code=$?
  [[ $code == 74 ]]
  contains out 'place is gone'
  mkdir place
  (cd place && exec engine.sh run t -n inf --delay 1 --until false -- true) >out 2>&1 3>&- &
  engine=$! code=0
  STARTED+=("$engine")
  eventually waits t
  eventually pauses t
  rm -r place
  wait "$engine" || code=$?
  [[ $code == 74 ]]
  contains out 'place is gone'
}

tells_of_the_pause() { [[ $(lock.sh status s) == *'failures in a row, the last at once'* ]]; }

@test "a command that fails at once is not started over and over: the pause grows, and status has it" {
  start_engine s -n inf --max-failures inf -- sh -c 'date +%s.%N >>runs; exit 3'
  eventually has_lines runs 6
  eventually tells_of_the_pause
  engine.sh stop s
  # 0.1 s, doubled each time; on a busy machine not every failure is one at once, and there is no pause behind it.
  grep -qE 'continuing in (0\.4s \(3|0\.8s \(4|1\.6s \(5|3\.2s \(6) failures in a row, the last at once\)' s.out
  # And it lasts as long as was told.
  sed -n 's/.*continuing in \([0-9.]*\)s (\([0-9]*\) failures.*/\1 \2/p' s.out >told
  awk 'NR == FNR { at[NR] = $1; next } ($2 + 1) in at && at[$2 + 1] - at[$2] < $1 { exit 1 }' runs told

  engine.sh run t -n 10 --max-failures inf --delay 0.01 -- false || [[ $? == 1 ]]
  lacks "$LOCK_DIR/t.json" 'at once'
}
