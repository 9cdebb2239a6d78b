#!/usr/bin/env bats
# A run as a service of systemd with Type=notify: what is told to the socket of NOTIFY_SOCKET, and by whom.
# shellcheck disable=SC2016,SC2030,SC2031 # commands for other shells; bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  unset SYSTEMD_EXEC_PID WATCHDOG_PID
  command -v python3 >/dev/null || skip 'python3 is not installed'
}
teardown() { clean_sandbox; }

# Plays systemd: writes each message, after the process that the kernel names as its sender.
listen() { # SOCKET
  cat >systemd.py <<'PY'
import socket, struct, sys
path = sys.argv[1]
end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
end.bind("\0" + path[1:] if path[0] == "@" else path)
print("listens", flush=True)
while True:
    message, control, _, _ = end.recvmsg(4096, socket.CMSG_SPACE(12))
    sender = struct.unpack("3i", control[0][2])[0]
    for line in message.decode().split("\n"):
        print(sender, line, flush=True)
PY
  # An earlier listener's words are not this one's.
  rm -f told
  python3 systemd.py "$1" >told 3>&- &
  LISTENER=$!
  STARTED+=("$LISTENER")
  eventually contains told listens
  export NOTIFY_SOCKET=$1
}
tells() { grep -qE -- "$1" told; }
# What was sent until now is in `told`: messages keep their order.
hear_all() {
  HEARD=$((${HEARD:-0} + 1))
  python3 -c 'import socket, sys
path = sys.argv[1]
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), "\0" + path[1:] if path[0] == "@" else path)' \
    "$NOTIFY_SOCKET" "HEARD=$HEARD"
  eventually tells " HEARD=$HEARD$"
}
beats() { grep -c ' WATCHDOG=1$' told; }
more_beats() { (($(beats) > $1)); } # THAN

@test "READY when the session is held, STATUS, a beat with each heartbeat, STOPPING, all from the engine itself" {
  local socket other
  for socket in "$TMUX_TMPDIR/notify" "@lock-bats-$$"; do
    listen "$socket"
    WATCHDOG_USEC=60000000 start_engine s --fresh --heartbeat-interval 0.3 --stale-after 1 -n 2 -- sh -c 'env >env; until test -e go; do sleep 0.1; date +%N; done'
    eventually tells "^$REPLY READY=1$"
    eventually tells "^$REPLY STATUS=s: iteration 1 of 2$"
    eventually tells "^$REPLY WATCHDOG=1$"
    # Each heartbeat is followed by one, and nothing is started for it.
    other=$(beats)
    eventually more_beats $((other + 3))
    ! pgrep -P "$REPLY" -f 'perl|python|notify' || false
    touch go
    wait "$REPLY"
    eventually tells "^$REPLY STOPPING=1$"
    hear_all
    tells "^$REPLY STATUS=s: ended in iteration 2 of 2$"
    [[ $(grep -c READY=1 told) == 1 && $(grep -c STOPPING=1 told) == 1 ]]
    # Nothing of it is the command's.
    lacks env NOTIFY && lacks env WATCHDOG_
    kill "$LISTENER"
    rm -f go
  done
}

@test "a session that hangs feeds no watchdog, and feeds it again when it works again" {
  listen "$TMUX_TMPDIR/notify"
  mkfifo gate
  WATCHDOG_USEC=900000 start_engine s --heartbeat-interval 0.3 --stale-after 1 --quiet-after 1 -- sh -c 'cat gate; while sleep 0.1; do date +%N; done'
  eventually tells WATCHDOG=1
  eventually state_is s hung
  eventually tells 'STATUS=s: iteration 1 of 1; the worker shows no activity$'
  local fed
  hear_all
  fed=$(beats)
  sleep 2
  [[ $(beats) == "$fed" ]]
  echo again >gate
  eventually more_beats $((fed + 3))
  # An engine that is stopped feeds nothing, whatever its worker does.
  kill -STOP "$REPLY"
  eventually is_stopped "$REPLY"
  hear_all
  fed=$(beats)
  sleep 2
  [[ $(beats) == "$fed" ]]
  kill -CONT "$REPLY"
  eventually more_beats $((fed + 3))
  engine.sh stop s
  eventually tells STOPPING=1
}

@test "a pause between two iterations feeds the watchdog, and without WatchdogSec there is no beat" {
  listen "$TMUX_TMPDIR/notify"
  WATCHDOG_USEC=900000 start_engine s --heartbeat-interval 0.3 --stale-after 1 -n 2 --delay 60s -- true
  eventually tells 'STATUS=s: pausing after iteration 1 of 2$'
  local fed
  fed=$(beats)
  eventually more_beats $((fed + 3))
  engine.sh stop s
  hear_all
  : >told
  start_engine t -- true
  wait "$REPLY"
  hear_all
  tells STOPPING=1
  tells READY=1
  [[ $(beats) == 0 ]]
}

@test "a session that is held is not ready; a socket that is not meant for it, or is gone, disturbs nobody" {
  listen "$TMUX_TMPDIR/notify"
  start_engine s -- sleep 1000
  eventually tells READY=1
  refuses 75 engine.sh run s -- true
  hear_all
  [[ $(grep -c READY=1 told) == 1 ]]
  # Inherited from a service that this is no part of: the command has what it would have without the engine.
  SYSTEMD_EXEC_PID=1 WATCHDOG_USEC=900000 engine.sh run t -- sh -c 'echo "$NOTIFY_SOCKET $WATCHDOG_USEC"' >out
  contains out "$NOTIFY_SOCKET 900000"
  hear_all
  [[ $(grep -c READY=1 told) == 1 ]]
  # Nobody listens there: the run says so, and goes on.
  NOTIFY_SOCKET=$PWD/nobody run engine.sh run u -- sh -c 'echo "ran ${NOTIFY_SOCKET-without}"'
  [[ $status == 0 && $output == *'systemd cannot be told of this run'*nobody*'ran without'* ]]
  # The one who listened goes away in the middle.
  kill "$LISTENER"
  eventually is_gone "$LISTENER"
  engine.sh stop s
  state_is s free
}

@test "python3 does it where there is no perl, and without both the run says what is missing" {
  local tool bin=$PWD/bin
  mkdir bin
  for tool in bash env flock sh node sleep cat ps git dirname readlink mkfifo stty prlimit mktemp rm; do
    ! command -v "$tool" >/dev/null || ln -s "$(command -v "$tool")" "bin/$tool"
  done
  listen "$TMUX_TMPDIR/notify"
  PATH=$bin run "$ROOT/engine.sh" run s -- sh -c 'echo "ran ${NOTIFY_SOCKET-without}"'
  [[ $status == 0 && $output == *'that takes perl or python3'*'ran without'* ]]
  hear_all
  lacks told READY
  ln -s "$(python3 -c 'import sys; print(sys.executable)')" bin/python3
  PATH=$bin "$ROOT/engine.sh" run s --fresh -- sh -c :
  hear_all
  tells STOPPING=1
  tells READY=1
}
