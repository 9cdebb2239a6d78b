# Shared by engine.sh and lock.sh: finds Node and the compiled helper, builds it in a fresh clone, and becomes it.
# Bash 3.2 (macOS). On the way to a built helper it starts no process but Node.
# shellcheck shell=bash

readonly EX_UNAVAILABLE=69

fail() { # STATUS LINE...
  local status=$1
  shift
  printf '%s\n' "$@" >&2
  exit "$status"
}

# Where a version manager or a package puts it, for a cron job with a bare PATH.
find_node() {
  local candidate
  if [[ -n ${LOCK_NODE:-} ]]; then
    [[ -x $LOCK_NODE ]] || fail $EX_UNAVAILABLE "LOCK_NODE is $LOCK_NODE, which cannot be run"
    REPLY=$LOCK_NODE
    return
  fi
  # exec finds it in PATH by itself; to ask for its path would take a process.
  REPLY=node
  if type node >/dev/null 2>&1; then return; fi
  for candidate in /usr/local/bin/node /opt/homebrew/bin/node "$HOME"/.volta/bin/node \
    "$HOME"/.local/share/mise/shims/node "$HOME"/.asdf/shims/node "$HOME"/.nvm/versions/node/*/bin/node; do
    if [[ -x $candidate ]]; then
      REPLY=$candidate
      return
    fi
  done
  fail $EX_UNAVAILABLE 'Node is not in PATH; tmux-session-lock needs Node 20.19 or newer.' \
    '  Install it, or set LOCK_NODE to where it is.'
}

# In a clone, whether the sources have changed since they were compiled. Directories are enough: git replaces files,
# and to look at every one would take longer than all the rest. After an edit in place: npm run build.
is_current() { # ROOT
  local root=$1 file
  [[ -f $root/dist/loader.cjs ]] || return 1
  [[ -d $root/src ]] || return 0
  for file in "$root"/package-lock.json "$root"/scripts "$root"/src "$root"/src/*/; do
    [[ $file -nt $root/dist/loader.cjs ]] && return 1
  done
  return 0
}

# Waits for the kernel lock on fd 9, like the helper itself: two first starts at once must not both install.
lock_fd_9() {
  if type -P flock >/dev/null; then
    flock 9
  elif type -P perl >/dev/null; then
    perl -MFcntl=:flock -e 'open(my $f, ">&=", 9) or exit 2; exit(flock($f, LOCK_EX) ? 0 : 1)'
  else
    fail $EX_UNAVAILABLE 'Neither flock(1) nor perl is here, and one of them is needed.' '  Install util-linux or perl.'
  fi
}

build_helper() { # ROOT NODE
  local root=$1 node=$2
  # npm and its children find the same Node that will run the result.
  [[ $node != */* ]] || export PATH="${node%/*}:$PATH"
  type -P npm >/dev/null || fail $EX_UNAVAILABLE 'npm is not in PATH, and the first start in a clone needs it.'
  (
    CDPATH="" cd -- "$root" || exit
    if [[ ! -d node_modules/esbuild || package-lock.json -nt node_modules/.package-lock.json ]]; then
      printf 'tmux-session-lock: first start: installing packages (npm ci) ...\n' >&2
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || exit
    fi
    printf 'tmux-session-lock: building ...\n' >&2
    "$node" scripts/build.mjs >&2
  ) 9>&-
}

ensure_helper() { # ROOT NODE
  local root=$1 node=$2
  is_current "$root" && return
  [[ -w $root ]] || {
    [[ -f $root/dist/loader.cjs ]] && return # Somebody else's installation; as built as it will get.
    fail $EX_UNAVAILABLE "tmux-session-lock is not built, and $root is not writable." "  Let its owner run: npm ci && npm run build"
  }
  exec 9>"$root/.build.lock"
  lock_fd_9 || fail $EX_UNAVAILABLE "The lock $root/.build.lock could not be taken."
  # Somebody else may have built it while we waited.
  if ! is_current "$root" && ! build_helper "$root" "$node"; then
    fail $EX_UNAVAILABLE 'tmux-session-lock could not be built; see above.'
  fi
  exec 9>&-
}

start_helper() { # PROGRAM ARG...
  local root node
  # scripts/ is in the root; resolved without a process where the path has no surprises.
  root=${BASH_SOURCE[0]%/*}/..
  find_node
  node=$REPLY
  ensure_helper "$root" "$node"
  exec "$node" "$root/dist/loader.cjs" "$@"
}
