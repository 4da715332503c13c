"""Formats of files: how each is read into a table."""
