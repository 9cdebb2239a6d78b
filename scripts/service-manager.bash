# Sourced by common.bash where NOTIFY_SOCKET is set: makes a socket for what is told to systemd, see sd_notify(3).
#
# Node has no datagram sockets of the file system. So perl or python3 opens one, connects it, and becomes Node, which
# writes to the descriptor: no process is started for a message, and it comes from the service's main process, as
# NotifyAccess=main asks for.
# shellcheck shell=bash disable=SC2016 # for perl and python3

# A message that nobody takes in time is dropped, not waited for.
_perl_connect='
use Socket;
use Fcntl;
my $path = delete $ENV{NOTIFY_SOCKET};
$^F = 1023; # Stays open over the exec.
my $address = $path;
$address =~ s/^@/\0/;
if (socket(our $socket, AF_UNIX, SOCK_DGRAM, 0) && connect($socket, pack_sockaddr_un($address))) {
  fcntl($socket, F_SETFL, O_NONBLOCK);
  $ENV{LOCK_NOTIFY_FD} = fileno $socket;
} else {
  print STDERR "engine: systemd cannot be told of this run: NOTIFY_SOCKET $path: $!\n";
}
exec { $ARGV[0] } @ARGV;
print STDERR "engine: $ARGV[0]: $!\n";
exit 69;
'
_python_connect='
import os, signal, socket, sys
path = os.environb.pop(b"NOTIFY_SOCKET")
try:
    end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    end.connect(b"\0" + path[1:] if path[:1] == b"@" else path)
    end.setblocking(False)
    end.set_inheritable(True)
    os.environ["LOCK_NOTIFY_FD"] = str(end.fileno())
except OSError as error:
    print("engine: systemd cannot be told of this run: NOTIFY_SOCKET", os.fsdecode(path) + ":", error, file=sys.stderr, flush=True)
# Python ignores them, and an exec does not change that.
for name in ("SIGPIPE", "SIGXFSZ"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
'

# It is meant for this process when systemd has started it, or the script that waits for it. What a terminal, or a server of
# tmux, has inherited from some service is not.
is_own_notify_socket() {
  [[ ${SYSTEMD_EXEC_PID:-$$} == "$$" || $SYSTEMD_EXEC_PID == "$PPID" ]]
}

# Does not return where a socket can be made.
exec_with_notify_socket() { # PROGRAM ARG...
  unset LOCK_NOTIFY_FD
  is_own_notify_socket || return 0
  if command -v perl >/dev/null; then
    exec perl -e "$_perl_connect" "$@"
  elif command -v python3 >/dev/null; then
    exec python3 -c "$_python_connect" "$@"
  fi
  echo 'engine: systemd cannot be told of this run: that takes perl or python3' >&2
  unset NOTIFY_SOCKET
}
