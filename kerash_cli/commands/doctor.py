"""`kerash doctor`: a look at this installation and its machine, with a self-test."""

from typing import TYPE_CHECKING

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command

if TYPE_CHECKING:
    from kerash_cli.doctor.findings import Section

LONGEST_NAME = 12
"""Number of columns for the names of facts; a section with longer ones takes more."""


@click.command(cls=Command, sections={"Options": (_options.MOUNTPOINT, _options.AS_JSON)}, alone=True)
def command(mountpoint: str | None, as_json: bool) -> None:
    """Check this installation and its machine.

    Prints what kerash runs on: versions, cores, memory and other limits, folders, optional packages, terminal, and the
    environment variables that change what it does. Below stands what is cramped or broken, with what to do about it. A
    self-test of less than a second computes, trains and saves something small, and compares with results that are known
    from elsewhere. If it fails, the exit code is 1.

    The text can be pasted into a report: it has no name of the machine or the user, and `~` for the home folder.

    \b
    kerash doctor
    kerash doctor --json
    kerash doctor --mountpoint /mnt/memory
    """
    import json

    from kerash_cli.doctor.examination import examined

    sections = examined(mountpoint)
    faults = [line for section in sections for line in section.faults]
    remarks = [line for section in sections for line in section.remarks]
    if as_json:
        facts = {section.title.lower(): section.to_json() for section in sections}
        click.echo(json.dumps({"ok": not faults, **facts, "remarks": remarks, "faults": faults}))
    else:
        _print(sections, faults, remarks)
    if faults:
        from kerash_cli.errors import KerashError

        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise KerashError(f"kerash does not work here: {faults[0]}{more}")


def _print(sections: "list[Section]", faults: list[str], remarks: list[str]) -> None:
    """Prints a table of the facts for each section, then what is broken or cramped."""
    import sys

    from kerash_cli.views import screen

    for section in sections:
        if section.facts:
            width = max(LONGEST_NAME, *(len(fact.name) for fact in section.facts))
            rows = [[f"  {fact.name:{width}}", fact.text] for fact in section.facts]
            screen.speak(sys.stdout, section.title)
            click.echo(screen.table(sys.stdout, rows, str.ljust))
            click.echo()
    for heading, lines in (("Broken:", faults), ("To look at:", remarks)):
        if lines:
            screen.speak(sys.stdout, heading)
            screen.points(sys.stdout, lines)
            screen.speak(sys.stdout, "")
    if not (faults or remarks):
        screen.speak(sys.stdout, "All is well.")
