#!/usr/bin/env bash
# Runs a command once and prints, as JSON, its wall time in microseconds, and the seconds of processor time that it and
# its children took. Bash 5.
TIMEFORMAT='"user": %3U, "system": %3S,'
exec 9>&1
printf '{'
started=${EPOCHREALTIME/[.,]/}
# What it leaves in the background must not keep the caller's pipe open.
{ time "$@" </dev/null >/dev/null 2>&1 9>&-; } 2>&9
code=$?
ended=${EPOCHREALTIME/[.,]/}
printf '"wall": %d, "code": %d}\n' $((ended - started)) "$code"
