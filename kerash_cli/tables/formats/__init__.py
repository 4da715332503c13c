"""Formats of files, and how a table is read from each."""
