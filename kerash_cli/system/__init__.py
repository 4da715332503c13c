"""The machine: files that are written whole, memory, cores."""
