"""One file for each subcommand; `cli.py` finds them by their names."""
