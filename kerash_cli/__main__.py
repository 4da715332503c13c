"""`python -m kerash_cli` runs the program `kerash`."""

from kerash_cli.cli import main

main()
