#!/usr/bin/env bats
# What a command inherits: the same command is started by an odd parent without the engine and with it, and must see the same.
# shellcheck disable=SC2030,SC2031,SC2154 # bats runs each test in a subshell, and sets status and output
# shellcheck disable=SC2016 # The shell in there expands it.

load helpers.bash

setup() {
  sandbox
  [[ -r /proc/self/status ]] || skip 'there is no /proc'
  # What it was started with, a line each; beside the engine's own variables, and those that every shell sets.
  cat >observe <<'OBSERVE'
#!/usr/bin/env perl
open(my $out, '>', $ENV{OBSERVED}) or exit 9;
sub content { open(my $in, '<', "/proc/self/$_[0]"); local $/; my $text = <$in>; return $text }
for (sort split /\0/, content('environ')) {
  next if /^(?:LOCK_(?:SESSION|GENERATION|ITERATIONS?|COOKIE|DIR|LAST_\w+|FAILURES)|_|SHLVL|OLDPWD|PWD|OBSERVED)=/;
  print $out "$_\n";
}
print $out "$1\n" for content('status') =~ /^((?:SigIgn|Umask|Groups|NoNewPrivs|Cpus_allowed_list):.*)$/mg;
print $out content('limits'), 'nice ', getpriority(0, 0), "\n", 'oom ', content('oom_score_adj');
print $out 'cwd ', readlink('/proc/self/cwd'), "\n";
print $out "fd 0 ", (readlink('/proc/self/fd/0') || 'closed'), "\n";
OBSERVE
  chmod +x observe
}
teardown() {
  chmod -R u+rwx "$BATS_TEST_TMPDIR" 2>/dev/null || true
  clean_sandbox
}

# Runs `PARENT observe`, and `PARENT engine.sh run … -- observe`.
same_under() { # PARENT...
  export OBSERVED=$BATS_TEST_TMPDIR/plain
  "$@" "$BATS_TEST_TMPDIR/observe" </dev/null 3>&-
  OBSERVED=$BATS_TEST_TMPDIR/under
  "$@" "$ROOT/engine.sh" run s -- "$BATS_TEST_TMPDIR/observe" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || {
    cat "$BATS_TEST_TMPDIR/out" >&2
    return 1
  }
  diff "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/under" >&2
}

while IFS='|' read -r description code; do
  bats_test_function --description "a command sees the same without and with the engine: $description" -- same_in_shell "$code"
done <<'PARENTS'
nothing odd|exec "$@"
no locale and next to no environment|exec env -i HOME="$HOME" PATH="$PATH" LOCK_DIR="$LOCK_DIR" OBSERVED="$OBSERVED" "$@"
an odd locale|LC_ALL=xx_YY.bogus LANG=tr_TR.ISO-8859-9 exec "$@"
umask 077|umask 077; exec "$@"
umask 000|umask 000; exec "$@"
a soft limit of open files|ulimit -Sn 300; exec "$@"
a low soft limit of open files|ulimit -Sn 80; exec "$@"
a hard limit of open files|ulimit -n 100; exec "$@"
limits of processes, core, file size and stack|ulimit -u 4000 -c 0 -f 200000 -s 4096; exec "$@"
another nice value|exec nice -n 7 "$@"
nohup: HUP is ignored|exec nohup "$@"
many ignored signals|trap "" HUP INT QUIT TERM USR1 PIPE ALRM; exec "$@"
a cwd with a newline|mkdir -p $'new\nline'; cd $'new\nline' || exit; exec "$@"
an unreadable cwd|mkdir -p dark; cd dark && chmod 311 . && exec "$@"
TMUX of a dead server|TMUX=/tmp/nobody-here,1,0 TMUX_PANE=%3 exec "$@"
a HOME that cannot be written|HOME=/proc/1 exec "$@"
no HOME|unset HOME; exec "$@"
exported functions|f() { echo "it's { me"; }; export -f f; exec "$@"
POSIXLY_CORRECT|POSIXLY_CORRECT=1 exec "$@"
BASH_ENV and ENV|echo "MADE=here" >rc; BASH_ENV=$PWD/rc ENV=$PWD/rc exec "$@"
sh -e|exec sh -ec '"$@"' sh "$@"
a huge environment|BIG=$(printf "x%.0s" {1..120000}) BIG2=$(printf "y%.0s" {1..120000}) exec "$@"
names and values that are odd|exec env 'a b=c' 'x-y=1' $'lines=a\nb' "$@"
a loader that is not there|LD_PRELOAD=/nowhere/lib.so exec "$@"
NODE_OPTIONS of a file that is not there|NODE_OPTIONS="--require=/nowhere.js" NODE_DEBUG=fs exec "$@"
CDPATH and GREP_OPTIONS|CDPATH=/tmp:/usr GREP_OPTIONS=-v exec "$@"
a PATH without Node|PATH=/usr/bin:/bin exec "$@"
PARENTS

