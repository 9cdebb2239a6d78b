#!/usr/bin/env bash
# A session in plain shell, as it is usually written with jq, date, mv, sleep and kill -0. Only for `npm run bench`.
#   session.sh run NAME COUNT COMMAND...    a loop with a heartbeat
#   session.sh status [NAME]                one jq for all records
#   session.sh status-by-field [NAME]       one jq for each field, as most scripts have it
# The heartbeat and the loop write the same record: one of two updates at once may be lost. It proves no exclusion either.
# shellcheck disable=SC2016 # jq has variables of its own.
set -euo pipefail

dir=${LOCK_DIR:?}
interval=${INTERVAL:-15}
stale_after=120

update() { # NAME JQ-ARGUMENT...
  # Loop and heartbeat each have their own; in the redirection it would be the number of jq.
  local file=$dir/$1.json new=$dir/$1.json.$BASHPID
  shift
  jq "$@" "$file" >"$new" && mv "$new" "$file"
}

claim() { # NAME
  local pid
  if ! (set -o noclobber && echo $$ >"$dir/$1.pid") 2>/dev/null; then
    read -r pid <"$dir/$1.pid"
    if kill -0 "$pid" 2>/dev/null; then
      echo "$1 is held by pid $pid" >&2
      exit 75
    fi
    echo $$ >"$dir/$1.pid"
  fi
}

refresh() { # NAME
  while sleep "$interval"; do
    update "$1" --argjson now "$(date +%s)" '.heartbeat_epoch = $now | .beats += 1'
  done
}

release() { # NAME CODE
  kill "$refresher" 2>/dev/null || true
  wait "$refresher" 2>/dev/null || true
  update "$1" --argjson code "$2" '.ended = $code'
  rm -f "$dir/$1.pid"
}

run() { # NAME COUNT COMMAND...
  local name=$1 count=$2 iteration code=0 worker=''
  shift 2
  claim "$name"
  jq -n --arg session "$name" --argjson pid $$ --argjson now "$(date +%s)" --argjson count "$count" \
    '{$session, $pid, heartbeat_epoch: $now, beats: 0, iteration: 0, iterations: $count, ended: null}' >"$dir/$name.json"
  refresh "$name" &
  refresher=$!
  # shellcheck disable=SC2064 # The name is known now.
  trap "release '$name' \$?" EXIT
  trap 'kill $worker 2>/dev/null; exit 143' INT TERM
  update "$name" --argjson refresher "$refresher" '.refresher = $refresher'
  for ((iteration = 1; iteration <= count; iteration++)); do
    update "$name" --argjson n "$iteration" --argjson now "$(date +%s)" '.iteration = $n | .started_epoch = $now'
    code=0
    "$@" >>"$dir/$name.log" 2>&1 &
    worker=$!
    wait "$worker" || code=$?
    ((code == 0)) || exit "$code"
  done
}

state_of() { # PID HEARTBEAT ENDED NOW
  if [[ $3 != null && -n $3 ]]; then
    REPLY=free
  elif ! kill -0 "$1" 2>/dev/null; then
    REPLY=dead
  elif (($4 - $2 > stale_after)); then
    REPLY=hung
  else
    REPLY=active
  fi
}

print_row() { # NAME PID ITERATION ITERATIONS HEARTBEAT ENDED NOW
  state_of "$2" "$5" "$6" "$7"
  printf '%-16s %-7s %9s %6ss\n' "$1" "$REPLY" "$3/$4" "$(($7 - $5))"
}

print_status() { # FILE...
  local now name pid iteration iterations beat ended
  now=$(date +%s)
  while IFS=$'\t' read -r name pid iteration iterations beat ended; do
    print_row "$name" "$pid" "$iteration" "$iterations" "$beat" "$ended" "$now"
  done < <(jq -r '[.session, .pid, .iteration, .iterations, .heartbeat_epoch, .ended] | @tsv' "$@")
}

print_status_by_field() { # FILE...
  local file now field values
  now=$(date +%s)
  for file; do
    values=()
    for field in session pid iteration iterations heartbeat_epoch ended; do
      values+=("$(jq -r ".$field" "$file")")
    done
    print_row "${values[@]}" "$now"
  done
}

verb=$1
shift
case $verb in
  run) run "$@" ;;
  status) if (($#)); then print_status "$dir/$1.json"; else print_status "$dir"/*.json; fi ;;
  status-by-field) if (($#)); then print_status_by_field "$dir/$1.json"; else print_status_by_field "$dir"/*.json; fi ;;
  *) exit 64 ;;
esac
