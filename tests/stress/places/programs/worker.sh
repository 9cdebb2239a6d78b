#!/usr/bin/env bash
# Takes one of as many locks as there are places, and the one of the path when it needs that. Finding none free means that
# more run than may. The locks are the kernel's and apart from those under test; they go with this process.
# usage: worker.sh JOURNAL PLACES SECONDS path|-
set -u
journal=$1 places=$2 seconds=$3 path=$4
found=
for ((place = 1; place <= places; place += 1)); do
  exec 9>>"$journal.place.$place"
  if flock -n 9; then
    found=yes
    break
  fi
done
[[ -n $found ]] || echo overlap-places >>"$journal"
if [[ $path == path ]]; then
  exec 8>>"$journal.path"
  flock -n 8 || echo overlap-path >>"$journal"
fi
echo ran >>"$journal"
sleep "$seconds" 8>&- 9>&-
