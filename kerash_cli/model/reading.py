"""The options for reading data that a saved model records, so that its training can be repeated."""

from collections.abc import Callable, Mapping
from typing import Any

from kerash_cli.encoding import checks

READING: Mapping[str, Callable[[Any], bool]] = {
    "delimiter": lambda value: isinstance(value, str),
    "header": lambda value: isinstance(value, bool),
    "skip_rows": lambda value: type(value) is int and value > 0,
    "no_quotes": lambda value: value is True,
    "encoding": lambda value: isinstance(value, str),
    "label_header": lambda value: isinstance(value, bool),
    "categories": lambda value: isinstance(value, list) and all(type(each) is int and each >= 0 for each in value),
    "missing_values": lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
    "decimal": lambda value: isinstance(value, str),
    "dates": lambda value: isinstance(value, str),
}
"""The options, in the order of their help, each with what its value must be.

Only those that are given are recorded. `categories` are positions of columns; the others are as on the command line.
"""


def check_reading(reading: object, width: int) -> None:
    """Raises ValueError unless a record of options, for a table of `width` columns, is valid; None stands for none."""
    if reading is None:
        return
    if not isinstance(reading, dict) or not reading:
        raise ValueError("expected options for reading by name")
    known = all(name in READING and READING[name](value) for name, value in reading.items())
    checks.expect(known and all(each < width for each in reading.get("categories", [])), "expected options for reading")
