"""Parallel work in subprocesses: ranks, which share arrays and meet at a barrier, and executors, which make calls."""
