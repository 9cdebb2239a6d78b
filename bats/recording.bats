#!/usr/bin/env bats
# What the workers print is kept, whoever dies: real engines, real signals, real disks.
#
# What is promised when somebody is killed (the scenes below compare byte by byte):
# - a pipe: all that a write of the worker has returned for is kept, whether engine, worker or refresher dies;
# - the guard, which records: what it had read and not yet written, at most one pipe's content, and nothing after it;
# - a pane: all that tmux had read when it died. What is kept is a beginning of what was written, without a hole.
# shellcheck disable=SC2016,SC2030,SC2031 # the workers expand it; every test is a subshell

load helpers.bash

setup() {
  sandbox
  umask 077
  # Prints numbered lines without an end, and leaves in COUNT how many bytes the kernel has taken from it.
  cat >writer.pl <<'PERL'
open(my $count, '>', $ARGV[0]) or die;
my ($line, $total) = (0, 0);
while (1) {
  my $piece = '';
  $piece .= sprintf("%07d %s\n", $line, 'x' x ($line++ % 61)) for 1 .. 100;
  for (my $at = 0; $at < length $piece;) {
    my $taken = syswrite(STDOUT, $piece, length($piece) - $at, $at) or exit 1;
    $at += $taken;
    $total += $taken;
    sysseek($count, 0, 0);
    syswrite($count, sprintf("%015d\n", $total));
  }
  select(undef, undef, undef, 0.0005);
}
PERL
}

teardown() {
  local failed=0
  [[ -z ${BATS_TEST_COMPLETED:-} ]] || eventually nothing_is_left || failed=1
  clean_sandbox
  [[ -z ${DISK:-} ]] || umount "$DISK"
  return $failed
}

screen_of() { ui capture-pane -p -J -t "$1"; }
shows() { screen_of "$1" | grep -qF -- "$2"; }
pane_pipe() { ui display-message -p -t '=ui:' '#{pane_pipe}'; }
has_no_pipe() { [[ $(pane_pipe) == 0 ]]; }

# What is on the disk of an iteration, segment behind segment.
kept() { # NAME GENERATION ITERATION
  local dir=$LOCK_DIR/$1/runs/$2 offset
  for offset in $(find "$dir" -name "$3.*.log" 2>/dev/null | sed 's/.*\.\([0-9]*\)\.log$/\1/' | sort -n); do
    cat "$dir/$3.$offset.log"
  done
}
kept_size() { kept "$@" | wc -c; }
has_kept() { (($(kept_size "$1" "$2" "$3") >= $4)); }
keeps() { kept "$1" "$2" "$3" | grep -qF -- "$4"; }

# The recorders of this test, by the files that they have open.
recorders() {
  local fd
  for fd in /proc/[0-9]*/fd/6; do
    if [[ $(readlink "$fd") == "$LOCK_DIR"/*.fifo* ]]; then
      fd=${fd#/proc/}
      grep -qz '^session-lock guard' "/proc/${fd%/fd/6}/cmdline" && printf '%s\n' "${fd%/fd/6}"
    fi
  done 2>/dev/null
  return 0
}
has_recorder() { [[ -n $(recorders) ]]; }
has_other_recorder() { has_recorder && [[ $(recorders) != "$1" ]]; }
# Nobody has a pipe of this test open: also not a recorder that has just been started, and is not yet called one.
nothing_is_left() {
  [[ -z $(find "$LOCK_DIR" -name '*.fifo*') ]] || return 1
  [[ -z $(find /proc/[0-9]*/fd -lname "$LOCK_DIR/*.fifo*" 2>/dev/null) ]]
}

# The iterations of a session's history, a field of each.
history_of() { # NAME FIELD
  sed -n "/\"kind\":\"iteration\"/s/.*\"$2\":\"\{0,1\}\([^,\"}]*\).*/\1/p" "$LOCK_DIR/$1/history.jsonl"
}

