"""Reads notations from saved models."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from kerash_cli.tables.notations import amounts, dates, simple, times
from kerash_cli.tables.notations.base import NOTATIONS, Notation

KINDS = (amounts.Amount, dates.Day, simple.Simple, times.Clock)
"""Kinds of notation besides `base.Plain`; importing their modules has registered them."""


def read(record: object) -> Notation:
    """Returns the notation for which `to_json` gave this record; raises ValueError for any other."""
    if not isinstance(record, dict) or record.get("kind") not in list(NOTATIONS):
        raise ValueError(f"expected a notation, one of {', '.join(NOTATIONS)}")
    fields = {name: value for name, value in record.items() if name not in ("kind", "example", "gaps")}
    example, gaps = record.get("example"), record.get("gaps")
    if not isinstance(example, str) or not isinstance(gaps, list) or not all(isinstance(each, str) for each in gaps):
        raise ValueError("expected an example of the notation, and a list of words for missing values")
    try:
        notation = NOTATIONS[record["kind"]].from_fields(fields)
    except TypeError:
        raise ValueError(f"expected the fields of the notation {record['kind']}") from None
    return replace(notation, example=example, gaps=tuple(gaps))


def by_position(record: Iterable[Sequence[Any]]) -> dict[int, Notation]:
    """Returns the notations for which `base.to_json` gave this record; raises ValueError for any other."""
    return {place: read(notation) for place, notation in record}
