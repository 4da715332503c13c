"""The choice of the rows to validate on."""

import os
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from kerash_cli.encoding.cells import check_present, words
from kerash_cli.encoding.splitting import blocks, dealt, folds, grouped, grouped_folds, last, split
from kerash_cli.errors import BadInput, at, listed, plain, shown
from kerash_cli.tables.table import Rows, Table


class ValidateOn(NamedTuple):
    """Which rows to validate on."""

    way: str
    """`random`, `last`, `groups` or `file`."""
    column: str | None = None
    """Name or number of the column with the name of each row's group."""
    path: str | None = None
    """The table with the rows to validate on, if it is another one than that of the rows that train."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `random`, `last`, `groups:COLUMN` or the name of a file; raises BadInput for anything else.

        A file with one of these words for its name is written `./last`.
        """
        way, colon, column = text.partition(":")
        if way == "groups" and column:
            return cls(way, column)
        if way in ("random", "last") and not colon:
            return cls(way)
        if text == "-" or os.path.exists(text):
            return cls("file", path=text)
        raise BadInput(f"expected random, last, groups:COLUMN or a file, got {shown(text)}, and there is no such file")

    def __str__(self) -> str:
        return self.way if self.column is None else f"{self.way}:{self.column}"

    def apart(self, table: Table, targets: Sequence[str]) -> list[str]:
        """Returns the column of groups, which must not be an input; raises BadInput if it is a target."""
        if self.column is None:
            return []
        if table.find(self.column) in map(table.find, targets):
            raise BadInput(f"--validate-on {self}: expected a column other than the label; try random")
        return [self.column]

    def divide(
        self,
        table: Table,
        share: float,
        rng: "np.random.Generator",
        strata: Rows | None,
        classes: tuple[str, ...],
        option: str = "--validation",
    ) -> tuple[Rows, Rows]:
        """Returns the rows that train and those that validate, a `share` of all, which is the value of `option`.

        `strata` has the index of each row's class in `classes`; None without classes. Raises BadInput if there is only
        one group, or if a class has no row that trains.
        """
        if self.way in ("random", "file"):
            return split(table.rows, share, rng, strata)
        training, validation = last(table.rows, share) if self.column is None else self._grouped(table, share, rng)
        lost = set() if strata is None else {*strata.tolist()} - {*strata[training].tolist()}
        if lost:
            names = listed([classes[each] for each in sorted(lost)])
            raise BadInput(f"--validate-on {self}: no row that trains is of class {names}; try a smaller {option}")
        return training, validation

    def folds(
        self, table: Table, count: int, rng: "np.random.Generator", strata: Rows | None, option: str = "--folds"
    ) -> list[Rows]:
        """Returns the rows of `count` folds: drawn at random, with the classes of `strata` shared out, or whole groups.

        Folds drawn at random have the same number of rows, and some rows may be in none. Raises BadInput if there are
        fewer groups than folds.
        """
        if self.column is None:
            return list(folds(table.rows, count, rng, strata)[1])
        names = self._names(table)
        if (groups := len(set(names))) < count:
            where = f"{at(table.source)}{table.title(table.find(self.column))}"
            advice = f"{option} {groups}, or another column" if groups > 1 else "another column"
            raise BadInput(f"{where}: expected {count} groups or more for {count} folds, got {groups}; try {advice}")
        return grouped_folds(names, count, rng)

    def tests(
        self, table: Table, count: int, rng: "np.random.Generator", strata: Rows | None
    ) -> list[tuple[Rows, Rows]]:
        """Returns for each of `count` tests the rows before it or beside it, which train and validate, and its own.

        Tests are drawn at random, with the classes of `strata` shared out, or are whole groups: together they are all
        rows, but those of a class with a single row. With the last rows, each test is a block of rows, and only those
        before it train. Raises BadInput if there are too few rows or groups.
        """
        if self.way == "groups":
            parts = self.folds(table, count, rng, strata, "--cv")
        else:
            try:
                parts = blocks(table.rows, count) if self.way == "last" else dealt(table.rows, count, rng, strata)
            except ValueError as error:
                raise BadInput(f"{at(table.source)}--cv {count}: {error}; try a smaller --cv") from None
        every = np.arange(table.rows)
        return [(every[: own[0]] if self.way == "last" else np.delete(every, own), own) for own in parts]

    def described(self, table: Table, validation: Rows) -> str:
        """Returns a phrase about the rows that validate, such as `the last 30 validate`."""
        if self.column is None:
            return f"{'the last ' if self.way == 'last' else ''}{len(validation)} validate"
        groups = words(table, table.find(self.column))
        count = len({groups[row] for row in validation.tolist()})
        return f"{len(validation)} validate, {count} of {len(set(groups))} groups of {plain(self.column)}"

    def _grouped(self, table: Table, share: float, rng: "np.random.Generator") -> tuple[Rows, Rows]:
        names = self._names(table)
        try:
            return grouped(names, share, rng)
        except ValueError:
            where = f"{at(table.source)}{table.title(table.find(self.column or ''))}"
            raise BadInput(f"{where} has the same value in all rows, which are one group; try another column") from None

    def _names(self, table: Table) -> Sequence[str | None]:
        """Returns the name of each row's group; raises BadInput at the first row without one."""
        place = table.find(self.column or "")
        check_present(table, [place], "; try to fill it in")
        return words(table, place)
