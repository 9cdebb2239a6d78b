#!/usr/bin/env bats
# The examples of --notify in the README, word for word, with somebody who listens at the other end.
# shellcheck disable=SC2016,SC2030,SC2031 # commands for other shells; bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  # Of this machine's: the server is on it.
  unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY
}
teardown() { clean_sandbox; }

# The options of the one example that has WORD in it, as the README has them.
example() { # WORD
  local found
  found=$(sed -n 's/^\(--notify .*[^ ]\)  *# .*$/\1/p' "$ROOT/README.md" | grep -F -- "$1")
  [[ -n $found && $found != *$'\n'* ]] || { echo "not one example: $1: $found" >&2; return 1; }
  printf '%s\n' "$found"
}
# Runs a session with it, as a person who has typed it.
run_with() { # SESSION OPTIONS COMMAND...
  local name=$1 options=$2
  shift 2
  eval "engine.sh run $name $options -- $*"
}

# An HTTP server that keeps what it is sent, in `posted`; its port in PORT.
listen_http() {
  cat >server.js <<'JS'
const { appendFileSync, writeFileSync } = require('node:fs')
const server = require('node:http').createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    appendFileSync('posted', `${request.method} ${request.url} ${body}\n`)
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => writeFileSync('port', String(server.address().port)))
JS
  : >posted
  node server.js 3>&- &
  STARTED+=($!)
  eventually test -s port
  PORT=$(<port)
}
here() { sed "s|https://ntfy.sh|http://127.0.0.1:$PORT|"; }
is_posted() { grep -qxF -- "$1" posted; }

@test "a curl posts session and reason" {
  command -v curl >/dev/null || skip 'curl is not installed'
  listen_http
  run_with s "$(example curl | here)" false || [[ $? == 1 ]]
  eventually is_posted 'POST /YOUR-TOPIC s: failed with exit code 1 in iteration 1 of 1'
  [[ ! -e $LOCK_DIR/s/runs/1/notify.log ]]
}

@test "notify-send gets two words" {
  mkdir bin
  printf '#!/bin/sh\nprintf "<%%s>" "$@" >desktop\n' >bin/notify-send
  chmod +x bin/notify-send
  PATH=$PWD/bin:$PATH
  run_with s "$(example notify-send)" true
  eventually test -s desktop
  [[ $(<desktop) == '<s: ended><completed with exit code 0 in iteration 1 of 1>' ]]
}

@test "a case runs a script at some events only" {
  printf '#!/bin/sh\necho "$LOCK_EVENT" >>paged\n' >page-me.sh
  chmod +x page-me.sh
  run_with s "$(example 'case $LOCK_EVENT')" true
  # The end is told to nobody, and no failure of it is noted.
  start_engine d --notify "$(eval "set -- $(example 'case $LOCK_EVENT')"; printf '%s' "$2")" -- sleep 1000
  eventually has_refresher d
  kill -KILL "$REPLY"
  eventually test -s paged
  [[ $(<paged) == owner-died ]]
  [[ ! -e $LOCK_DIR/s/runs/1/notify.log ]]
}

@test "tmux display-message shows it in the status line of a person's tmux" {
  needs_tmux
  open_ui 150 30
  ui set-option -g display-time 60000
  tmux -f /dev/null new-session -d -s eye -x 150 -y 30 "env -u TMUX tmux -L $TMUX_NAME attach -t =ui:"
  eventually has_client
  types "engine.sh run s $(example display-message) -- true"
  eventually eye_shows '^s: ended'
}
has_client() { [[ -n $(ui list-clients) ]]; }
eye_shows() { tmux capture-pane -p -t =eye: | grep -qE -- "$1"; }

@test "the bell rings in the terminal in which it was typed" {
  needs_tmux
  open_ui 150 30
  # A window that is not looked at keeps the bell as a flag.
  ui set-option -g monitor-bell on
  ui new-window -t =ui: -n other 'exec sleep 1000'
  [[ $(bell) == 0 ]]
  ui send-keys -t =ui:0 "engine.sh run s $(example 'tty') -- true" Enter
  eventually rang
  state_is s free
}
bell() { ui display-message -p -t =ui:0 '#{window_bell_flag}'; }
rang() { [[ $(bell) == 1 ]]; }

@test "the loop for an agent does what the README says of it, from the prompt to the message at its end" {
  needs_tmux
  command -v curl >/dev/null || skip 'curl is not installed'
  listen_http
  git init -q .
  git config user.email a@b && git config user.name n
  printf -- '- [ ] one\n- [ ] two\n' >TODO.md
  sed -n '/^\$ cat PROMPT.md/,/^$/p' "$ROOT/README.md" | sed '1d;$d' >PROMPT.md
  contains PROMPT.md 'lock.sh progress --retry-at'
  git add TODO.md && git commit -qm todo
  mkdir bin
  # It reads the prompt, and does the next open item; the first time it says that it is rate limited.
  cat >bin/claude <<'AGENT'
#!/usr/bin/env bash
echo "$@" >>arguments
[[ $(cat) == *'Take the next open item'* ]] || exit 9
if [[ ! -e limited ]]; then
  touch limited
  lock.sh progress --retry-at 1s 'rate limited'
  exit 75
fi
sed -i '0,/\[ \]/s//[x]/' TODO.md
git commit -qam done
AGENT
  printf '#!/bin/sh\n[ "$1" = test ]\n' >bin/npm
  chmod +x bin/*
  PATH=$PWD/bin:$PATH
  sed -n '/^\$ .*engine.sh run todo/,/^ *-- claude/p' "$ROOT/README.md" | sed 's/^\$ //; s/\.\/engine/engine/' | here >loop.sh
  contains loop.sh "127.0.0.1:$PORT"
  contains loop.sh '--on-hung interrupt'
  bash loop.sh 2>err
  contains err 'todo runs in its own tmux session'
  eventually state_is todo free
  eventually is_posted 'POST /YOUR-TOPIC todo: completed with exit code 0 in iteration 3: --until exited with 0'
  lacks TODO.md '[ ]'
  [[ $(lock.sh history todo --json | grep -o '"result":"[a-z]*"' | cut -d'"' -f4 | paste -sd' ' -) == 'failed ok ok' ]]
  [[ $(wc -l <"$HOME/todo.jsonl") == 3 ]]
  contains arguments '-p --dangerously-skip-permissions'
}
