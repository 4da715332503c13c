#compdef kerash
# Completion of kerash in zsh. It asks kerash itself, which prints what may follow the line.

_kerash() {
    local -a lines described going endings
    local line kind word sentence
    integer result=1
    lines=("${(@f)$(command kerash shell-complete zsh -- $((CURRENT - 1)) "${(Q)PREFIX}" "${(@Q)words}" 2>/dev/null)}")
    for line in $lines; do
        kind=${line%%$'\t'*}
        line=${line#*$'\t'}
        word=${line%%$'\t'*}
        sentence=${${line#*$'\t'}//\\/\\\\}
        # _describe takes what is behind the first colon for the sentence, and a backslash for a sign that one follows.
        case $kind in
            word) described+=("${${word//\\/\\\\}//:/\\:}${sentence:+:$sentence}") ;;
            more) going+=("${${word//\\/\\\\}//:/\\:}${sentence:+:$sentence}") ;;
            file)
                [[ $PREFIX == -*=* ]] && compset -P 1 '*='
                endings=(${=sentence})
                if (($#endings)); then
                    _files -g "*.(#i)(${(j:|:)endings})(-.)" && result=0
                else
                    _files && result=0
                fi
                ;;
            dir)
                [[ $PREFIX == -*=* ]] && compset -P 1 '*='
                _files -/ && result=0
                ;;
        esac
    done
    (($#going)) && _describe -V kerash going -S '' && result=0
    (($#described)) && _describe -V kerash described && result=0
    return result
}

# Read from a folder of $fpath, this file is the function; else it defines one, and says what it is for.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _kerash "$@"
else
    (($+functions[compdef])) || { autoload -Uz compinit && compinit; }
    compdef _kerash kerash
fi
