"""Parallel work in subprocesses: ranks, which share arrays and meet at a barrier; executors, which call functions."""
