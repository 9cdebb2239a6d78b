#!/usr/bin/env bash
# A shell that starts a large client again and again, which reads its libraries and fails in the same words.
for ((attempt = 1; ; attempt++)); do
  node -e 'process.exit(1)'
  printf 'error: 429 Too Many Requests, attempt %s\n' "$attempt"
  ((attempt == 1)) && : >"$ZOO_MARK"
  sleep 0.6
done
