# Completion of kerash in bash. It asks kerash itself, which prints what may follow the line, quoted.

_kerash_completion() {
    local line first=1
    COMPREPLY=()
    while IFS= read -r line; do
        if ((first)); then
            first=0
            [[ $line == nospace ]] && compopt -o nospace 2>/dev/null
        else
            COMPREPLY+=("$line")
        fi
    done < <(command kerash shell-complete bash -- "$COMP_TYPE" "${COLUMNS:-80}" "$COMP_WORDBREAKS" \
        "${COMP_LINE:0:COMP_POINT}" "${COMP_LINE:COMP_POINT}" 2>/dev/null)
}

# The order is that of kerash, where bash can keep it: from 4.4 on.
complete -o nosort -F _kerash_completion kerash 2>/dev/null || complete -F _kerash_completion kerash
