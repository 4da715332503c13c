"""Recognises by its name a column that may be an id, a group, a time or a code."""

import re

from kerash_cli.inspection.facts import ColumnFacts, NumberFacts

FEWEST = 20
"""Rows that a table needs before a column is said to number them."""

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDS = {"id", "ids", "uid", "uuid", "guid", "identifier", "index", "idx", "rownames", "rownum", "unnamed", "pid", "ssn"}
_GROUPS = {
    *("patient", "subject", "subj", "person", "participant", "customer", "client", "user", "household", "family"),
    *("school", "site", "hospital", "clinic", "firm", "company", "litter", "batch", "session", "plot", "animal"),
    *("speaker", "worker", "donor", "mother", "twin", "pair", "group", "cluster"),
}
_TIMES = {"date", "time", "timestamp", "datetime", "year", "month", "day", "week", "hour", "quarter", "minute"}
_CODES = {"code", "zip", "zipcode", "postcode", "postal", "type", "category", "class", "kind", "region", "district"}


def parts(name: str | None) -> list[str]:
    """Returns the words of a name in lower case: `patientId` and `patient_id` are `patient`, `id`."""
    return [part.lower() for part in _PARTS.findall(name or "")]


def names_id(name: str | None) -> bool:
    """Returns whether a column's name is that of an id or an index."""
    words = parts(name)
    return bool(words) and (words[-1] in _IDS or words[0] == "unnamed")


def names_group(name: str | None) -> bool:
    """Returns whether a column's name is that of a patient, a customer or the like."""
    words = parts(name)
    return bool(_GROUPS.intersection(words)) or names_id(name)


def names_time(name: str | None) -> bool:
    """Returns whether a column's name is that of a time."""
    words = parts(name)
    return bool(words) and (words[-1] in _TIMES or words[0] in _TIMES)


def names_code(name: str | None) -> bool:
    """Returns whether a column's name is that of a code."""
    words = parts(name)
    return bool(words) and (words[-1] in _CODES or words[0] in _CODES)


def is_serial(name: str | None, found: ColumnFacts) -> bool:
    """Returns whether a column numbers or names the rows: its values tell them apart and nothing else.

    Numbers do if they count the rows, or if they are whole, nearly all different, and have the name of an id. Words do
    if all are different.
    """
    if found.rows < FEWEST or found.missing:
        return False
    if not isinstance(found, NumberFacts):
        return found.distinct == found.rows
    if names_time(name):
        return False
    if found.counts_rows:
        return True
    return names_id(name) and found.is_whole and 10 * found.distinct > 9 * found.rows
