#!/usr/bin/env bats
# The hooks in the settings of agents: shown first, put in once, and taken out again.
# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load helpers.bash

setup() {
  sandbox
  unset CLAUDE_CONFIG_DIR CODEX_HOME XDG_CONFIG_HOME OPENCODE_CONFIG_DIR COPILOT_HOME PI_CODING_AGENT_DIR GEMINI_CLI_HOME
  SETTINGS="$HOME/.claude/settings.json"
  mkdir -p "$HOME/.claude"
  printf '{\n  // mine\n  "model": "opus",\n}\n' >"$SETTINGS"
  cp "$SETTINGS" original
}
teardown() { clean_sandbox; }

shows() { ui capture-pane -p -t =ui: | grep -qF -- "$1"; }
shows_not() { ! shows "$1"; }

@test "setup shows the difference, keeps what is there, does it once, and takes it out again" {
  lock.sh setup claude --dry-run </dev/null | grep -F '+' | grep -F 'PermissionRequest'
  cmp original "$SETTINGS"
  lock.sh setup claude </dev/null | grep -F 'hook claude'
  contains "$SETTINGS" '// mine'
  contains "$SETTINGS" '"PermissionRequest"'
  run lock.sh setup claude </dev/null
  [[ $status == 0 && $output == *'set up already'* ]]
  lock.sh setup claude --remove </dev/null >/dev/null
  cmp original "$SETTINGS"
  [[ $(ls -A "$HOME/.claude") == settings.json ]]
}

@test "the hook that setup puts in works in a run, and says nothing where it cannot" {
  lock.sh setup claude </dev/null >/dev/null
  local command
  command=$(sed -n 's/^ *"command": "\(.*\)",$/\1/p' "$SETTINGS" | head -n 1 | sed 's/\\"/"/g')
  cat >job <<JOB
echo '{"hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{"command":"make"}}' | sh -c '${command//\'/\'\\\'\'}' >out 2>&1
echo \$? >code
JOB
  engine.sh run s -- sh job
  contains "$LOCK_DIR/s/runs/1/notes.jsonl" '"attention":"permission","note":"Bash make"'
  [[ ! -s out && $(<code) == 0 ]]
  run sh -c "${command//lock.sh/gone.sh}" <<<'{}'
  [[ $status == 0 && -z $output ]]
}

@test "settings that are broken are refused with file and line, and none is changed" {
  printf '{\n "model": \n' >"$SETTINGS"
  refuses 78 lock.sh setup pi claude
  [[ $output == *'settings.json:'*'Nothing was changed'* ]]
  [[ ! -e $HOME/.pi ]]
  refuses 64 lock.sh setup nobody
}

@test "in a terminal setup asks" {
  needs_tmux
  open_ui
  ui send-keys -t =ui: 'lock.sh setup claude; echo don\e $?' Enter
  eventually shows 'Change this? [y/N]'
  ui send-keys -t =ui: n Enter
  eventually shows 'done 0'
  cmp original "$SETTINGS"
  # Not the question that has been answered.
  types clear
  eventually shows_not 'Change this? [y/N]'
  ui send-keys -t =ui: 'lock.sh setup claude; echo ov\er $?' Enter
  eventually shows 'Change this? [y/N]'
  ui send-keys -t =ui: y Enter
  eventually shows 'over 0'
  contains "$SETTINGS" 'hook claude'
}
