"""The shell functions of 2019, and the coprocess that answers them.

`functions` makes the text that `kerash shell-init` prints: shell functions, from functions.zsh or functions.bash and
the registry of operations. The functions send questions to the coprocess, `service`, which starts when the shell
evaluates that text and ends with the shell; `answers` computes the answers. If there is no coprocess to ask (no /proc,
all tokens taken, killed), `kerash shell-answer` answers in a process of its own.
"""
