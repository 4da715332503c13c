"""Work shared out over subprocesses: ranks that meet at a barrier, over arrays that all of them map."""
