# Completion of engine.sh and lock.sh for fish. In ~/.config/fish/config.fish:
#   lock.sh completion fish | source

# Asks the program that is being typed; `:command N` means that what follows the first N words is a command of its own.
function __tmux_session_lock
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -e words[1]
    $program __complete -- $words $current 2>/dev/null | while read -l -d \t word more
        switch $word
            case :command
                set -l rest (string escape -- $words[(math $more + 1)..-1])
                complete -C (string join ' ' -- $rest $current)
            case :files
                __fish_complete_path $current
            case '*'
                printf '%s\t%s\n' $word $more
        end
    end
end

for name in engine.sh lock.sh engine lock
    complete -c $name -f -a '(__tmux_session_lock)'
end
