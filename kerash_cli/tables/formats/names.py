"""Names of columns, told from values: what a header may have in its cells. Needs no NumPy."""

from collections.abc import Sequence

from kerash_cli import decimals
from kerash_cli.errors import listed


def column_name(cell: str) -> str:
    """Returns the name of a column as it is in a header, without blanks and single quotes around it."""
    name = cell.strip(" \t")
    quoted = len(name) > 2 and name[0] == name[-1] == "'" and "'" not in name[1:-1]
    return name[1:-1] if quoted else name


def can_be_name(cell: str) -> bool:
    """Returns whether a cell can be the name of a column; a mistyped number such as `1.5.2` can't."""
    return not is_value(cell) and cell[0] not in "0123456789+-." and cell.lower() not in {"inf", "infinity"}


def is_numeric(column: Sequence[str]) -> bool:
    """Returns whether most of the cells are numbers, not counting missing ones."""
    there = [cell for cell in column if not decimals.is_missing(cell)]
    return 2 * sum(map(is_number, there)) > len(there)


def different(names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Returns the names, with a number added to each repeated one, and a note if a name was changed."""
    taken, seen = set(names), dict.fromkeys(names, 0)
    chosen: list[str] = []
    for name in names:
        seen[name] += 1
        own = name
        while seen[name] > 1 and own in taken:
            own = f"{name}_{seen[name]}"
            seen[name] += own in taken
        taken.add(own)
        chosen.append(own)
    renamed = [own for own, name in zip(chosen, names, strict=True) if own != name]
    if not renamed:
        return tuple(chosen), []
    return tuple(chosen), [f"some columns have the same name; the later ones are called {listed(renamed)} here"]


def is_number(cell: str) -> bool:
    """Returns whether a cell is a number, with a decimal point or a decimal comma."""
    return decimals.number(cell) is not None or decimals.has_comma(cell)


def is_value(cell: str) -> bool:
    """Returns whether a cell is a number or stands for a missing value."""
    return is_number(cell) or decimals.is_missing(cell)
