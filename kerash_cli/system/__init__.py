"""The machine: writing files atomically, memory, cores."""
