"""Storage for arrays and models: the mountpoint, and the stages of runs (scratch folders) in it."""
