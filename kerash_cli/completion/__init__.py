"""Completion in a shell: what may come next on a command line, as bash, zsh and fish want to be told.

A question comes for each Tab, so nothing here imports NumPy, and nothing of what a file holds is ever run. `offers` has
what there is to choose from, `typed` the line so far, `shells` how a shell asks and is answered; the parameters of the
commands say which of the offers they take.
"""
