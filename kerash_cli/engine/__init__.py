"""NumPy in, NumPy out: no files, no processes, no terminal."""
