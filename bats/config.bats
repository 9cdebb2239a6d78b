#!/usr/bin/env bats
# engine.yaml: sessions by name, started and stopped together.
load helpers
setup() { sandbox; }
teardown() { clean_sandbox; }

config() { cat >engine.yaml; }

@test "run NAME takes command, directory, environment and options from the nearest engine.yaml" {
  mkdir -p work/deep
  config <<'YAML'
defaults: { grace: 3s }
sessions:
  docs:
    command: printf '%s %s %s\n' "$PWD" "$MODEL" "$LOCK_ITERATIONS" >>"$OUT"
    cwd: work
    env: { MODEL: opus }
    iterations: 2
YAML
  cd work/deep
  OUT=$BATS_TEST_TMPDIR/out run engine.sh run docs
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = "$BATS_TEST_TMPDIR/work opus 2
$BATS_TEST_TMPDIR/work opus 2" ]
  lock.sh status docs --json | grep -q '"grace": 3'
}

@test "the command line wins over LOCK_*, and that over engine.yaml" {
  config <<'YAML'
sessions:
  docs: { command: 'true', grace: 3s, delay: 1s, stale_after: 60s }
YAML
  LOCK_GRACE=4s LOCK_DELAY=2s engine.sh run docs --grace 5s
  run lock.sh status docs --json
  [[ $output == *'"grace": 5'* && $output == *'"delay": 2'* && $output == *'"stale_after": 60'* ]]
}

@test "run without a name lists the sessions, and without engine.yaml says how to name one" {
  run engine.sh run
  [ "$status" -eq 64 ]
  [[ $output == *'needs a session name'* ]]
  config <<'YAML'
sessions:
  docs: { command: make docs }
  api: { command: [node, agent.mjs] }
YAML
  run engine.sh run
  [ "$status" -eq 0 ]
  [[ $output == *SESSION* && $output == *docs*free*'make docs'* && $output == *api*free*'node agent.mjs'* ]]
  run engine.sh run -- make
  [ "$status" -eq 64 ]
}

@test "a wrong key is refused with file, line, key and the nearest right one" {
  config <<'YAML'
sessions:
  docs:
    comand: make
YAML
  run engine.sh run docs
  [ "$status" -eq 78 ]
  [[ $output == *"engine.yaml:3: sessions.docs.comand: "*'did you mean command?'* ]]
  LOCK_DELAY=soon run engine.sh run docs -- true
  [ "$status" -eq 78 ]
  rm engine.yaml
  LOCK_DELAY=soon run engine.sh run docs -- true
  [ "$status" -eq 64 ]
  [[ $output == *LOCK_DELAY* ]]
}

@test "what is no regular file is refused, and blocks nobody" {
  mkfifo engine.yaml
  run engine.sh run docs -- true
  [ "$status" -eq 78 ]
  [[ $output == *'not a regular file'* ]]
}

@test "up starts what does not run, each in its tmux session; down stops them" {
  config <<'YAML'
sessions:
  one: { command: sleep 1000 }
  two: { command: sleep 1000 }
YAML
  run engine.sh up
  [ "$status" -eq 0 ]
  [[ $output == *'one: started'* && $output == *'two: started'* ]]
  lock.sh status one && lock.sh status two
  tmux has-session -t =one: && tmux has-session -t =two:
  run engine.sh up
  [ "$status" -eq 0 ]
  [[ $output == *'one: runs already'* && $output == *'two: runs already'* ]]
  run engine.sh down two
  [ "$status" -eq 0 ]
  run lock.sh status two
  [ "$status" -eq 3 ]
  lock.sh status one
  run engine.sh down
  [ "$status" -eq 0 ]
  run lock.sh status one
  [ "$status" -eq 3 ]
  run engine.sh up three
  [ "$status" -eq 78 ]
  [[ $output == *'no session "three"'* ]]
}

@test "up says of a session that waits in its pane that it waits, and starts it no second time" {
  needs_tmux
  config <<'YAML'
max_sessions: 1
sessions:
  one: { command: sleep 1000 }
  two: { command: 'true', wait: 1h }
YAML
  run engine.sh up one
  [[ $status == 0 && $output == *'one: started'* ]]
  run engine.sh up two
  [[ $status == 0 && $output == *'two: waits in its tmux session'* && $output != *'two: started'* ]]
  run engine.sh up
  [[ $status == 0 && $output == *'one: runs already'* && $output == *'two: waits already (1st in line, pid '* ]]
  engine.sh down one
  eventually ran two
}
ran() { [[ $(lock.sh history "$1" --json) == *'"result":"ok"'* ]]; }
