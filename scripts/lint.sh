#!/usr/bin/env bash
# Lints every source, shell scripts included.
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
node_modules/.bin/biome check --error-on-warnings .
find scripts examples bats tests .ci tmux-session-lock.tmux -type f \( -name '*.sh' -o -name '*.bash' -o -name '*.bats' -o -name '*.tmux' -o -path '.ci/run' \) \
  -exec shellcheck -x {} +
