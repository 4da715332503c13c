"""Scratch memory: the mountpoint, and in it the stages of runs."""
