"""Programs that start several processes of one command, such as mpiexec or srun."""

import os

SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")
"""Variables with the number of processes: set by Open MPI, by MPICH and Intel MPI, and by MVAPICH."""

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Variables that give the BLAS of a process one thread: the processes are the parallelism."""


def processes() -> int:
    """Returns the number of processes that were started together with this one, itself included; 1 if it is alone."""
    sizes = (os.environ.get(name, "") for name in SIZES)
    return max((int(size) for size in sizes if size.isdecimal()), default=1)


def tasks() -> int:
    """Returns the number of tasks that SLURM's srun started together with this process; 1 if it is alone.

    Behind mpiexec it is 1 as well: there, srun has only started what starts the processes.
    """
    size = os.environ.get("SLURM_STEP_NUM_TASKS", "")
    return int(size) if size.isdecimal() and not any(name in os.environ for name in SIZES) else 1
