#!/usr/bin/env bats
# A lock directory on a disk that is full for a while. The disk is a small one of the test's own, in a mount namespace.

load helpers.bash

setup() {
  sandbox
  local namespace=(unshare --mount)
  ((EUID == 0)) || namespace+=(--map-root-user)
  "${namespace[@]}" mount -t tmpfs -o size=256k,mode=700 none /mnt 2>/dev/null || skip 'no mount namespace may be made here'
  NAMESPACE=("${namespace[@]}")
  mkdir -m 700 "$LOCK_DIR"
}
teardown() { clean_sandbox; }

# The first iteration fills the disk; the second, of which the record cannot know, stays.
worker() {
  cat >worker.sh <<'WORKER'
#!/usr/bin/env bash
echo "$$" >"$HOME/$LOCK_GENERATION.$LOCK_ITERATION"
case $LOCK_GENERATION.$LOCK_ITERATION in
1.1) dd if=/dev/zero of="$LOCK_DIR/filler" bs=1k 2>/dev/null || true ;;
1.2)
  setsid sleep 1000 &
  echo $! >"$HOME/child"
  wait
  ;;
esac
WORKER
  chmod +x worker.sh
}

in_namespace() {
  mount -t tmpfs -o size=256k,mode=700 none "$LOCK_DIR"
  engine.sh run s -n 3 -- ./worker.sh 2>err 3>&- &
  local engine=$!
  eventually test -s "$HOME/child"
  grep -q 'could not be written' err
  [[ $(field s iteration) == 1 ]]
  kill_with_guards "$engine"
  rm "$LOCK_DIR/filler"
  engine.sh run s 2>again
}

@test "engine and its guards killed on a full disk: the worker that the record does not know of is ended" {
  worker
  export -f in_namespace eventually field kill_with_guards guards_of is_stopped
  export PATIENCE_SECONDS
  "${NAMESPACE[@]}" bash -euo pipefail -c in_namespace
  STARTED=("$(<"$HOME/1.2")" "$(<"$HOME/child")")
  is_gone "${STARTED[1]}"
  is_gone "${STARTED[0]}"
  contains again 'left behind'
  [[ -f $HOME/2.3 ]]
}
