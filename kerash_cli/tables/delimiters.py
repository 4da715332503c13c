"""The characters between the cells of a text table, and the words for them. Needs no NumPy."""

DELIMITERS = ",;\t| "
"""Delimiters that are detected."""

SPELLED = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}
"""Delimiters by what stands for them on a command line."""
