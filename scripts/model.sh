#!/usr/bin/env bash
# npm run model: checks tests/model/protocol.pml with spin.
#   npm run model                    the protocol; and that the checker notices each step that is left out
#   npm run model -- deep            with more trouble, two iterations, no endless loop; the faults beyond the promise
#   npm run model -- trace -DBREAK_…   how the checker comes to its objection
# 69: spin or a C compiler is missing.
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

readonly MODEL=$PWD/tests/model/protocol.pml
readonly EX_UNAVAILABLE=69
readonly MAX_DEPTH=20000

for tool in spin cc; do
  type -P "$tool" >/dev/null && continue
  printf 'the model is not checked: %s is missing (apt-get install spin gcc)\n' "$tool" >&2
  exit $EX_UNAVAILABLE
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Builds the checker in a directory of its own and runs it; what it says is in DIRECTORY/out.
check() { # DIRECTORY COMPILER-OPTION... -- CHECKER-OPTION... -- MODEL-OPTION...
  local dir=$work/$1 build=() search=()
  shift
  while [[ $1 != -- ]]; do
    build+=("$1")
    shift
  done
  shift
  while [[ $1 != -- ]]; do
    search+=("$1")
    shift
  done
  shift
  mkdir -p "$dir"
  cd "$dir"
  # `provided` and partial order reduction exclude each other.
  { spin -a "$@" "$MODEL" && cc -w -DNOREDUCE -DMEMLIM=8000 "${build[@]}" -o pan pan.c; } >build 2>&1 || {
    cat build >&2
    return 1
  }
  ./pan -m$MAX_DEPTH ${search[@]+"${search[@]}"} >out 2>&1 || true
}

figure() { # DIRECTORY PATTERN
  sed -n "s/^.*$2.*$/\1/p" "$work/$1/out" | head -n 1
}

say_result() { # DIRECTORY TEXT
  printf '%-58s %9s states %6s s %5s MB\n' "$2" "$(figure "$1" ' \([0-9.e+]*\) states, stored')" \
    "$(figure "$1" 'elapsed time \([0-9.]*\)')" "$(figure "$1" ' \([0-9]*\)\.[0-9]*.total actual memory')"
}

# The search came to its end and found nothing.
is_clean() { # DIRECTORY
  grep -q 'errors: 0$' "$work/$1/out" && ! grep -qE 'max search depth too small|not completed|out of memory' "$work/$1/out"
}

# The property whose assertion failed, by the comment on its line.
objection() { # DIRECTORY MODEL-OPTION...
  local dir=$work/$1 line
  shift
  cd "$dir"
  [[ -f protocol.pml.trail ]] || return 0
  line=$(spin "$@" -k protocol.pml.trail -t "$MODEL" 2>&1 |
    sed -n 's/^spin: .*protocol\.pml:\([0-9]*\), Error: assertion violated$/\1/p')
  [[ -z $line ]] || sed -n "${line}s/.*\(A[1-9]\) .*/\1/p" "$MODEL"
}

unreached() { # DIRECTORY
  grep -E '^[[:space:]].*, state [0-9]+, "' "$work/$1/out" | grep -vE '"(-end-|assert\(.*)"$' || true
}

# No statement of the model may be out of the reach of both searches, but an assertion that would fail.
all_is_reached() { # DIRECTORY DIRECTORY
  local never
  never=$(unreached "$1" | grep -Fxf <(unreached "$2") || true)
  [[ -z $never ]] || {
    printf 'FAILED: never reached:\n%s\n' "$never" >&2
    return 1
  }
}

holds() { # DIRECTORY TEXT MODEL-OPTION...
  local dir=$1 text=$2
  shift 2
  check "$dir" -O1 -DSAFETY -- -- "$@"
  say_result "$dir" "$text"
  is_clean "$dir" && return
  printf 'FAILED: %s: %s\n' "$text" "$(objection "$dir" "$@")" >&2
  grep -E '^pan:|errors:' "$work/$dir/out" >&2
  return 1
}

# Most of them are found at once: to compile the checker well would take longer than the search.
# ORDER is an option of the checker's compiler, where another order of the search comes to it sooner.
is_noticed() { # PROPERTY TEXT MODEL-OPTION...
  local property=$1 text=$2 dir=broken found
  shift 2
  rm -rf "${work:?}/$dir"
  check "$dir" -O0 -DSAFETY ${ORDER:+"$ORDER"} -- -- "$@"
  found=$(objection "$dir" "$@")
  printf '%-58s %s after %s states\n' "$text" "${found:-not noticed}" "$(figure "$dir" ' \([0-9.e+]*\) states, stored')"
  [[ $found == "$property" ]] && return
  printf 'FAILED: %s should be noticed as %s\n' "$*" "$property" >&2
  return 1
}

