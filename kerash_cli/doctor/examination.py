"""All looks at an installation, by section."""

from collections.abc import Iterator

from kerash_cli.doctor import extras, machine, software, storage, surroundings
from kerash_cli.doctor.findings import Found, Look, Patient, Remark, Section
from kerash_cli.doctor.import_trial import ImportTrial
from kerash_cli.doctor.wording import reason

SECTIONS: dict[str, tuple[Look, ...]] = {
    "Software": (software.versions, software.numpy, software.packages),
    "Machine": (
        machine.system,
        machine.processor,
        machine.usable_cores,
        machine.available_memory,
        machine.limits,
    ),
    "Folders": (storage.places, storage.scratch_disk, storage.temporary),
    "Extras": (extras.extras,),
    "Terminal": (surroundings.streams, surroundings.language),
    "Environment": (surroundings.variables,),
}

SELF_TEST = "Self-test"
"""Title of the section that needs NumPy."""


def examined(mountpoint: str | None) -> list[Section]:
    """Returns what all looks have found; `mountpoint` is the folder that was asked for, if any."""
    with ImportTrial() as imports:
        patient = Patient(mountpoint, imports)
        test = _section(SELF_TEST, (_self_test,) if software.imports_numpy() else (), patient)
        return [*(_section(title, looks, patient) for title, looks in SECTIONS.items()), test]


def _section(title: str, looks: tuple[Look, ...], patient: Patient) -> Section:
    section = Section(title)
    for look in looks:
        for found in _guarded(look, patient):
            section.add(found)
    return section


def _guarded(look: Look, patient: Patient) -> Iterator[Found]:
    """Yields what a look finds; an error in it becomes a remark."""
    try:
        yield from look(patient)
    except Exception as error:  # a report is wanted most where something is broken
        yield Remark(f"{look.__name__.replace('_', ' ').strip()}: can't be told ({reason(error)})")


def _self_test(patient: Patient) -> Iterator[Found]:
    from kerash_cli.doctor.self_test import self_test  # needs NumPy

    yield from self_test(patient)
