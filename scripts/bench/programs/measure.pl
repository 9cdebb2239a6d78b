#!/usr/bin/env perl
# Runs a command once and prints, as JSON, its exit code, its wall time, and the processor time of all that it has started,
# both in seconds. That includes what it leaves behind, as a helper that ends a moment after it: on Linux such processes are adopted
# (prctl(2), PR_SET_CHILD_SUBREAPER) and waited for. Elsewhere only those count that it has waited for itself.
use strict;
use warnings;
use Config;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($PR_SET_CHILD_SUBREAPER, $RUSAGE_CHILDREN) = (36, -1);
my %CALLS = (x86_64 => { prctl => 157, getrusage => 98 }, aarch64 => { prctl => 167, getrusage => 165 });

my ($machine) = $Config{archname} =~ /^(\w+?)-linux/;
my $calls = defined $machine ? $CALLS{$machine} : undef;

# times(2), which perl has, counts in steps of 10 ms.
sub children_seconds {
  if (!defined $calls) {
    my (undef, undef, $user, $system) = times;
    return $user + $system;
  }
  my $usage = "\0" x 144;
  syscall $calls->{getrusage}, $RUSAGE_CHILDREN, $usage;
  my ($user, $user_us, $system, $system_us) = unpack 'q4', $usage;
  return $user + $system + ($user_us + $system_us) / 1e6;
}

syscall $calls->{prctl}, $PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0 if defined $calls;
my $started = clock_gettime(CLOCK_MONOTONIC);
my $pid = fork // die "fork: $!\n";
if ($pid == 0) {
  open STDIN, '<', '/dev/null' and open STDOUT, '>', '/dev/null' and open STDERR, '>', '/dev/null' or exit 126;
  exec { $ARGV[0] } @ARGV or exit 127;
}
waitpid $pid, 0;
my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
my $wall = clock_gettime(CLOCK_MONOTONIC) - $started;
# What a command leaves running must end by itself: it is waited for.
1 while waitpid(-1, 0) > 0;
printf qq({"wall": %.6f, "cpu": %.6f, "code": %d}\n), $wall, children_seconds(), $code;
