"""Neural networks for the shell."""

__version__ = "0.2.0"
