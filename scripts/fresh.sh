#!/usr/bin/env bash
# npm run test:fresh: the README's two commands on a machine that has next to nothing: a minimal Debian from debootstrap
# with nodejs, npm and git, and in it a clean clone of the last commit. First as root; then as a user without sudo, who
# has to be told in one line what is missing, and for whom that is installed then by that line.
#   npm run test:fresh -- [--release trixie] [--node 22|24] [--as root|user] [quick]
#     --release   of Debian; a release whose nodejs is too old needs --node
#     --node      Node from npm's package `node` instead of Debian's
#     quick       npm test -- quick
# The root is built once, below ${XDG_CACHE_HOME:-~/.cache}; every test has a layer of its own on it. Mirror, registry,
# proxies and certificates are this machine's. Where it may not be done it is skipped, with the reason.
set -euo pipefail
unset CDPATH # It would lead cd elsewhere.
cd "${BASH_SOURCE[0]%/*}/.."

readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/tmux-session-lock/fresh
readonly CLONE=tmux-session-lock # In the home directory of whoever tests.
readonly PASSED_ON=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY npm_config_registry
  NODE_EXTRA_CA_CERTS SSL_CERT_FILE TERM)

say() { printf '\n== fresh: %s\n' "$*"; }

skip() {
  printf 'test:fresh is skipped: %s\n' "$*"
  exit 0
}

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

usage() {
  sed -n '5,8s/^# //p' "$0" >&2
  exit 64
}

# The one that apt uses here. Before the first `apt-get update` it does not know what a source calls itself.
mirror() {
  # shellcheck disable=SC2016 # apt expands it.
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(LABEL)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "main" && ($3 == "Debian" || $3 == "") { print $1; exit }'
}

check_machine() {
  [[ $(uname) == Linux ]] || skip 'it needs Linux'
  ((EUID == 0)) || skip 'it needs root, for chroot and mount'
  type -P debootstrap >/dev/null || skip 'debootstrap is missing (apt-get install debootstrap)'
  unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip 'no permission to make namespaces'
  MIRROR=$(mirror)
  [[ -n $MIRROR ]] || skip 'apt of this machine knows no mirror of Debian'
}

# What makes mirror and registry reachable from here.
copy_network() { # ROOT
  local root=$1 file
  for file in /etc/resolv.conf /etc/hosts; do [[ ! -r $file ]] || cat "$file" >"$root$file"; done
  apt-config dump | grep -E '^Acquire::(https?::|Check-)' >"$root/etc/apt/apt.conf.d/90fresh" || true
  for file in /etc/apt/auth.conf /etc/apt/auth.conf.d; do [[ ! -e $file ]] || cp -a "$file" "$root/etc/apt/"; done
  for file in "${NODE_EXTRA_CA_CERTS-}" "${SSL_CERT_FILE-}" "$(npm config get cafile)"; do
    [[ -f $file ]] || continue
    mkdir -p "$root${file%/*}"
    cat "$file" >"$root$file"
  done
}

# The words of npm's configuration, this machine's and this person's, for somebody in the root.
copy_npmrc() { # ROOT HOME OWNER
  local file
  for file in "$(npm config get globalconfig)" "$(npm config get userconfig)"; do
    [[ ! -r $file ]] || cat "$file"
  done >"$1$2/.npmrc"
  chroot "$1" chown "$3:" "$2/.npmrc"
  chmod 600 "$1$2/.npmrc"
}

# Runs a command in the root, with nothing of this machine's environment but what leads to the network.
inside() { # ROOT USER COMMAND...
  local root=$1 user=$2 name environment=()
  shift 2
  for name in "${PASSED_ON[@]}"; do [[ -z ${!name-} ]] || environment+=("$name=${!name}"); done
  [[ $user == root ]] || set -- setpriv --reuid="$user" --regid="$user" --init-groups "$@"
  chroot "$root" env -i "${environment[@]}" DEBIAN_FRONTEND=noninteractive "HOME=$(home_of "$user")" "USER=$user" \
    "PATH=${NODE_PATH_ENTRY:+$NODE_PATH_ENTRY:}/usr/local/bin:/usr/bin:/bin$([[ $user != root ]] || printf ':/usr/sbin:/sbin')" "$@"
}

home_of() { if [[ $1 == root ]]; then printf /root; else printf '/home/%s' "$1"; fi; }

build_root() { # RELEASE
  local root=$CACHE/$1
  [[ ! -d $root ]] || return 0
  say "building $root"
  rm -rf "$root.new"
  mkdir -p "$CACHE"
  debootstrap --variant=minbase "$1" "$root.new" "$MIRROR" >"$CACHE/$1.log" 2>&1 || {
    tail -n 5 "$CACHE/$1.log"
    skip "debootstrap could not make a Debian $1; $CACHE/$1.log has all of it"
  }
  copy_network "$root.new"
  inside "$root.new" root apt-get update -qq
  inside "$root.new" root apt-get install -y -qq --no-install-recommends nodejs npm git
  inside "$root.new" root apt-get clean
  inside "$root.new" root useradd --create-home --shell /bin/bash tester
  mv "$root.new" "$root"
}

