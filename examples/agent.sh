#!/usr/bin/env bash
# Behaves like a coding agent: some seconds of varied output for each iteration. A thing to try the lock on.
#   engine.sh run demo -n 3 -- examples/agent.sh [STEPS]
set -u
steps=${1:-6}
files=(src/parser.ts src/lexer.ts tests/parser.test.ts README.md src/index.ts docs/guide.md)
verbs=(reading searching editing testing reviewing formatting)

printf 'agent: iteration %s of %s in session %s\n' "${LOCK_ITERATION:-1}" "${LOCK_ITERATIONS:-1}" "${LOCK_SESSION:-none}"
for ((step = 1; step <= steps; step++)); do
  printf '  [%d/%d] %s %s ... ' "$step" "$steps" "${verbs[RANDOM % ${#verbs[@]}]}" "${files[RANDOM % ${#files[@]}]}"
  sleep "0.$((RANDOM % 6 + 3))"
  printf '%d lines, %d tokens\n' "$((RANDOM % 400 + 1))" "$((RANDOM % 9000 + 1000))"
done
printf 'agent: done\n'
