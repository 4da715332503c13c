"""kerash with a clock of processor time, so that `--time` means the same where neighbours take the core.

python -m benchmarks.automl.clocked COMMAND …

Only for commands that work in one process.
"""

import time

if __name__ == "__main__":
    time.monotonic = time.perf_counter = time.process_time
    from kerash_cli.cli import main

    main()
