#!/usr/bin/env bash
# Three lines for ever, with a counter and a clock in them.
for ((attempt = 1; ; attempt++)); do
  printf 'attempt %s at %s\n' "$attempt" "$(date)"
  printf '  GET /v1/jobs: 503 Service Unavailable after %s ms\n' $((200 + RANDOM % 100))
  printf '  will try again\n'
  ((attempt == 1)) && : >"$ZOO_MARK"
  sleep 0.4
done
