"""`python -m kerash_cli` is the program `kerash`."""

from kerash_cli.cli import main

main()