# What was kept is exactly the beginning of what the writer prints, and all that the kernel had taken is in it.
is_whole() { # NAME GENERATION ITERATION COUNT-FILE
  local size
  size=$(kept_size "$1" "$2" "$3")
  cmp <(kept "$1" "$2" "$3") <(perl writer.pl recount | head -c "$size")
  printf 'kept %s, written %s\n' "$size" "$(<"$4")" >&2
  ((size >= 10#$(<"$4")))
}

@test "engine killed in the middle of output: every byte that the worker had written is kept" {
  start_engine s --log-limit 1G -- perl writer.pl count
  local engine=$REPLY worker
  eventually has_refresher s
  worker=$(part s worker)
  eventually has_kept s 1 1 1000000
  kill -KILL "$engine"
  eventually is_gone "$worker"
  eventually nothing_is_left
  is_whole s 1 1 count
}

# What the guard had read and not yet written when it was killed is lost, at most a pipe's content; nothing after it.
@test "engine and refresher killed: what the worker writes until the watchdog ends it is kept" {
  start_engine s --log-limit 1G -- perl -e '$SIG{TERM} = sub { print "last words\n"; exit }; $| = 1; print "first\n"; sleep 1 while 1'
  local engine=$REPLY worker
  eventually keeps s 1 1 first
  eventually has_refresher s
  worker=$(part s worker)
  kill -KILL "$(part s refresher)" "$engine"
  eventually is_gone "$worker"
  eventually keeps s 1 1 'last words'
  eventually nothing_is_left
  [[ $(kept s 1 1) == first$'\n''last words' ]]
}

# shellcheck disable=SC2016
LEAVES_A_WRITER='
[[ $LOCK_ITERATION == 1 ]] || exec sleep 1000
{ until [[ -e over ]]; do sleep 0.1; [[ ! -e "$0" ]] || { printf "after the owner\n"; rm "$0"; }; done; } &
echo $! >writer.pid'

@test "engine and refresher killed: what an earlier iteration has left writes on, and that is kept" {
  start_engine s -n 2 -- bash -c "$LEAVES_A_WRITER" say
  local engine=$REPLY worker
  eventually in_iteration s 2
  eventually has_refresher s
  worker=$(part s worker)
  kill -KILL "$(part s refresher)" "$engine"
  eventually is_gone "$worker"
  eventually state_is s dead
  eventually has_recorder
  touch say
  eventually keeps s 1 2 'after the owner'
  kill -0 "$(<writer.pid)"
  touch over
  eventually is_gone "$(<writer.pid)"
  eventually nothing_is_left
}

@test "worker killed in the middle of output: every byte is kept, and counted in the history" {
  start_engine s --log-limit 1G -- perl writer.pl count
  local engine=$REPLY code=0
  eventually has_part s worker
  eventually has_kept s 1 1 1000000
  kill -KILL "$(part s worker)"
  wait "$engine" || code=$?
  [[ $code == 137 ]]
  is_whole s 1 1 count
  [[ $(history_of s output_bytes) == $(kept_size s 1 1) ]]
  [[ $(history_of s signal) == SIGKILL && $(history_of s result) == killed ]]
  # Shown is what is kept. The worker may have been killed within a line: the engine's last one then follows in it.
  kept s 1 1 | cmp - <(perl -0pe 's/^engine: .*\n//mg; s/engine: run 1 of s: failed .*\n\z//' s.out)
}

@test "engine killed: the history of the iteration that was cut off counts all that is kept" {
  start_engine s --log-limit 1G -- perl writer.pl count
  local engine=$REPLY
  eventually has_refresher s
  eventually has_kept s 1 1 300000
  kill -KILL "$engine"
  eventually nothing_is_left
  eventually contains "$LOCK_DIR/s.json" '"reason": "owner-died"'
  [[ $(history_of s result) == killed ]]
  [[ $(history_of s output_bytes) == $(kept_size s 1 1) ]]
}

@test "tmux killed in the middle of output: what tmux had read is kept, without a hole" {
  open_ui
  types "engine.sh run s --log-limit 1G -- bash -c 'stty -opost; perl writer.pl count'"
  eventually has_refresher s
  local worker
  worker=$(part s worker)
  eventually has_kept s 1 1 1000000
  kill -KILL "$(ui display-message -p '#{pid}')"
  eventually is_gone "$worker"
  eventually nothing_is_left
  local size
  size=$(kept_size s 1 1)
  ((size >= 1000000))
  cmp <(kept s 1 1) <(perl writer.pl recount | head -c "$size")
}

@test "engine killed in a pane: what the worker had written is kept, and what is typed afterwards is not" {
  open_ui
  types "engine.sh run s -- bash -c 'echo one; echo two; exec sleep 1000'"
  eventually has_refresher s
  eventually keeps s 1 1 two
  kill -KILL "$(field s pid)"
  eventually nothing_is_left
  types 'echo per""sonal'
  eventually shows '=ui:' personal
  eventually has_no_pipe
  [[ $(kept s 1 1 | tr -d '\r' | head -n 2) == $'one\ntwo' ]]
  [[ $(kept s 1 1) != *personal* ]]
}

@test "engine killed in a pane: a run right behind it in that pane is kept too" {
  open_ui
  types "engine.sh run s -- sleep 1000; engine.sh run s -- echo sec''ond; echo co''de \$?"
  eventually has_refresher s
  eventually has_recorder
  kill -KILL "$(field s pid)"
  eventually shows '=ui:' 'code 0'
  keeps s 2 1 second
  eventually has_no_pipe
}

@test "standard output and error: in order when both go to the same place, apart when not" {
  local -a worker=(bash -c 'for i in {1..200}; do echo "out $i"; echo "err $i" >&2; done')
  for i in {1..200}; do printf 'out %s\nerr %s\n' "$i" "$i"; done >both
  grep ^out both >only-out
  grep ^err both >only-err

  engine.sh run same -- "${worker[@]}" >shown 2>&1
  kept same 1 1 | cmp - both
  grep -v '^engine: ' shown | cmp - both

  engine.sh run apart -- "${worker[@]}" >out 2>err
  cmp out only-out
  grep -v '^engine: ' err | cmp - only-err
  kept apart 1 1 | grep ^out | cmp - only-out
  kept apart 1 1 | grep ^err | cmp - only-err
  [[ $(history_of apart output_bytes) == $(wc -c <both) ]]
}

@test "a worker may open /dev/stdout and /dev/stderr by their names" {
  engine.sh run s -- bash -c 'echo one >/dev/stdout; echo two >/dev/stderr; echo three >>/dev/fd/2' >out 2>err
  [[ $(<out) == one ]]
  [[ $(grep -v '^engine: ' err) == $'two\nthree' ]]
}

@test "a child that keeps the pipe open does not hold the iteration up" {
  start_engine s -n 2 --grace 1000 -- bash -c 'sleep 1000 & echo $! >>children; echo done'
  eventually is_gone "$REPLY"
  [[ $(kept s 1 1) == 'done' && $(kept s 1 2) == 'done' ]]
  [[ $(history_of s left_running) == $'1\n1' ]]
  while read -r child; do kill "$child"; done <children
}

@test "what a command left running prints is kept, after the iteration and after the run" {
  start_engine s -n 2 -- bash -c 'if ((LOCK_ITERATION == 1)); then
      (until [[ -e go ]]; do sleep 0.05; done; echo late; until [[ -e go-on ]]; do sleep 0.05; done; echo later) &
    else touch go; until [[ -e seen ]]; do sleep 0.05; done; fi; echo "end $LOCK_ITERATION"'
  local engine=$REPLY
  eventually in_iteration s 2
  eventually keeps s 1 2 late
  touch seen
  wait "$engine"
  [[ $(kept s 1 1) == 'end 1' && $(kept s 1 2) == $'late\nend 2' ]]
  touch go-on
  eventually keeps s 1 2 later
  # It is shown after it is kept.
  eventually contains s.out later
}

@test "beyond --log-limit head and tail are kept" {
  seq 1 100000 >all
  engine.sh run s --log-limit 8K -- cat all >shown 2>/dev/null
  cmp all shown
  [[ $(history_of s output_bytes) == $(wc -c <all) && $(history_of s output_lost) == 0 ]]
  (($(kept_size s 1 1) <= 8192))
  cmp "$LOCK_DIR/s/runs/1/1.0.log" <(head -c 4096 all)
  local tail
  tail=$(($(kept_size s 1 1) - 4096))
  ((tail >= 2048))
  cmp <(kept s 1 1 | tail -c "$tail") <(tail -c "$tail" all)
}

@test "a repeated or resumed iteration does not overwrite the earlier attempt" {
  refuses 1 engine.sh run s -n 2 -- bash -c 'echo "attempt $LOCK_GENERATION"; false'
  refuses 1 engine.sh run s --fresh
  [[ $(kept s 1 1) == 'attempt 1' && $(kept s 2 1) == 'attempt 2' ]]
}

has_lost() { # NAME BYTES
  local lost
  lost=$(lock.sh status "$1" --json | sed -n 's/^ "output_lost": \([0-9]*\),$/\1/p')
  ((lost >= $2))
}

# A small file system of this test's own; in DISK.
small_disk() {
  ((EUID == 0)) || skip 'only root may mount a file system'
  mkdir -m 700 disk
  mount -t tmpfs -o size=1m,mode=700 tmpfs disk 2>/dev/null || skip 'this system does not let us mount a tmpfs'
  DISK=$PWD/disk
  export LOCK_DIR=$DISK/locks
}
fill_disk() { cat /dev/zero >"$DISK/filling" 2>/dev/null || true; }

@test "a full disk: the job goes on, the loss is counted, and what comes after it is kept" {
  small_disk
  start_engine s -n 2 --heartbeat-interval 0.2 -- bash -c 'if ((LOCK_ITERATION == 2)); then echo second; exit; fi
    echo before; until [[ -e go ]]; do sleep 0.05; done
    for i in {1..5000}; do echo "during the full disk $i"; done; echo "last of these"
    # A disk that was full is tried again after a moment.
    until [[ -e go-on ]]; do sleep 0.05; done; until [[ -e kept ]]; do echo after; sleep 0.05; done'
  local engine=$REPLY lost
  eventually has_refresher s
  eventually keeps s 1 1 before
  fill_disk
  touch go
  eventually contains s.out 'last of these'
  eventually contains s.out 'output cannot be written'
  rm "$DISK/filling"
  eventually has_lost s 100000
  touch go-on
  eventually keeps s 1 1 after
  touch kept
  wait "$engine"
  [[ $(kept s 1 2) == second ]]
  [[ $(history_of s result) == $'ok\nok' ]]
  contains s.out 'the job continues'
  lost=$(history_of s output_lost | head -n 1)
  ((lost > 100000))
  # Not a byte is neither kept nor counted.
  (($(kept_size s 1 1) + lost == $(history_of s output_bytes | head -n 1)))
  [[ $(kept s 1 1 | head -n 1) == before && $(kept s 1 1 | tail -n 1) == *after ]]
  refuses 3 lock.sh status s
  [[ $output == *'could not be written'* ]]
}

@test "a disk that stays full: the job ends as it would, and the record and the lock are not harmed" {
  small_disk
  start_engine s -n 2 --max-failures 5 -- bash -c 'until [[ -e go ]]; do sleep 0.05; done; echo full; exit 3'
  local engine=$REPLY code=0
  eventually has_refresher s
  fill_disk
  touch go
  wait "$engine" || code=$?
  [[ $code == 3 ]]
  [[ $(grep -c '^full$' s.out) == 2 ]]
  flock -n "$LOCK_DIR/s.lock" true
  rm "$DISK/filling"
  [[ $(field s session) == s && $(field s generation) == 1 ]]
  engine.sh run s --fresh -- echo again
  [[ $(field s generation) == 2 && $(kept s 2 1) == again ]]
}

@test "recorder killed: another takes over, and nothing that comes afterwards is lost" {
  start_engine s -n 2 -- bash -c 'if ((LOCK_ITERATION == 2)); then echo second; exit; fi
    echo before; until [[ -e go ]]; do sleep 0.05; done; seq 1 1000; until [[ -e go-on ]]; do sleep 0.05; done; echo after'
  local engine=$REPLY recorder
  eventually keeps s 1 1 before
  recorder=$(recorders)
  kill -KILL "$recorder"
  eventually is_gone "$recorder"
  touch go
  eventually has_other_recorder "$recorder"
  touch go-on
  wait "$engine"
  contains s.out 'the guard of this run has ended (SIGKILL); starting another'
  cmp <(kept s 1 1) <(echo before; seq 1 1000; echo after)
  [[ $(kept s 1 2) == second ]]
  [[ $(history_of s output_bytes) == "$(kept_size s 1 1)"$'\n'7 ]]
}

@test "recorder stopped with the end of an iteration unread: every line still goes to its own iteration" {
  start_engine s -n 3 --grace 0.2 -- bash -c 'echo "of $LOCK_ITERATION"; until [[ -e go$LOCK_ITERATION ]]; do sleep 0.05; done; echo "end of $LOCK_ITERATION"'
  local engine=$REPLY recorder
  eventually keeps s 1 1 'of 1'
  recorder=$(recorders)
  kill -STOP "$recorder"
  touch go1
  # It reads nothing, so it is replaced.
  eventually in_iteration s 2
  is_gone "$recorder"
  eventually has_other_recorder "$recorder"
  touch go2 go3
  wait "$engine"
  for i in 1 2 3; do [[ $(kept s 1 $i) == "of $i"$'\n'"end of $i" ]]; done
}

@test "a recorder that is stopped does not hold the job up, and nothing is lost" {
  start_engine s -n 2 --grace 0.2 -- bash -c 'echo x; until [[ -e go ]]; do sleep 0.05; done'
  local engine=$REPLY
  eventually has_recorder
  kill -STOP "$(recorders)"
  touch go
  wait "$engine"
  contains s.out 'not yet on the disk'
  eventually nothing_is_left
  [[ $(kept s 1 1) == x && $(kept s 1 2) == x ]]
}

@test "a reader that goes away, and one that never reads" {
  [[ $(engine.sh run gone -- seq 1 200000 2>err | head -n 1) == 1 ]]
  eventually state_is gone free
  contains "$LOCK_DIR/gone.json" '"exit_code": 0'
  kept gone 1 1 | cmp - <(seq 1 200000)

  mkfifo unread
  # shellcheck disable=SC2217 # that it does not read is the point
  sleep 1000 <unread 3>&- &
  local reader=$!
  STARTED+=("$reader")
  engine.sh run stuck --grace 0.5 -- seq 1 200000 >unread 2>stuck.err 3>&- &
  STARTED+=("$!")
  eventually has_refresher stuck
  engine.sh stop stuck
  eventually is_gone "$!"
  contains "$LOCK_DIR/stuck.json" '"reason": "interrupted"'
  kill "$reader"
}

@test "standard output that is closed, or cannot be written" {
  engine.sh run closed -- seq 1 1000 >&- 2>err
  kept closed 1 1 | cmp - <(seq 1 1000)
  engine.sh run full -- seq 1 1000 >/dev/full 2>err
  kept full 1 1 | cmp - <(seq 1 1000)
  contains err 'standard output cannot be written any more (ENOSPC)'
}

@test "a worker that is killed and leaves its pipe full and non-blocking holds up nobody" {
  mkfifo slow
  engine.sh run s -n 2 --grace 600 --max-failures 5 -- bash -c 'if ((LOCK_ITERATION == 2)); then exec seq 1 100000; fi
    exec node -e "process.stdout.write(\"x\".repeat(1e6)); setInterval(() => {
      if (require(\"fs\").existsSync(\"go\")) process.kill(process.pid, \"SIGKILL\") }, 20)"' >slow 2>err 3>&- &
  local engine=$! worker
  STARTED+=("$engine")
  exec 9<slow
  eventually has_part s worker
  worker=$(part s worker)
  eventually has_kept s 1 1 65536
  touch go
  eventually is_gone "$worker"
  cat <&9 >out &
  eventually is_gone "$engine"
  exec 9<&-
  [[ $(history_of s result) == $'killed\nok' ]]
  kept s 1 2 | cmp - <(seq 1 100000)
  wait "$!"
  sed '1s/^x*//' out | cmp - <(seq 1 100000)
}

@test "in a pane the worker keeps the terminal, and its output is kept" {
  open_ui
  types "engine.sh run s -n 2 -- bash -c '[[ -t 0 && -t 1 && -t 2 ]] && echo termi''nal \$LOCK_ITERATION'; echo co''de \$?"
  eventually shows '=ui:' 'code 0'
  [[ $(kept s 1 1) == $'terminal 1\r' && $(kept s 1 2) == $'terminal 2\r' ]]
  [[ $(history_of s output_bytes) == $'12\n12' ]]
  has_no_pipe
}

@test "a pane that is piped by somebody else is left alone, and that is said" {
  open_ui
  ui pipe-pane -t =ui: 'cat >theirs'
  types "engine.sh run s -- echo in the pa''ne; echo co''de \$?"
  eventually shows '=ui:' 'code 0'
  shows '=ui:' 'goes to another pipe-pane already'
  [[ $(pane_pipe) == 1 ]]
  eventually contains theirs 'in the pane'
  [[ -z $(kept s 1 1) ]]
}

@test "a pipe that somebody gives the pane meanwhile stays, and holds the run up no more than once" {
  open_ui
  types "engine.sh run s -n 5 --grace 1 -- bash -c 'echo line \$LOCK_ITERATION; until [[ -e go\$LOCK_ITERATION ]]; do sleep 0.05; done'; echo co''de \$?"
  touch go1
  eventually keeps s 1 2 'line 2'
  ui pipe-pane -t =ui: 'cat >theirs'
  touch go2 go3 go4 go5
  eventually shows '=ui:' 'code 0'
  [[ $(pane_pipe) == 1 ]]
  eventually contains theirs 'code 0'
  screen_of '=ui:' >screen
  # The first iteration had its pipe: a busy machine may be late with it all the same.
  [[ $(grep -c 'output of iteration [2-5] is not yet on the disk' screen) == 1 ]]
}

@test "in a pane with its output going elsewhere nothing is kept twice" {
  open_ui
  types "engine.sh run s -- bash -c 'echo to the pi''pe; echo to the pa''ne >&2' | tee teed; echo co''de \$?"
  eventually shows '=ui:' 'code 0'
  [[ $(<teed) == 'to the pipe' ]]
  shows '=ui:' 'to the pane'
  [[ $(kept s 1 1 | grep -c 'to the pipe') == 1 ]]
}

@test "a lock directory of any name, in a pane" {
  open_ui
  export LOCK_DIR=$BATS_TEST_TMPDIR/'it'\''s "a" #{pid} #(touch pwned) %H $(touch pwned) `touch pwned`; é\n'
  printf 'export LOCK_DIR=%q\n' "$LOCK_DIR" >rc
  types 'source rc'
  types "engine.sh run s -n 2 -- echo in the pa''ne; echo co''de \$?"
  eventually shows '=ui:' 'code 0'
  [[ $(kept s 1 1) == $'in the pane\r' && $(kept s 1 2) == $'in the pane\r' ]]
  [[ -z $(find . -name pwned) ]]
}

@test "a relative lock directory" {
  LOCK_DIR=relative engine.sh run s -- echo kept
  LOCK_DIR=$PWD/relative
  [[ $(kept s 1 1) == kept ]]
}

@test "a terminal outside tmux" {
  [[ $(uname) == Linux ]] || skip "script(1) takes other options here"
  script -qec "engine.sh run s -- bash -c 'sleep 0.5; [[ -t 0 && -t 1 && -t 2 ]] && echo terminal'" /dev/null <<<'' >out
  contains out terminal
  [[ $(field s phase) == ended ]]
  # One of the two: the other one is the worker's terminal.
  script -qec "engine.sh run s --fresh -- bash -c '[[ -t 2 && ! -t 1 ]] && echo piped' >file" /dev/null <<<'' >out
  [[ $(<file) == piped && $(kept s 2 1) == piped ]]
}

@test "output that cannot be kept is said" {
  local tools=$BATS_TEST_TMPDIR/tools tool
  mkdir "$tools"
  for tool in bash node flock env echo; do ln -s "$(type -P "$tool")" "$tools/$tool"; done
  local whole=$PATH
  PATH=$tools
  "$ROOT/engine.sh" run s -- echo shown >out 2>err
  PATH=$whole
  [[ $(<out) == shown ]]
  contains err 'output is not recorded'
}
