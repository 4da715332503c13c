"""Parallel work in subprocesses: ranks that share mapped arrays and meet at a barrier, and executors of calls."""
