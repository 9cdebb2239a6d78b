#!/usr/bin/env bats
# lock.sh report: what all sessions did in a night, from their histories.
# shellcheck disable=SC2016,SC2030,SC2031 # commands for other shells; bats runs each test in a subshell

load helpers.bash

setup() { sandbox; }
teardown() { clean_sandbox; }

LIMITS='--heartbeat-interval 0.3s --stale-after 1s --quiet-after 1s'

# The value of an expression over `report`, the object of --json, and `of(NAME)`, one of its sessions.
reported() { # EXPRESSION
  lock.sh report --json 2>/dev/null | node -e '
    const report = JSON.parse(require("node:fs").readFileSync(0, "utf8"))
    const of = (name) => report.sessions.find(({ session }) => session === name)
    console.log(eval(process.argv[1]))' "$1"
}
is() { # VALUE EXPRESSION
  local found
  found=$(reported "$2")
  [[ $found == "$1" ]] || { printf '%s is %s, not %s\n' "$2" "$found" "$1" >&2; return 1; }
}
shows() { ui capture-pane -p -t =ui: | grep -qE -- "$1"; }

@test "what sessions did, what they changed, how they died, and who took over, with the command that comes next" {
  git init -q work
  (
    cd work
    git config user.email a@b && git config user.name n
    git commit -q --allow-empty -m first
    engine.sh run well -n 3 --max-failures 3 -- sh -c 'echo $LOCK_ITERATION >file; git add file; git commit -qm x; test $LOCK_ITERATION != 2'
  ) 2>err
  engine.sh run fails -- false 2>err || [[ $? == 1 ]]
  start_engine dies -n 5 -- sleep 1000
  eventually in_iteration dies 1
  kill -KILL "$REPLY"
  eventually state_is dies dead
  # shellcheck disable=SC2086 # words
  start_engine hangs $LIMITS -- sleep 1000
  eventually state_is hangs hung
  start_engine asks -- sh -c 'lock.sh attention permission "Bash rm"; sleep 1000'
  eventually is 'permission' 'of("asks")?.attention?.kind'
  is 'asks hangs dies fails well' 'report.sessions.map(({ session }) => session).join(" ")'
  is '3 2 1' 'Object.values(of("well").iterations).slice(0, 3).join(" ")'
  is '3 3' '`${of("well").changed.commits} ${of("well").changed.files}`'
  is 'engine.sh run dies' 'of("dies").next.command'
  is 'owner-died' 'of("dies").owners.map(({ kind }) => kind).join()'
  is 'lock.sh logs hangs -n 50' 'of("hangs").next.command'
  eventually is true 'of("hangs").hung_causes.silent > 0 && of("hangs").seconds.hung > 0'
  is 'lock.sh logs fails -n 50' 'of("fails").next.command'
  is '3' 'report.sums.needing_person'
  # The next command that it names does what it says, and a takeover is known as one.
  start_engine dies
  eventually in_iteration dies 2
  start_engine hangs --force -- true
  wait "$REPLY"
  is 'owner-died resumed' 'of("dies").owners.map(({ kind }) => kind).join(" ")'
  is 'forced 2 1' 'of("hangs").owners.map(({ kind, generation, from }) => `${kind} ${generation} ${from}`).join()'
  [[ -d $(reported 'of("hangs").incidents[0].path') ]]
}

@test "it tells also of a session whose record is gone, and of the others when one cannot be read" {
  engine.sh run kept -- true
  engine.sh run gone -- true
  engine.sh run torn -- true
  engine.sh run broken -- true
  rm "$LOCK_DIR/gone.json"
  printf 'no json\n{"kind":"event' >>"$LOCK_DIR/torn/history.jsonl"
  rm "$LOCK_DIR/broken/history.jsonl"
  mkdir "$LOCK_DIR/broken/history.jsonl"
  echo nonsense >"$LOCK_DIR/nonsense.json"
  run lock.sh report
  [[ $status == 74 ]]
  grep -E '^gone +free +1 ok ' <<<"$output"
  [[ $output == *kept*completed*'1 ok'* ]]
  [[ $output == *'1 line of the history of torn cannot be read'* && $output == *'was cut off'* ]]
  [[ $output == *"$LOCK_DIR/broken/history.jsonl is a directory"* ]]
  [[ $output == *nonsense*unknown*'lock.sh doctor'* ]]
  lock.sh report >out 2>err || [[ $? == 74 ]]
  lacks out 'cannot be read'
  rmdir "$LOCK_DIR/broken/history.jsonl"
  lock.sh report >out
}

@test "misuse is refused with a word of what may be written" {
  refuses 64 lock.sh report --since yesterday
  [[ $output == *'--since takes a moment of the past'*'22:00'* ]]
  refuses 64 lock.sh report --since 25:00
  refuses 64 lock.sh report --since
  refuses 64 lock.sh report --since 2099-01-01
  [[ $output == *'lies ahead'* ]]
  refuses 64 lock.sh report --json --markdown
  refuses 64 lock.sh report demo
  run lock.sh report
  [[ $status == 0 && $output == *'no sessions in '* ]]
  engine.sh run demo -- true
  lock.sh report --since 0 >out 2>err
  [[ ! -s out ]]
  contains err 'nothing ran in the last'
  [[ $(lock.sh report --help) == *'lock.sh report --since 22:00'* ]]
}

@test "in a terminal of 60, 90 and 200 columns no line is too long, and the table has what has room" {
  needs_tmux
  engine.sh run fine -n 2 -- true
  engine.sh run bad --timeout 1 -- sleep 1000 || [[ $? == 124 ]]
  local columns
  for columns in 60 90 200; do
    open_ui "$columns" 40
    types 'clear; lock.sh report --since 12h'
    eventually shows '^2 sessions; 1 failed; 1 completed'
    eventually shows '→ lock.sh logs bad -n 50'
    eventually shows '1 timed out; 1 incident'
    shows '^SESSION +STATE +ITERATIONS +CHANGED'
    shows '^bad +failed +0 ok of 1'
    shows '^fine +completed +2 ok'
    [[ $columns != 60 ]] || shows '^  .*1 timed out'
    [[ $columns != 200 ]] || shows 'HUNG +NOTES'
    # With its colours, and none but by name.
    ui capture-pane -pe -t =ui: | grep -F $'\e[31mfailed'
    ui kill-server
    eventually no_ui
  done
}
no_ui() { ! ui list-sessions 2>/dev/null; }

@test "Markdown is a table and code spans, whatever the session has written" {
  engine.sh run demo -- true
  start_engine asks -- sh -c 'lock.sh attention question "merge \`x\` | @all
# now?"; sleep 1000'
  eventually is question 'of("asks")?.attention?.kind'
  lock.sh report --markdown >report.md
  contains report.md '| session '
  grep -E '^- `asks` \(needs you\): ``needs you: question: merge `x` \| @all\\x0a# now\?' report.md
  [[ $(grep -c '^# now' report.md) == 0 ]]
}
