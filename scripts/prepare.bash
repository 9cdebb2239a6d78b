# What a first start needs, and one with another Node: finds a Node that is new enough, and builds a fresh clone.
# Sourced by common.bash. Bash 3.2 (macOS).
# shellcheck shell=bash

readonly EX_UNAVAILABLE=69

fail() { # STATUS LINE...
  local status=$1
  shift
  printf '%s\n' "$@" >&2
  exit "$status"
}

# "MAJOR MINOR" of what package.json asks for.
needed_version() { # ROOT
  local line
  while IFS='' read -r line; do
    if [[ $line =~ \"node\":\ *\"\>=([0-9]+)\.([0-9]+) ]]; then
      REPLY="${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
      return
    fi
  done <"$1/package.json"
  fail $EX_UNAVAILABLE "$1/package.json does not say which Node is needed."
}

is_new_enough() { # VERSION MAJOR MINOR
  local major minor rest
  IFS=. read -r major minor rest <<<"${1#v}"
  [[ $major$minor =~ ^[0-9]+$ && -n $rest ]] || return 1
  ((10#$major > $2 || (10#$major == $2 && 10#$minor >= $3)))
}

# A line each: "good NODE" for those in PATH, "else NODE" for the others.
list_nodes() { # MAJOR MINOR
  local IFS=: dir
  set -f
  for dir in $PATH; do printf 'good %s\n' "${dir:-.}/node"; done
  set +f
  printf 'else %s/node\n' /usr/local/bin /opt/homebrew/bin /opt/local/bin /home/linuxbrew/.linuxbrew/bin
  list_managed_node "$1" "$2"
}

# The newest that a version manager has installed, when it is new enough.
list_managed_node() { # MAJOR MINOR
  local home=${HOME:-/nonexistent} path key newest='' newest_key='' IFS=''
  for path in "${NVM_DIR:-$home/.nvm}"/versions/node/v*/bin/node \
    "${FNM_DIR:-$home/.local/share/fnm}"/node-versions/v*/installation/bin/node \
    "${VOLTA_HOME:-$home/.volta}"/tools/image/node/*/bin/node \
    "${MISE_DATA_DIR:-$home/.local/share/mise}"/installs/node/*/bin/node \
    "${ASDF_DATA_DIR:-$home/.asdf}"/installs/nodejs/*/bin/node \
    "${NODENV_ROOT:-$home/.nodenv}"/versions/*/bin/node; do
    # Links as "lts" and "20" lead to one that has its whole version in its path.
    [[ $path =~ /v?([0-9]+)\.([0-9]+)\.([0-9]+)(/installation)?/bin/node$ && -x $path ]] || continue
    printf -v key '%05d%05d%05d' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
    [[ $key > $newest_key ]] || continue
    newest_key=$key
    newest=$path
  done
  printf -v key '%05d%05d00000' "$1" "$2"
  [[ -z $newest || $newest_key < $key ]] || printf 'managed %s\n' "$newest"
}

# So that the next start need not ask them again. Where that cannot be written every start asks.
remember_nodes() { # ROOT LINES
  local list
  node_lists "$1"
  for list in "${NODE_LISTS[@]}"; do
    { mkdir -p "${list%/*}" && printf '%s' "$2" >>"$list"; } 2>/dev/null && return
  done
}

# Leaves it in REPLY, and in FOUND what remember_nodes is to know.
find_node() { # ROOT
  local major minor how node version old=''
  FOUND=''
  if [[ -n ${LOCK_NODE:-} ]]; then
    [[ -x $LOCK_NODE ]] || fail $EX_UNAVAILABLE "LOCK_NODE is $LOCK_NODE, which cannot be run"
    REPLY=$LOCK_NODE
    return
  fi
  needed_version "$1"
  read -r major minor <<<"$REPLY"
  while read -r how node; do
    [[ -f $node && -x $node ]] || continue
    # The path of one that a version manager has installed says its version.
    if [[ $how == managed ]] || { version=$("$node" --version 2>/dev/null) && is_new_enough "$version" "$major" "$minor"; }; then
      FOUND+="${how/managed/else} $node"$'\n'
      REPLY=$node
      return
    fi
    FOUND+="old $node"$'\n'
    [[ -n $old ]] || old="$version ($node) is too old"
  done < <(list_nodes "$major" "$minor")
  fail $EX_UNAVAILABLE "tmux-session-lock needs Node $major.$minor or newer: ${old:-there is none in PATH}." \
    '  Install it, or set LOCK_NODE to where it is.'
}

# Waits for the kernel lock on fd 9, like the program itself: two first starts at once must not both install.
lock_fd_9() {
  if type -P flock >/dev/null; then
    flock 9
  elif type -P perl >/dev/null; then
    perl -MFcntl=:flock -e 'open(my $f, ">&=", 9) or exit 2; exit(flock($f, LOCK_EX) ? 0 : 1)'
  else
    fail $EX_UNAVAILABLE 'Neither flock(1) nor perl is here, and one of them is needed.' '  Install util-linux or perl.'
  fi
}

build_program() { # ROOT NODE
  local root=$1 node=$2
  (
    # npm and its children find the same Node that will run the result; the command that is run then keeps its PATH.
    [[ $node != */* ]] || export PATH="${node%/*}:$PATH"
    type -P npm >/dev/null || fail $EX_UNAVAILABLE 'npm is not in PATH, and the first start in a clone needs it.'
    CDPATH="" cd -- "$root" || exit
    if [[ ! -d node_modules/esbuild || package-lock.json -nt node_modules/.package-lock.json ]]; then
      printf 'tmux-session-lock: first start: installing packages (npm ci) ...\n' >&2
      npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || exit
    fi
    printf 'tmux-session-lock: building ...\n' >&2
    "$node" scripts/build.mjs >&2
  ) 9>&-
}

ensure_program() { # ROOT NODE
  local root=$1 node=$2
  is_current "$root" && return
  [[ -w $root ]] || {
    [[ -f $root/dist/loader.cjs ]] && return # Somebody else's installation; as built as it will get.
    fail $EX_UNAVAILABLE "tmux-session-lock is not built, and $root is not writable." "  Let its owner run: npm ci && npm run build"
  }
  exec 9>"$root/.build.lock"
  lock_fd_9 || fail $EX_UNAVAILABLE "The lock $root/.build.lock could not be taken."
  # Somebody else may have built it while we waited.
  if ! is_current "$root" && ! build_program "$root" "$node"; then
    fail $EX_UNAVAILABLE 'tmux-session-lock could not be built; see above.'
  fi
  exec 9>&-
}

# Leaves the Node to use in REPLY.
prepare() { # ROOT
  local root=$1 node
  find_node "$root"
  node=$REPLY
  ensure_program "$root" "$node"
  [[ -z $FOUND ]] || remember_nodes "$root" "$FOUND"
  REPLY=$node
}
