# Completion of kerash in fish. It asks kerash itself, which prints what may follow the line.

function __kerash_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l all (commandline -op)
    set -l after (math (count $before) + 1)
    test -n "$current"; and set after (math $after + 1)
    set -l question (count $before) "$current" $before "$current" $all[$after..]
    for line in (command kerash shell-complete fish -- $question 2>/dev/null)
        set -l parts (string split \t -- $line)
        switch $parts[1]
            case word more
                printf '%s\t%s\n' $parts[2] $parts[3]
            case file
                __kerash_files $current (string join '|' (string split ' ' -- $parts[3]))
            case dir
                __kerash_files $current /
        end
    end
end

# Files whose names have one of the endings, and folders; all files if there are none of them. An option, as in
# --output=, stays in front.
function __kerash_files --argument-names current endings
    set -l option (string match -r -- '^-[^=]*=' $current)
    set -l path (string replace -r -- '^-[^=]*=' '' $current)
    set -l files (complete -C "__kerash_files $path" | string replace -r '\t.*' '')
    set -l folders (string match -r -- '.*/$' $files)
    test "$endings" = /; and set files $folders
    set -l fitting (string match -r -- "(?i).*\.(?:$endings)\$" $files)
    set -q fitting[1]; and set files $fitting $folders
    for file in $files
        printf '%s%s\n' "$option" $file
    end
end

complete --command kerash --no-files --keep-order --arguments '(__kerash_complete)'
