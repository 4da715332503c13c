"""Scratch memory: the mountpoint and the stages of runs in it."""
