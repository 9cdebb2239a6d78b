#!/usr/bin/env bash
# Announces, so many seconds after its start, that nothing will be seen of it for a minute, and nothing is.
printf 'uploading\n'
sleep "$1"
"$ZOO_LOCK" progress --for 60s 'a large upload'
sleep 300
