"""Faults that change nothing that a test could see, each with the reason.

`accepted.txt` has three parts for each: the place and the change as they are printed for a survivor, without the number
of the line; the line itself, indented; and the reason, indented too, which may go on over several lines.
"""

import re
from pathlib import Path

from mutants.faults import Fault

FILE = Path(__file__).with_name("accepted.txt")


def accepted(text: str) -> dict[str, str]:
    """The reasons by what `key` gives."""
    found = {}
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if entry.startswith("#"):
            continue
        place, line, *reason = entry.strip().splitlines()
        assert reason, f"write the reason below: {place}"
        found[f"{place}\n{line.strip()}"] = " ".join(each.strip() for each in reason)
    return found


def key(fault: Fault) -> str:
    """A fault without the number of its line, which changes."""
    place, line = str(fault).splitlines()
    return f"{place.replace(f':{fault.line}: ', ': ', 1)}\n{line.strip()}"
