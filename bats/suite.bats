#!/usr/bin/env bats
# npm test itself: what it says when something is missing, and what it leaves behind.
# shellcheck disable=SC2016,SC2030,SC2031 # the started shells expand it; bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  mkdir tools
}
teardown() { clean_sandbox; }

has() { # PROGRAM...; the real ones
  local tool
  for tool; do ln -s "$(type -P "$tool")" tools; done
}

fakes() { # PROGRAM, its text on stdin
  { printf '#!%s\n' "$BASH" && cat; } >"tools/$1"
  chmod +x "tools/$1"
}

# In a shell that finds nothing but tools/. The directories of root are looked at besides, and may have more.
require_tools() { # all|quick
  env -i PATH="$PWD/tools" HERE="$PWD" ROOT="$ROOT" "$BASH" -euo pipefail -c 'source "$1/scripts/test-tools.bash"; require_tools "$2"' - "$ROOT" "$1"
}

# Where they are one with /usr/bin, nothing is missing.
needs_own_sbin() { [[ ! -e /sbin/tmux && ! -e /usr/sbin/tmux ]] || skip 'the directories of root are those of everybody'; }

@test "all that is missing is named in one line, with the command for it where that is known" {
  needs_own_sbin
  has cat
  refuses 69 require_tools all
  [[ $(wc -l <<<"$output") == 1 ]]
  [[ $output == 'npm test needs '*' tmux '*'(and skips much without '*'faketime'*'); install them with the package manager of the system'* ]]
  refuses 69 require_tools quick
  [[ $output == *shellcheck* && $output != *tmux* && $output != *faketime* ]]

  ((EUID != 0)) || return 0
  fakes apt-get <<<'exit 100'
  refuses 69 require_tools all
  [[ $(wc -l <<<"$output") == 1 ]]
  [[ $output == *'install them as root: apt-get install '*'tmux'* ]]
}

@test "as root what is missing is installed, one by one where not all of it can be had" {
  ((EUID == 0)) || skip 'needs root'
  needs_own_sbin
  has cat env chmod
  # There is no package of strace; the others bring all programs that the table has them for.
  fakes apt-get <<'FAKE'
echo "$*" >>"$HERE/asked"
[[ $1 == install && " $* " == *' strace '* ]] && exit 100
source "$ROOT/scripts/test-tools.bash"
while read -r _ _ program packages _; do
  for package in ${packages//+/ }; do
    [[ " $* " != *" $package "* ]] || { : >"$HERE/tools/$program" && chmod +x "$HERE/tools/$program"; }
  done
done < <(tools)
FAKE
  run require_tools all
  [[ $status == 0 ]]
  [[ $output == *'skipped, because strace is missing: the crash points'* ]]
  [[ $output == *'to have them tested: as root: apt-get install strace' ]]
  [[ $(head -n 1 asked) == 'update -qq' ]]
  # Each package once, though procps has three of the programs.
  [[ $(sed -n 2p asked | tr ' ' '\n' | sort | uniq -d) == '' ]]
  contains asked 'install -y -qq --no-install-recommends tmux'
}

# A stage of a suite in which there is everything that is hard to end; it says what it has started, and waits.
cat_stage() {
  cat <<'STAGE'
cd "$SUITE_DIR"
export LOCK_DIR=$SUITE_DIR/locks
mkdir -m 700 locks
"$ROOT/engine.sh" run s -- bash -c 'trap "" TERM HUP INT; echo $$ >worker; until [[ -e never ]]; do sleep 1; done' >/dev/null 2>&1 &
TMUX_TMPDIR=$SUITE_DIR tmux -f /dev/null new-session -d 'echo $$ >pane; exec sleep 1000'
env -i PATH="$PATH" setsid bash -c 'trap "" TERM; echo $$ >daemon; until [[ -e never ]]; do sleep 1; done' &
bash -c 'kill -STOP $$' &
echo $! >stopped
for file in worker pane daemon; do until [[ -s $file ]]; do sleep 0.05; done; done
echo "$SUITE_DIR" >"$REPORT.new"
mv "$REPORT.new" "$REPORT"
[[ -z ${PASS-} ]] || exit 0
wait
STAGE
}

write_suite() {
  cat_stage >stage.sh
  cat >suite.sh <<SUITE
set -euo pipefail
source "$ROOT/scripts/scratch.bash"
export ROOT="$ROOT" REPORT="$PWD/report" PASS=\${PASS-}
open_scratch
stage bash "$PWD/stage.sh"
nobody_is_left
SUITE
}

# The pids of all that a stage has started, before they are ended.
remember_started() {
  local dir
  eventually test -s report
  dir=$(<report)
  SCRATCH_DIR=$dir
  WERE=()
  local file
  for file in worker pane daemon stopped; do WERE+=("$(<"$dir/$file")"); done
  STARTED+=("${WERE[@]}")
}

# What was killed may take a moment to be gone.
are_gone() {
  local pid
  for pid in "${WERE[@]}"; do
    is_gone "$pid" || {
      printf 'pid %s is left\n' "$pid" >&2
      return 1
    }
  done
  [[ ! -e $SCRATCH_DIR ]]
}

@test "a suite that is told to end leaves neither a process nor a file" {
  needs_tmux
  write_suite
  bash suite.sh >said 2>&1 3>&- &
  local suite=$! code=0
  STARTED+=("$suite")
  remember_started
  kill -TERM "$suite"
  wait "$suite" || code=$?
  [[ $code == 143 ]]
  eventually are_gone
}

@test "a suite that gets Ctrl-C leaves neither a process nor a file" {
  needs_tmux
  write_suite
  tmux -L "$TMUX_NAME" -f /dev/null new-session -d -s ui 'bash suite.sh; echo $? >code; sleep 1000'
  remember_started
  tmux -L "$TMUX_NAME" send-keys -t =ui: C-c
  eventually test -s code
  [[ $(<code) == 130 ]]
  eventually are_gone
}

@test "a suite whose process group is killed leaves neither a process nor a file" {
  needs_tmux
  write_suite
  set -m
  bash suite.sh >said 2>&1 3>&- &
  set +m
  STARTED+=("$!")
  remember_started
  kill -KILL -- "-$!"
  eventually are_gone
}

@test "a suite that has passed but left somebody running has not passed, says whom, and ends him" {
  needs_tmux
  write_suite
  PASS=yes LINGER_SECONDS=1 bash suite.sh >said 2>&1 3>&- &
  local suite=$! code=0
  STARTED+=("$suite")
  remember_started
  wait "$suite" || code=$?
  [[ $code == 1 ]]
  contains said 'left running by the tests'
  contains said 'sleep 1000'
  eventually are_gone
}
