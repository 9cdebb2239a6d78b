#!/usr/bin/env bash
# npm test: installs what is missing, then checks everything. Works in a fresh clone.
#   npm test              all of it
#   npm test -- quick     without the scenes in tmux and with signals
# Leaves nothing behind, neither in /tmp nor running, also when it is interrupted.
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."
# shellcheck source=scripts/test-tools.bash
source scripts/test-tools.bash
# shellcheck source=scripts/scratch.bash
source scripts/scratch.bash

# A certificate store that Node reads at every start makes each of the some thousand starts 80 ms longer.
certificates=${NODE_EXTRA_CA_CERTS-}
unset NODE_EXTRA_CA_CERTS

say() { printf '\n== %s\n' "$*"; }

require_node() {
  # shellcheck disable=SC2016 # JavaScript.
  node -e '
    const [needed] = /[0-9.]+/.exec(require("./package.json").engines.node)
    const [major, minor] = needed.split(".").map(Number)
    const [a, b] = process.versions.node.split(".").map(Number)
    if (a > major || (a === major && b >= minor)) process.exit()
    console.error(`npm test needs Node ${needed} or newer; this is ${process.version} (${process.execPath})`)
    process.exit(69)'
}

install_npm_packages() {
  [[ -x node_modules/.bin/tsc && ! package-lock.json -nt node_modules/.package-lock.json ]] && return
  say 'installing packages'
  if [[ -n $certificates ]]; then local -x NODE_EXTRA_CA_CERTS=$certificates; fi
  npm ci --ignore-scripts --no-audit --no-fund
}

require_node
scope=all
[[ ${1:-} != quick ]] || scope=quick
require_tools "$scope"
install_npm_packages
open_scratch

failed=()
# One that fails does not keep the others from being seen.
part() { # NAME COMMAND...
  say "$1"
  stage "${@:2}" || failed+=("$1")
}

# The rest would say nothing without it.
required_part() {
  part "$@"
  ((${#failed[@]} == 0)) || exit 1
}

# Side by side, so many at a time; the jobs, as at-once.sh has them, on stdin.
parts() { # LANES NAME
  local name
  cat >"$SCRATCH/jobs"
  say "$2"
  stage bash scripts/at-once.sh "$1" "$SCRATCH/jobs" "$SCRATCH/failed" || {
    [[ -s $SCRATCH/failed ]] || printf '%s\n' "$2" >"$SCRATCH/failed"
    while IFS= read -r name; do failed+=("$name"); done <"$SCRATCH/failed"
    rm "$SCRATCH/failed"
  }
}

required_part build node scripts/build.mjs
parts 3 'types, lint, unit tests' <<'JOBS'
unit tests: node_modules/.bin/vitest run
lint: bash scripts/lint.sh
types: node_modules/.bin/tsc -p .
JOBS

if [[ $scope == all ]]; then
  parts "${SCENE_LANES:-4}" 'scenes, model, faults' < <(
    echo 'model: bash scripts/model.sh || (($? == 69))'
    bash scripts/scenes.sh --list
    echo 'crash points, some of them: node tests/stress/start.mjs crash-points --sample 12 --nice 0'
    echo 'owners killed at every instant, some of them: node tests/stress/start.mjs instants --sample 24 --late-ok'
  )
  # They fail when the lock breaks a promise, never because a slow machine has got through little. A nice one would get
  # next to no processor beside the work of others.
  parts 2 'contention' <<'JOBS'
torture: node tests/stress/start.mjs torture --seconds 20 --nice 0
places, contended and killed: node tests/stress/start.mjs places --seconds 15 --nice 0
JOBS
fi

nobody_is_left || failed+=('processes that are left')
((${#failed[@]} == 0)) || {
  printf '\nFAILED:' >&2
  printf ' %s;' "${failed[@]}" >&2
  printf '\n' >&2
  exit 1
}
