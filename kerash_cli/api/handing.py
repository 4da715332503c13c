"""Tables of a Python program as files, which are read as any other file is.

An array of numbers is the file that `numpy.save` writes, a DataFrame the one that its `to_csv(index=False)` or
`write_csv()` writes, objects are JSON lines, and any other rows are lines with commas. So a table in memory gives the
same model as one in a file, and there is one way to read it.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, KerashError, shown
from kerash_cli.system.files import explained

PREFIX = "kerash-api-"
"""Beginning of the names of folders with tables."""

_MISSING = ("NAType", "NaTType")
"""Types of missing values in pandas."""


class FrameLike(Protocol):
    """A DataFrame, such as one of pandas or Polars: columns with names."""

    @property
    def columns(self) -> Any:
        """Names of the columns."""

    def __len__(self) -> int:
        """Returns the number of rows."""


TableData: TypeAlias = str | os.PathLike[str] | NDArray[Any] | Sequence[Any] | FrameLike
"""A file's path, an array with a row for each sample, a DataFrame, a list of rows, or a list of dicts by column."""


class HandedFile(NamedTuple):
    """A table in a file."""

    path: str
    header: bool | None
    """True if it begins with a line of column names; None if the reader has to detect that, or if it is no text."""
    rows: int | None = None
    """Number of rows that were written; None for a file of the caller."""
    delimiter: str | None = None
    """Separator of its columns; None if that is for the reader to detect, or if it is no delimited text."""
    is_flat: bool = False
    """True if the values had one dimension, so that they are one column."""

    def check(self, rows: int, name: str = "data") -> None:
        """Raises BadInput unless as many rows were read as were written: some may have been taken for comments."""
        if self.rows not in (None, rows):
            raise BadInput(
                f"{name}: expected {self.rows} rows, got {rows}; a row that begins with # or is empty is none in a file"
            )

    def options(self) -> dict[str, Any]:
        """Returns the options for reading it, as far as they are known."""
        return {"header": self.header, "delimiter": self.delimiter}


class TableFolder:
    """A private folder for the tables of a call, which its errors call by plain names."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def path(self, name: str) -> str:
        """Returns the path of a file in the folder."""
        return os.path.join(self._folder, name)

    def plain(self, text: str) -> str:
        """Returns a message in which files of the folder are called by their names."""
        return text.replace(f"{self._folder}{os.sep}", "")

    def table(self, data: TableData, name: str = "data") -> HandedFile:
        """Returns the file of a table, which is written if it is in memory; raises BadInput if it is no table."""
        if isinstance(data, str | os.PathLike):
            return HandedFile(os.fspath(data), None)
        try:
            with explained(name, 1):
                return self._written(data, name)
        except UnicodeEncodeError:
            raise BadInput(f"{name}: expected words of whole letters, got half a letter (a lone surrogate)") from None

    def _written(self, data: Any, name: str) -> HandedFile:
        if hasattr(data, "columns"):
            return self._frame(data, name)
        if hasattr(data, "to_frame") and getattr(data, "name", None):
            return self._frame(data.to_frame(), name)._replace(is_flat=True)
        if isinstance(data, list | tuple) and data and all(isinstance(row, Mapping) for row in data):
            return self._objects(data, name)
        return self._array(data, name)

    def text(self, text: str, name: str) -> str:
        """Writes a text to a file of the folder, and returns its path."""
        path = self.path(name)
        Path(path).write_text(text, encoding="utf-8")
        return path

    def _frame(self, frame: Any, name: str) -> HandedFile:
        names, path = [str(each) for each in frame.columns], self.path(f"{name}.csv")
        twice = next((each for place, each in enumerate(names) if each in names[:place]), None)
        if twice is not None:
            raise BadInput(f"{name}: expected each column once, got {shown(twice)} twice; try other names")
        if not names or not len(frame):
            raise BadInput(f"{name}: expected at least one row and one column, got {len(frame)} and {len(names)}")
        if hasattr(frame, "to_csv"):
            frame.to_csv(path, index=False)
        elif hasattr(frame, "write_csv"):
            frame.write_csv(path)
        else:
            raise BadInput(f"{name}: expected a DataFrame of pandas or Polars, got {type(frame).__name__}")
        return HandedFile(path, True, len(frame), ",")

    def _objects(self, rows: Sequence[Mapping[str, Any]], name: str) -> HandedFile:
        try:
            lines = [json.dumps(dict(row), default=_value, allow_nan=False) for row in rows]
        except (TypeError, ValueError) as error:
            raise BadInput(f"{name}: expected numbers, words or None by column, got others ({error})") from None
        return HandedFile(self.text("\n".join([*lines, ""]), f"{name}.jsonl"), None, len(rows))

    def _array(self, data: Any, name: str) -> HandedFile:
        values = _matrix(data, name)
        if values.dtype.kind in "fiu" and values.dtype.itemsize <= 8:
            path = self.path(f"{name}.npy")
            np.save(path, np.ascontiguousarray(values), allow_pickle=False)
            return HandedFile(path, None, len(values), is_flat=values.ndim == 1)
        if values.dtype.kind not in "OUbT" or values.ndim > 2:
            raise BadInput(f"{name}: expected numbers or words, got an array of {values.dtype} {values.shape}")
        path = self.path(f"{name}.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            rows = values.reshape(len(values), -1).tolist()
            csv.writer(file, lineterminator="\n").writerows([_cell(each, name) for each in row] for row in rows)
        return HandedFile(path, False, len(values), ",", values.ndim == 1)


@contextmanager
def table_folder() -> Iterator[TableFolder]:
    """Yields a folder for tables, which is removed after the `with` block; errors in it name no path of the folder."""
    with TemporaryDirectory(prefix=PREFIX) as name:
        folder = TableFolder(name)
        try:
            yield folder
        except KerashError as error:
            error.args = tuple(folder.plain(each) if isinstance(each, str) else each for each in error.args)
            error.repairs = ()  # they are about a command line
            raise


def _matrix(data: Any, name: str) -> NDArray[Any]:
    """Returns rows as an array; raises BadInput if they are none."""
    if hasattr(data, "tocsr"):
        raise BadInput(f"{name}: expected an array, got a sparse matrix; try its toarray()")
    try:
        values = np.asarray(data)
        if values.dtype.kind in "US" and not isinstance(data, np.ndarray):
            values = np.asarray(data, object)  # numbers beside words stay as they are written
    except ValueError as error:
        raise BadInput(f"{name}: expected rows of the same length, got others ({error})") from None
    if not values.ndim:
        got = "a single dict; a row alone is [row]" if isinstance(data, Mapping) else type(data).__name__
        raise BadInput(f"{name}: expected a DataFrame, an array or a list of rows, got {got}")
    if not values.size:
        raise BadInput(f"{name}: expected at least one row and one column, got an array of shape {values.shape}")
    return values


def _cell(value: Any, name: str) -> str:
    """Returns the text of a cell, empty for a missing value; raises BadInput for a value in a value."""
    is_missing = value is None or type(value).__name__ in _MISSING
    if is_missing or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    if isinstance(value, str | int | float | np.generic):
        return str(value)
    raise BadInput(f"{name}: expected a number, a word or None in each cell, got {type(value).__name__}")


def _value(value: Any) -> Any:
    """Returns a number of NumPy as JSON has it."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a value of the type {type(value).__name__}")
