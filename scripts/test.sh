#!/usr/bin/env bash
# npm test: installs what is missing, then checks everything. Works in a fresh clone.
#   npm test              all of it
#   npm test -- quick     without the scenes in tmux and with signals
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

# A certificate store that Node reads at every start makes each of the some thousand starts 80 ms longer.
unset NODE_EXTRA_CA_CERTS

say() { printf '\n== %s\n' "$*"; }

if [[ ! -x node_modules/.bin/tsc || package-lock.json -nt node_modules/.package-lock.json ]]; then
  say 'installing packages'
  npm ci --ignore-scripts --no-audit --no-fund
fi

missing=()
need=(tmux shellcheck)
# Without these, what needs them is skipped, and says so.
want=(spin faketime)
[[ ${1:-} == quick ]] && want=()
for tool in "${need[@]}" ${want[@]+"${want[@]}"}; do type -P "$tool" >/dev/null || missing+=("$tool"); done
if ((${#missing[@]})); then
  say "installing ${missing[*]}"
  sudo=()
  ((EUID == 0)) || sudo=(sudo -n)
  if type -P apt-get >/dev/null; then
    if "${sudo[@]}" apt-get update -qq; then
      for tool in "${missing[@]}"; do "${sudo[@]}" apt-get install -y -qq "$tool" || true; done
    fi
  elif type -P brew >/dev/null; then
    for tool in "${missing[@]}"; do brew install "$tool" || true; done
  fi
  for tool in "${need[@]}"; do
    type -P "$tool" >/dev/null || { echo "npm test needs $tool: install it with the system's package manager" >&2; exit 1; }
  done
fi

say 'types'
node_modules/.bin/tsc -p .

say 'lint'
bash scripts/lint.sh

say 'build'
node scripts/build.mjs

say 'unit tests'
node_modules/.bin/vitest run

[[ ${1:-} == quick ]] && exit

say 'model'
bash scripts/model.sh || (($? == 69))

say 'scenes'
node_modules/bats/bin/bats bats

# Fails when the lock breaks a promise, never because a slow machine has got through little.
say 'torture'
node tests/stress/start.mjs torture --seconds 20

say 'crash points, some of them'
node tests/stress/start.mjs crash-points --sample 12
