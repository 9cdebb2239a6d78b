#!/bin/sh
# A tool that works for so many seconds, or as long as it is let: it starts programs, computes, writes files and says what
# it has done.
end=$(($(date +%s) + ${1:-100000}))
part=0
while [ "$(date +%s)" -lt "$end" ]; do
  part=$((part + 1))
  head -c 200000 /dev/urandom | gzip -9 >part.gz
  echo "compiled $(echo "$part" | tr 0-9 bcdfghklmn)"
  sleep 0.3
done
