"""Versions of kerash, Python and the packages that every run needs, and what they compute with."""

import platform
import sys
from collections.abc import Iterator
from typing import Any

from kerash_cli import __version__
from kerash_cli.doctor.findings import Fact, Fault, Found, Patient, Remark
from kerash_cli.doctor.packages import PACKAGES, earlier, installed
from kerash_cli.doctor.wording import private, reason
from kerash_cli.errors import OutOfSpace, pip_install
from kerash_cli.system import memory


def imports_numpy() -> bool:
    """Returns whether NumPy can be imported. Without enough memory it is not tried: that would end the process."""
    try:
        memory.require_numpy()
        import numpy  # noqa: F401
    except Exception:  # a broken installation may raise anything
        return False
    return True


def versions(patient: Patient) -> Iterator[Found]:
    """Tells the versions of kerash and Python."""
    yield Fact("kerash", __version__)
    kind = f"{platform.python_implementation()} on {sys.platform} {platform.machine()}"
    yield Fact("Python", f"{platform.python_version()}, {kind}", platform.python_version())


def packages(patient: Patient) -> Iterator[Found]:
    """Tells the versions of the packages, and which of them are too old or missing."""
    found = {name: installed(name) for name in PACKAGES}
    yield Fact("packages", ", ".join(f"{name} {found[name] or 'missing'}" for name in PACKAGES), found)
    for name, least in PACKAGES.items():
        if found[name] is None:
            yield Remark(
                f"{name} is not installed, or without its metadata; try {private(pip_install(f'{name}>={least}'))}"
            )
        elif earlier(found[name], least):
            yield Remark(f"{name} {found[name]} is too old; try {private(pip_install(f'{name}>={least}'))}")


def _again() -> str:
    """Returns the command that installs NumPy again."""
    return private(pip_install("--force-reinstall", "numpy"))


def numpy(patient: Patient) -> Iterator[Found]:
    """Tells whether NumPy works, its instructions and its BLAS."""
    try:
        if "numpy" not in sys.modules:  # once it is imported, its memory is not free any more
            memory.require_numpy()
        import numpy
    except OutOfSpace as error:
        yield Fault(reason(error))
        return
    except Exception as error:  # a broken installation may raise anything
        yield Fault(f"NumPy can't be imported ({reason(error)}); try {_again()}")
        return
    from kerash_cli.system import arithmetic
    from kerash_cli.system.blas import openblas

    yield Fact("NumPy", f"{numpy.__version__}, {arithmetic.extensions()}", numpy.__version__)
    blas = openblas()
    if blas is None:
        name = other_blas(numpy)
        is_openblas = "openblas" in name.lower()  # it can't be asked, as on macOS
        yield Fact("BLAS", f"{name}, {'its kernels are unknown' if is_openblas else 'not OpenBLAS'}", {"library": name})
        if not is_openblas:
            yield Remark(
                f"NumPy's BLAS is {name}, and kerash is tested with OpenBLAS: the last digits of a prediction may "
                f"depend on the rows beside it; try {_again()}"
            )
    else:
        threads = f"{blas.threads} thread{'s'[blas.threads == 1 :]} per process"
        values = {"library": blas.version, "kernel": blas.kernel, "threads": blas.threads}
        yield Fact("BLAS", f"{blas.version}, kernels for {blas.kernel}, {threads}", values)
        if blas.threads != 1:
            yield Remark(
                f"the BLAS has {blas.threads} threads although kerash asks for one, so last digits may differ; "
                "try OPENBLAS_NUM_THREADS=1 kerash doctor"
            )
    yield Fact(
        "arithmetic",
        f"{arithmetic.fingerprint()} (the same on machines whose results are the same bytes)",
        arithmetic.fingerprint(),
    )


def other_blas(numpy: Any) -> str:
    """Returns the name of the BLAS that NumPy was built with."""
    try:
        found = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    except (AttributeError, KeyError, TypeError):
        return "unknown"
    return str(found)
