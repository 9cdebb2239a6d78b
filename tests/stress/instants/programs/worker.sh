#!/usr/bin/env bash
# A worker of one kind: worker.sh KIND DIR. Every process of it has DIR in its command line.
kind=$1 dir=$2
touch "$dir/ready.$LOCK_SESSION"
case $kind in
brief) exec perl -e 'select(undef, undef, undef, 0.15)' "$dir" ;;
deaf) trap '' TERM HUP INT ;;
forks) tail -f "$dir/alive" & ;;
stopped) kill -STOP $$ ;;
esac
while :; do perl -e 'select(undef, undef, undef, 0.2)' "$dir"; done