broken_steps() {
  local failed=0 option property forces text
  while read -r option property forces text; do
    is_noticed "$property" "$text" "-D$option" -DCONTENDERS=2 -DTROUBLES=1 "-DFORCES=$forces" || failed=1
  done <<'STEPS'
BREAK_REFRESHER_INHERITS A1 0 the refresher gets no copy of the descriptor
BREAK_WORKER_CLOSES_LOCK A6 0 the worker keeps a copy of the descriptor
BREAK_COOKIE_IN_ENVIRONMENT A6 0 a worker is known by its recorded pid alone
BREAK_WAIT_REFRESHER_STOP A1 0 the owner does not wait for its refresher's end
BREAK_KILL_STOPPED_REFRESHER A7 0 the owner does not kill a refresher that is stopped
BREAK_LOCK_FILE_STAYS A1 0 somebody replaces the lock file
BREAK_UNLOCK_LAST A1 0 the owner unlocks, then writes its end
BREAK_FORCE_AWAITS_LOCK A1 1 --force does not wait for the kernel lock
BREAK_GENERATION_WITNESS A4 0 the generation is counted from the record alone
STEPS
  is_noticed A5 'reap trusts what it saw before it had the lock' -DBREAK_REAP_LOOKS_AGAIN -DTROUBLES=1 -DFORCES=0 || failed=1
  ORDER=-DP_REVERSE is_noticed A5 'the record is read before the lock is taken' -DBREAK_LOCK_FIRST -DTROUBLES=1 -DFORCES=0 || failed=1
  is_noticed A8 'a claim does not end what a dead owner left' -DBREAK_CLEAR_AFTER_DEATH -DCONTENDERS=2 -DTROUBLES=3 -DFORCES=0 || failed=1
  # Either of the two is enough for one trouble.
  is_noticed A8 'neither guard nor watchdog' -DBREAK_NO_GUARD -DBREAK_NO_WATCHDOG -DCONTENDERS=2 -DTROUBLES=1 -DFORCES=0 || failed=1
  is_noticed A8 'no watchdog: guard and owner killed' -DBREAK_NO_WATCHDOG -DCONTENDERS=2 -DTROUBLES=2 -DFORCES=0 || failed=1
  is_noticed A8 'a guard that ends nothing: watchdog and owner killed' -DBREAK_NO_GUARD -DCONTENDERS=2 -DTROUBLES=2 -DFORCES=0 || failed=1
  is_noticed A8 'the pipe from the owner ends before its child has executed' -DBREAK_PIPE_UNTIL_EXEC -DCONTENDERS=2 -DTROUBLES=1 -DFORCES=0 || failed=1
  return $failed
}

deep() {
  local failed=0
  holds three '3 contenders, one trouble' -DTROUBLES=1 -DFORCES=0 || failed=1
  holds whole '2 contenders, two troubles, --force' -DCONTENDERS=2 || failed=1
  holds kills '2 contenders, three troubles' -DCONTENDERS=2 -DTROUBLES=3 -DFORCES=0 || failed=1
  holds iterations '2 contenders, two iterations, two troubles' -DCONTENDERS=2 -DITERATIONS=2 -DFORCES=0 || failed=1
  holds both '2 contenders, two iterations, one trouble, --force' -DCONTENDERS=2 -DITERATIONS=2 -DTROUBLES=1 || failed=1
  check loops -O1 -DNP -- -l -- -DCONTENDERS=2 -DTROUBLES=1
  say_result loops 'nothing goes round for ever (one trouble, --force)'
  is_clean loops || failed=1
  holds write 'a write that fails' -DCONTENDERS=2 -DWRITES_FAIL -DTROUBLES=1 || failed=1
  is_noticed A6 '  the claim looks for the recorded iteration alone' -DWRITES_FAIL -DBREAK_LATER_ITERATIONS || failed=1
  holds worker 'a worker that cannot be ended' -DCONTENDERS=2 -DUNKILLABLE -DTROUBLES=1 || failed=1
  is_noticed A6 '  the record forgets it' -DUNKILLABLE -DBREAK_KEEP_WORKER || failed=1
  return $failed
}

case ${1:-} in
  '')
    failed=0
    holds trouble '2 contenders, two troubles' -DCONTENDERS=2 -DTROUBLES=2 -DFORCES=0 || failed=1
    holds force '2 contenders, one trouble, --force' -DCONTENDERS=2 -DTROUBLES=1 -DFORCES=1 || failed=1
    all_is_reached trouble force || failed=1
    broken_steps || failed=1
    exit $failed
    ;;
  deep) deep ;;
  trace)
    shift
    check traced -O0 -DSAFETY -- -- "$@"
    printf 'objection: %s\n' "$(objection traced "$@")"
    cd "$work/traced"
    [[ ! -f protocol.pml.trail ]] || spin "$@" -k protocol.pml.trail -t -p -g "$MODEL"
    ;;
  *)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 64
    ;;
esac
