"""Processes that mpiexec starts, on this machine."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import program
import pytest

_PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
MPIEXEC = shutil.which("mpiexec", path=_PLACES)
"""The program, beside the Python that runs the tests or elsewhere."""

needs_mpi = [
    pytest.mark.mpi,
    pytest.mark.skipif(find_spec("mpi4py") is None, reason="mpi4py is not installed"),
    pytest.mark.skipif(MPIEXEC is None, reason="mpiexec is not installed"),
]
"""Marks of the tests that need both."""


def mpiexec(ranks: int, *options: str) -> list[str]:
    """The beginning of a command that so many processes run; there may be more of them than cores."""
    return [str(MPIEXEC), "--oversubscribe", *options, "-n", str(ranks)]


def environment(**extra: str) -> dict[str, str]:
    """Of mpiexec, which root may run, too; no other process of a test run is bound to the same core."""
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return {**program.environment(), **allowed, "PRTE_MCA_hwloc_default_binding_policy": "none", **extra}
