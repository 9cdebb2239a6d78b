# What `npm test` needs beside the packages of npm: which programs, what they are for, and how to get those that are
# missing. As root, with a sudo that asks nothing, or with Homebrew they are installed; else one line names them all.
# shellcheck shell=bash

# Columns: needed or optional, for `quick` too or for the scenes alone, the program, the packages of Debian (with a +
# between two) and of Homebrew (- for none), and what is not tested without it.
tools() {
  cat <<'TOOLS'
needed   quick  ps         procps          -            processes, as on macOS
needed   quick  sysctl     procps          -            the identity of the boot, as on macOS
needed   quick  flock      util-linux      flock        the kernel lock
needed   quick  perl       perl            perl         the kernel lock, as on macOS
needed   quick  shellcheck shellcheck      shellcheck   the shell scripts
needed   scenes tmux       tmux            tmux         the scenes
needed   scenes awk        mawk            -            the scenes
needed   scenes pgrep      procps          -            the scenes
needed   scenes tar        tar             -            the first start in a clone
optional quick  lsof       lsof            -            who holds a lock, without /proc
needed   quick  python3    python3         python3      what a program does at a terminal, and with its files
needed   quick  git        git             git          what an iteration changes
optional quick  ss         iproute2        -            what sockets have received
optional scenes zsh        zsh             -            completion in zsh
optional scenes fish       fish            fish         completion in fish
optional scenes spin       spin            spin         the model of the protocol
optional scenes cc         gcc+libc6-dev   -            the model of the protocol; a process whose first thread has ended
optional scenes faketime   faketime        libfaketime  wall clocks that are wrong
optional scenes strace     strace          -            the crash points
TOOLS
}

# sysctl is in a directory that Debian gives to root alone.
is_there() { PATH=$PATH:/usr/sbin:/sbin type -P "$1" >/dev/null; }

# Fills NEEDED and OPTIONAL with the programs that are missing, PACKAGES with what has them, each once.
find_missing() { # quick|all apt-get|brew|""
  local scope=$1 manager=$2 weight for program debian brew use packages package
  NEEDED=() OPTIONAL=() PACKAGES=()
  while read -r weight for program debian brew use; do
    [[ $scope == all || $for == quick ]] || continue
    if is_there "$program"; then continue; fi
    if [[ $weight == needed ]]; then NEEDED+=("$program"); else OPTIONAL+=("$program: $use"); fi
    packages=$debian
    [[ $manager != brew ]] || packages=$brew
    for package in ${packages//+/ }; do
      [[ $package == - || " ${PACKAGES[*]-} " == *" $package "* ]] || PACKAGES+=("$package")
    done
  done < <(tools)
}

# Together, and one by one when one of them cannot be had.
install_packages() { # COMMAND...
  if "$@" "${PACKAGES[@]}"; then return; fi
  local package
  for package in "${PACKAGES[@]}"; do "$@" "$package" || true; done
}

# The words before `apt-get` that make it root; fails where nothing does without a question.
become_root() {
  ROOT_WORDS=()
  ((EUID != 0)) || return 0
  ROOT_WORDS=(sudo)
  sudo -n true 2>/dev/null
}

install_missing() { # apt-get|brew|""
  case $1 in
    apt-get)
      become_root || return 0
      printf '\n== installing %s\n' "${PACKAGES[*]}"
      ${ROOT_WORDS[@]+"${ROOT_WORDS[@]}"} apt-get update -qq || true
      install_packages ${ROOT_WORDS[@]+"${ROOT_WORDS[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends
      ;;
    brew)
      printf '\n== installing %s\n' "${PACKAGES[*]}"
      install_packages brew install
      ;;
  esac
}

# For a person to type.
install_command() { # apt-get|brew|""
  case $1 in
    apt-get) printf 'as root: apt-get install %s' "${PACKAGES[*]}" ;;
    brew) printf 'brew install %s' "${PACKAGES[*]}" ;;
    *) printf 'with the package manager of the system (on Debian: %s)' "${PACKAGES[*]}" ;;
  esac
}

# Installs what is missing where it may; ends with 69 when something that is needed is missing still.
require_tools() { # quick|all
  local scope=$1 manager="" tool optional
  if type -P apt-get >/dev/null; then manager=apt-get; elif type -P brew >/dev/null; then manager=brew; fi
  find_missing "$scope" "$manager"
  if ((${#PACKAGES[@]})); then
    install_missing "$manager"
    find_missing "$scope" "$manager"
  fi
  if ((${#NEEDED[@]})); then
    optional=${OPTIONAL[*]+${OPTIONAL[*]%%:*}}
    printf 'npm test needs %s%s; install them %s\n' "${NEEDED[*]}" "${optional:+ (and skips much without $optional)}" \
      "$(install_command "$manager")" >&2
    return 69
  fi
  for tool in ${OPTIONAL[@]+"${OPTIONAL[@]}"}; do printf 'skipped, because %s is missing: %s\n' "${tool%%:*}" "${tool#*: }"; done
  ((${#OPTIONAL[@]} == 0 || ${#PACKAGES[@]} == 0)) || printf 'to have them tested: %s\n' "$(install_command "$manager")"
}
