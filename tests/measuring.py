"""Memory that a command or a block of code takes."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:], timeout=100)
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode)
"""
"""A program that runs another, and writes the most KiB that it had to a file."""
MOST = 64 << 10
"""KiB that a command may take more than one that does nothing much."""


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Gives a function that tells the most bytes that this process has had since the block began."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