# What npm's package `node` has, in /opt, of the root as it is built once.
add_node() { # RELEASE VERSION
  local root=$CACHE/$1
  [[ ! -x $root/opt/node-$2/bin/node ]] || return 0
  say "installing node@$2"
  rm -rf "$root/opt/node-$2"
  # By this machine's npm: the package's own script needs a /proc, and the root has none yet.
  npm install --global --prefix "$root/opt/node-$2" --no-audit --no-fund "node@$2"
}

# A layer on the root, for the life of this mount namespace; the layer is what is removed afterwards.
mount_layer() { # RELEASE DIRECTORY; sets ROOT
  ROOT=$2/root
  mkdir "$2/layer" "$ROOT"
  mount -t tmpfs -o mode=755 tmpfs "$2/layer"
  mkdir "$2/layer/upper" "$2/layer/work"
  mount -t overlay -o "lowerdir=$CACHE/$1,upperdir=$2/layer/upper,workdir=$2/layer/work" overlay "$ROOT" 2>/dev/null ||
    cp -a "$CACHE/$1/." "$ROOT"
  mount -t proc proc "$ROOT/proc"
  mount -t tmpfs -o mode=755,nosuid tmpfs "$ROOT/dev"
  mkdir "$ROOT/dev/pts" "$ROOT/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$ROOT/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/dev/shm"
  ln -s pts/ptmx "$ROOT/dev/ptmx"
  ln -s /proc/self/fd "$ROOT/dev/fd"
  ln -s fd/0 "$ROOT/dev/stdin"
  ln -s fd/1 "$ROOT/dev/stdout"
  ln -s fd/2 "$ROOT/dev/stderr"
  local device
  for device in null zero full random urandom tty; do
    : >"$ROOT/dev/$device"
    mount --bind "/dev/$device" "$ROOT/dev/$device"
  done
}

copy_clone() { # USER
  local home
  home=$(home_of "$1")
  git clone -q --no-hardlinks --single-branch . "$ROOT$home/$CLONE"
  chroot "$ROOT" chown -R "$1:" "$home/$CLONE"
  copy_npmrc "$ROOT" "$home" "$1"
}

in_clone() { # USER COMMAND
  inside "$ROOT" "$1" bash -c "cd ~/$CLONE && $2"
}

# What is missing is told in one line, with the command that installs it. Leaves that command in INSTALL.
is_told_what_is_missing() { # USER
  local status=0 told tool
  in_clone "$1" "$TEST" >"$ROOT/tmp/told" 2>&1 || status=$?
  cat "$ROOT/tmp/told"
  # npm's own words about a command that has failed.
  told=$(grep -vE '^(npm (error|ERR!|warn|notice)|>|$)' "$ROOT/tmp/told") || true
  rm "$ROOT/tmp/told"
  ((status == 69)) || fail "npm test should end with 69 where tools are missing, not with $status"
  (($(wc -l <<<"$told") == 1)) || fail 'npm test should say in one line what is missing'
  for tool in ps sysctl shellcheck 'apt-get install'; do
    [[ $told == *"$tool"* ]] || fail "npm test should name $tool"
  done
  INSTALL=$(sed -n 's/.*as root: \(apt-get install .*\)$/\1/p' <<<"$told")
  [[ -n $INSTALL ]] || fail 'the command that installs what is missing could not be read from that line'
}

test_as() { # USER
  local INSTALL
  copy_clone "$1"
  say "$RELEASE, Node $(inside "$ROOT" "$1" node --version), as $1: $RUN"
  in_clone "$1" "$RUN"
  say "$RELEASE, as $1: $TEST"
  if [[ $1 != root ]]; then
    is_told_what_is_missing "$1"
    say "$RELEASE: ${INSTALL}"
    inside "$ROOT" root bash -c "${INSTALL/apt-get install/apt-get install -y -qq}"
    say "$RELEASE, as $1: $TEST, again"
  fi
  in_clone "$1" "$TEST"
  say "$RELEASE, Node $(inside "$ROOT" "$1" node --version), as $1: passed"
}

# In namespaces of its own: with its first process all end that were started in there, and every mount.
if [[ ${1:-} == --in-namespace ]]; then
  shift
  RELEASE=$1 RUN=$2 TEST=$3 NODE_PATH_ENTRY=$4
  mount_layer "$RELEASE" "$5"
  copy_network "$ROOT"
  test_as "$6"
  exit
fi

RELEASE=trixie NODE="" USERS=(root tester)
RUN='./engine.sh run demo -n 3 -- examples/agent.sh' TEST='npm test'
while (($#)); do
  case $1 in
    --release) RELEASE=${2:?} ;;
    --node) NODE=${2:?} ;;
    --as)
      case ${2:?} in
        root) USERS=(root) ;;
        user) USERS=(tester) ;;
        *) usage ;;
      esac
      ;;
    quick)
      TEST='npm test -- quick'
      shift
      continue
      ;;
    *) usage ;;
  esac
  shift 2
done

check_machine
build_root "$RELEASE"
[[ -z $NODE ]] || add_node "$RELEASE" "$NODE"
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for user in "${USERS[@]}"; do
  mkdir "$work/$user"
  unshare --mount --pid --fork --kill-child "$BASH" scripts/fresh.sh --in-namespace \
    "$RELEASE" "$RUN" "$TEST" "${NODE:+/opt/node-$NODE/bin}" "$work/$user" "$user"
done