same_in_shell() { # CODE
  [[ $1 != *'chmod 311'* || $EUID != 0 ]] || skip 'root may read everything'
  same_under bash -c "$1" bash
}

@test "descriptors of the caller stay with it, as do closed ones; none of the engine's reaches the command" {
  exec 5</etc/passwd
  engine.sh run s -- perl -e 'print join(" ", sort map { readlink } glob "/proc/$$/fd/*")' >fds 3>&-
  exec 5<&-
  lacks fds passwd
  lacks fds .lock
  lacks fds guard
  export OBSERVED=$BATS_TEST_TMPDIR/closed
  engine.sh run s -- ./observe <&- >/dev/null 2>&- 3>&-
  contains closed 'fd 0 /dev/null'
  engine.sh run s -- ./observe >&- 2>&- </dev/null 3>&-
  lock.sh status s || [[ $? == 3 ]]
}

@test "a deleted working directory is named, and nothing is run in another one" {
  mkdir gone
  refuses 74 bash -c 'cd gone && rmdir ../gone && exec engine.sh run s -- touch "$BATS_TEST_TMPDIR/ran"'
  [[ $output == *gone* && ! -e ran ]]
}

@test "run -d keeps what nohup ignores, and takes Ctrl-C in its own pane; an editor's NODE_OPTIONS harm nobody" {
  needs_tmux
  NODE_OPTIONS=--require=/nowhere.js tmux -f /dev/null new-session -d -s before 'sleep 1000'
  (trap "" HUP INT && NODE_OPTIONS=--require=/nowhere.js engine.sh run s -d -- bash -c 'echo "$NODE_OPTIONS" >options; exec sleep 1000')
  eventually in_iteration s 1
  eventually test -s options
  [[ $(<options) == --require=/nowhere.js ]]
  local ignored
  ignored=$(sed -n 's/^SigIgn:[[:space:]]*/16#/p' "/proc/$(part s worker)/status")
  ((ignored & 1)) && ((!(ignored & 2)))
  engine.sh stop s
}

@test "a terminal of no size" {
  command -v script >/dev/null || skip 'script is not installed'
  script -qec 'stty rows 0 cols 0; engine.sh run s -- stty size; lock.sh status s; lock.sh why s' /dev/null >out </dev/null || true
  contains out '0 0'
  lacks out unexpected
  contains out completed
}

@test "a user without an entry and without HOME needs LOCK_DIR, and is told so" {
  ((EUID == 0)) || skip 'only root can be another user'
  local stranger=(setpriv --reuid=54321 --clear-groups env -u HOME)
  "${stranger[@]}" test -x "$ROOT/dist" || skip 'this clone is not for everybody'
  refuses 64 "${stranger[@]}" -u LOCK_DIR -u XDG_STATE_HOME lock.sh status
  [[ $output == *'user 54321 has no home directory'*LOCK_DIR* ]]
  # The suite's own directory is closed to others.
  [[ -z ${SUITE_DIR:-} ]] || chmod go+x "$SUITE_DIR"
  LOCK_DIR=$(mktemp -d "${SUITE_DIR:-/tmp}/lock-bats.XXXXXX")
  chown 54321 "$LOCK_DIR"
  cd "$LOCK_DIR"
  run "${stranger[@]}" engine.sh run s -- sh -c 'echo "home ${HOME-none}"'
  cd "$BATS_TEST_TMPDIR"
  rm -r "$LOCK_DIR"
  [[ $status == 0 && $output == *'home none' ]] || {
    echo "$output"
    return 1
  }
}
