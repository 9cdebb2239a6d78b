#!/usr/bin/env bash
# A worker that leaves processes behind in one way: breeder.sh KIND DIR. Every process of it has DIR in its command
# line, so that whoever has shed all else can still be counted.
kind=$1 dir=$2
self=$0
leaf() { exec tail -f "$dir/alive"; }
# What a subshell with a job of its own leaves has lost its parent by the time that it runs.
orphan() { ( "$@" & ) }

case $kind in
fork) leaf & ;;
double-fork) orphan leaf ;;
setsid) setsid tail -f "$dir/alive" & ;;
ignores-term) (trap '' TERM HUP INT && leaf) & ;;
no-environment) env -i tail -f "$dir/alive" & ;;
no-descriptors) (exec 0<&- 1>&- 2>&- && leaf) & ;;
daemon) orphan setsid tail -f "$dir/alive" ;;
daemon-without-environment) orphan env -i setsid tail -f "$dir/alive" ;;
slow-daemon-without-environment) (sleep 2.5 && orphan env -i setsid tail -f "$dir/alive") & ;;
breeds-when-ended)
  trap 'for n in 1 2 3 4 5; do (trap "" TERM && leaf) & done' TERM
  leaf &
  ;;
# Each gives birth to the next and is gone.
chain) orphan "$self" link "$dir" ;;
link)
  sleep 0.01
  "$self" link "$dir" &
  exit
  ;;
*) exit 64 ;;
esac
touch "$dir/ready"
# Not `wait`: a trap would end it.
while :; do sleep 0.5; done
