/** A completion script for bash 3.2 and up, from the table of verbs. */
import type { NamedVerb, OptionSpec, Program } from './verb.ts'

type Option = readonly [name: string, spec: OptionSpec]

const optionsOf = (verb: NamedVerb): readonly Option[] => Object.entries(verb.options)

const spellings = ([name, { alias }]: Option): readonly string[] => [
  ...(alias === undefined ? [] : [`-${alias}`]),
  `--${name}`,
]

/** The words that a value may be, as help shows them: `off` of `D|off`. */
const choices = ([, { value = '' }]: Option): readonly string[] =>
  value.split('|').filter((word) => /^[a-z]+$/.test(word))

const takesValue = ([, { type, requiresArg }]: Option): boolean => type === 'string' && requiresArg !== false

const verbCase = (verb: NamedVerb): string => {
  const options = optionsOf(verb)
  const wants = verb.positionals.some((label) => label.includes('NAME')) ? 'name' : 'nothing'
  const words = [...options.flatMap(spellings), '--help', ...(verb.takesCommand === true ? ['--'] : [])]
  return `    '${verb.program} ${verb.name}') options='${words.join(' ')}' valued=' ${options.filter(takesValue).flatMap(spellings).join(' ')} ' wants=${wants} ;;`
}

const choiceCases = (verb: NamedVerb): readonly string[] =>
  optionsOf(verb)
    .filter((option) => takesValue(option) && choices(option).length > 0)
    .map((option) => {
      const patterns = spellings(option).map((word) => `'${verb.program} ${verb.name} ${word}'`)
      return `      ${patterns.join(' | ')}) words='${choices(option).join(' ')}' ;;`
    })

const verbNames = (verbs: readonly NamedVerb[], program: Program): string =>
  verbs
    .filter((verb) => verb.program === program)
    .map(({ name }) => name)
    .join(' ')

/**
 * Starts no process but the subshells of compgen. The list of sessions is that of the records in the lock directory;
 * a file that has no session's name is left out, because compgen expands what it gets.
 */
export const completionScript = (verbs: readonly NamedVerb[]): string => `\
# Completion of engine.sh and lock.sh for bash, and for zsh through bashcompinit.
#   eval "$(lock.sh completion)"
# shellcheck shell=bash

_tmux_session_lock_sessions() {
  local dir=\${LOCK_DIR:-} file
  if [[ -z $dir ]]; then
    dir=\${XDG_STATE_HOME:-}
    [[ $dir == /* ]] || dir=$HOME/.local/state
    dir=$dir/tmux-session-lock
  fi
  for file in "$dir"/*.json; do
    [[ -e $file ]] || continue
    file=\${file##*/}
    file=\${file%.json}
    case $file in
      '' | [!A-Za-z0-9]* | *[!A-Za-z0-9_-]*) ;;
      *) printf '%s ' "$file" ;;
    esac
  done
}

_tmux_session_lock() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' program verb options='' valued='' wants='' words='' word index
  COMPREPLY=()
  program=\${COMP_WORDS[0]##*/}
  program=\${program%.sh}
  if ((COMP_CWORD == 1)); then
    case $program in
      engine) words='${verbNames(verbs, 'engine')} --help --version' ;;
      lock) words='${verbNames(verbs, 'lock')} --help --version' ;;
    esac
    # shellcheck disable=SC2207 # None of these words has a space in it.
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    return
  fi
  verb=\${COMP_WORDS[1]}
  case "$program $verb" in
${verbs.map(verbCase).join('\n')}
    *) return ;;
  esac

  # "=" is a word of its own: --for=free is "--for", "=", "free".
  [[ $cur == '=' ]] && cur=''
  for ((index = 2; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ $word == '=' ]]; then
      continue
    elif [[ $word == -- && $options == *' --' ]]; then
      # The command: programs first, then whatever files there are.
      if ((COMP_CWORD == index + 1)) && [[ $cur != */* ]]; then
        # shellcheck disable=SC2207
        COMPREPLY=($(compgen -c -- "$cur"))
      elif type compopt >/dev/null 2>&1; then
        compopt -o default
      else
        local IFS=$'\\n'
        # shellcheck disable=SC2207
        COMPREPLY=($(compgen -f -- "$cur"))
      fi
      return
    elif [[ -n $prev && $valued == *" $prev "* ]]; then
      prev=''
    elif [[ $word == -* ]]; then
      prev=$word
    else
      prev=''
      wants=nothing
    fi
  done

  if [[ -n $prev && $valued == *" $prev "* ]]; then
    case "$program $verb $prev" in
${verbs.flatMap(choiceCases).join('\n')}
      *) return ;;
    esac
  elif [[ $cur == -* || $wants != name ]]; then
    words=$options
  else
    words=$(_tmux_session_lock_sessions)
  fi
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

if [[ -n \${ZSH_VERSION-} ]]; then
  type compdef >/dev/null 2>&1 || { autoload -U +X compinit && compinit; }
  autoload -U +X bashcompinit && bashcompinit
fi
complete -F _tmux_session_lock engine.sh lock.sh engine lock
`
