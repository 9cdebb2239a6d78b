#compdef engine.sh lock.sh engine lock
# Completion of engine.sh and lock.sh for zsh. In ~/.zshrc, after compinit:
#   eval "$(lock.sh completion zsh)"

# Asks the program that is being typed; `:command N` means that what follows the first N words is a command of its own.
_tmux_session_lock() {
  local program=${(Q)words[1]} word more
  local -a found
  program=${program/#\~\//$HOME/}
  while IFS=$'\t' read -r word more; do
    case $word in
      (:command)
        shift $(( more + 1 )) words
        (( CURRENT -= more + 1 ))
        _normal
        return
        ;;
      (:files)
        _files
        return
        ;;
      (*) found+=("${word//:/\\:}${more:+:$more}") ;;
    esac
  done < <("$program" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)
  _describe -V 'engine.sh and lock.sh' found
}

# As a file in $fpath it is loaded as the function's body.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _tmux_session_lock "$@"
else
  (( $+functions[compdef] )) || { autoload -U +X compinit && compinit }
  compdef _tmux_session_lock engine.sh lock.sh engine lock
fi
