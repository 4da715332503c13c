"""The functions of 2019 for the calling shell, and the coprocess that answers them.

`functions` makes what `kerash shell-init` prints: shell functions, from functions.zsh or functions.bash and the table
of operations. Their questions go to the coprocess, `service`, which starts when that text is evaluated and leaves with
the shell; `answers` says what comes back. Where there is no coprocess to ask (no /proc, all tokens taken, killed),
`kerash shell-answer` answers in a process of its own.
"""
