"""Parquet and Arrow (Feather) files, which the package pyarrow reads.

Columns of numbers are numbers; strings, booleans (as true and false) and dictionaries are words. Dates and times are
words as in ISO 8601, which become numbers as in a text. A null, an empty string and NaN are missing values. Lists,
structures and maps are errors. A block of a stream is a batch of rows in Arrow's stream format.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, pip_install, plain, shown
from kerash_cli.system import memory
from kerash_cli.tables.compression import FREE_EXPANSION, LARGEST_EXPANSION
from kerash_cli.tables.formats.arrays import Whole, content
from kerash_cli.tables.formats.base import Format
from kerash_cli.tables.formats.names import different
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.joining import Joined
from kerash_cli.tables.notations import saved
from kerash_cli.tables.notations.base import Notation, to_json
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    from kerash_cli.tables.spool import Spool

PARQUET, ARROW = re.compile(rb"PAR1([^ -~\s]|.*PAR1\Z)", re.DOTALL), b"ARROW1\x00"

_ROWS = 1 << 14  # of a batch
_MOST_COLUMNS = 100_000
_NO_FRACTION = re.compile(r"\.0+(?![0-9])")


def begins(head: bytes, name: str) -> bool:
    """Returns whether a file that begins with `head` is a Parquet or an Arrow file."""
    return PARQUET.match(head) is not None or head.startswith(ARROW)


class ColumnarLayout(NamedTuple):
    """Columns of a table in batches."""

    source: str
    names: tuple[str, ...]
    text: frozenset[int]
    """Positions of columns that are read as text, even if they are numbers."""
    written: frozenset[int]
    """Positions of columns whose cells are also kept as text."""
    notations: Mapping[int, Notation]
    """Notations of columns of words that are numbers, such as dates, by position."""
    records: bool
    notes: tuple[str, ...] = ()

    def rows(self, block: Block) -> Iterator[Table]:
        """Yields the rows of a block, whose line is the number of its first row."""
        import pyarrow

        with _readable(self.source, "rows"), pyarrow.ipc.open_stream(pyarrow.py_buffer(block.text)) as stream:
            tables = [self.table(batch, block.line) for batch in stream]
        yield from tables

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        notations = to_json(self.notations)
        return {
            **self._asdict(), "text": sorted(self.text), "written": sorted(self.written), "notations": notations
        }  # fmt: skip

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        text, written = (frozenset(record[name]) for name in ("text", "written"))
        notations = saved.by_position(record["notations"])
        return cls(record["source"], tuple(record["names"]), text, written, notations, record["records"])

    def table(self, batch: Any, first: int) -> Table:
        """Returns the rows of a batch, of which the first is row `first` of the file."""
        numbers, texts, written = list[NDArray[np.float64]](), {}, {}
        for place, column in enumerate(batch.columns):
            values = _numbers(column)
            if values is None or place in self.text:
                texts[place] = _words(column) if values is None else _spelled(column, values)
                continue
            numbers.append(values)
            if place in self.written or self.records:
                written[place] = _spelled(column, values)
        matrix = np.stack(numbers, axis=1) if numbers else np.empty((batch.num_rows, 0))
        lines = range(first, first + batch.num_rows)
        cells = {**texts, **written}
        records = _records([cells[place] for place in range(batch.num_columns)]) if self.records else None
        kept = {place: cells for place, cells in written.items() if place in self.written}
        table = Table(self.source, self.names, matrix, texts, lines, records=records, written=kept, notes=self.notes)
        days = {place: found.column(texts[place]) for place, found in self.notations.items() if place in texts}
        known = {place: values for place, values in days.items() if values is not None}
        return replace(table, notations=self.notations).with_numbers(known)


def read(source: Source, options: Options) -> Table:
    """Reads all rows."""
    joined, first = Joined(spool=options.spool, beside=options.beside), 1
    with _batches(source, options.spool) as (schema, batches):
        layout = _layout(source.name, schema, options)
        for batch in batches:
            joined.add(layout.table(batch, first))
            first += batch.num_rows
    table = joined.table()
    if table is None:
        raise BadInput(f"{at(source.name)}expected at least one row, got none")
    return table


def blocks(source: Source, options: Options) -> Iterator[tuple[ColumnarLayout, Block]]:
    """Yields the rows in blocks."""
    first = 1
    with _batches(source) as (schema, batches):
        import pyarrow

        layout = _layout(source.name, schema, options)
        for batch in batches:
            sink = pyarrow.BufferOutputStream()
            with pyarrow.ipc.new_stream(sink, batch.schema) as stream:
                stream.write_batch(batch)
            yield layout, Block(sink.getvalue().to_pybytes(), first)
            layout = layout._replace(notes=())
            first += batch.num_rows


def _layout(source: str, schema: Any, options: Options) -> ColumnarLayout:
    """Returns the layout of a file; raises BadInput if there are values in values, or no columns."""
    if not 0 < len(schema.names) <= _MOST_COLUMNS:
        raise BadInput(f"{at(source)}expected 1 to {_MOST_COLUMNS} columns, got {len(schema.names)}")
    for field in schema:
        if _reader(field.type) is None:
            raise BadInput(
                f"{at(source)}expected numbers, strings, booleans or dates in {shown(field.name)}, got {field.type}; "
                "try to make columns of it, or to leave it out"
            )
    names, renamed = different(schema.names)
    notes = tuple(f"{source}: {line}" for line in renamed)
    text, written = options.texts(names, len(names)), options.positions(names, len(names))
    notations = {place: found for place, found in options.notations(names, len(names)).items() if place not in text}
    return ColumnarLayout(source, names, text, written, notations, options.records, notes)


@contextmanager
def _batches(source: Source, spool: "Spool | None" = None) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Opens a file: gives its schema, and its rows in batches. Raises BadInput if it is damaged, or a bomb."""
    kind = "a Parquet file" if PARQUET.match(source.head) else "an Arrow file"
    try:
        import pyarrow
    except ImportError:
        needs = f"{at(source.name)}{kind} needs a package: {pip_install('kerash[parquet]')}"
        raise BadInput(f"{needs} installs it") from None
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())  # others reserve more than they use
    found = content(source, spool)
    with _readable(source.name, kind):
        schema, batches = (_parquet if kind == "a Parquet file" else _arrow)(found)
        yield schema, _bounded(source.name, batches, len(found))


@contextmanager
def _readable(source: str, kind: str) -> Iterator[None]:
    """Raises BadInput in place of the errors of pyarrow."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
        reason = plain(str(error).partition("\n")[0] or type(error).__name__)
        raise BadInput(f"{at(source)}{kind} that can't be read ({reason}); try another copy of the file") from None


def _parquet(found: Whole) -> tuple[Any, Iterator[Any]]:
    import pyarrow
    from pyarrow import parquet

    schema = parquet.read_schema(pyarrow.BufferReader(found))
    words = [field.name for field in schema if _is_string(field.type)]  # kept once, however often they occur
    file = parquet.ParquetFile(pyarrow.BufferReader(found), read_dictionary=words, pre_buffer=False)
    groups = [file.metadata.row_group(place) for place in range(file.metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)  # more than this about damaged groups aborts the process
    _check_expansion(max(size, 8 * file.metadata.num_rows * file.metadata.num_columns), len(found))
    return file.schema_arrow, file.iter_batches(batch_size=_ROWS, use_threads=False)


def _arrow(found: Whole) -> tuple[Any, Iterator[Any]]:
    import pyarrow

    reader = pyarrow.ipc.open_file(pyarrow.BufferReader(found))
    return reader.schema, (reader.get_batch(place) for place in range(reader.num_record_batches))


def _bounded(source: str, batches: Iterator[Any], size: int) -> Iterator[Any]:
    """Yields batches of valid values, each of not too many rows; raises ValueError if all are too large for a file."""
    cells = 0
    for batch in batches:
        cells += batch.num_rows * max(1, batch.num_columns)
        _check_expansion(8 * cells, size)
        batch.validate(full=True)
        memory.require_for_table(8 * batch.num_rows * batch.num_columns, at(source), "try fewer rows or columns")
        for start in range(0, batch.num_rows, _ROWS):
            yield _compact(batch.slice(start, _ROWS))


def _compact(batch: Any) -> Any:
    """Returns a batch whose dictionaries have only the words of its rows."""
    import pyarrow
    from pyarrow import compute, types

    columns = batch.columns
    for place, column in enumerate(columns):
        if types.is_dictionary(column.type) and len(column.dictionary) > len(column):
            used = column.indices.unique().drop_null()
            indices = compute.index_in(column.indices, value_set=used)
            columns[place] = pyarrow.DictionaryArray.from_arrays(indices, column.dictionary.take(used))
    return pyarrow.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _check_expansion(size: int, packed: int) -> None:
    if size > FREE_EXPANSION + LARGEST_EXPANSION * packed:
        raise ValueError(f"more than {LARGEST_EXPANSION} times its size")


def _is_string(kind: Any) -> bool:
    from pyarrow import types

    return any(check(kind) for check in (types.is_string, types.is_large_string, types.is_string_view))


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    """Returns the function that reads a column of a type: `_numbers` or `_words`; None if there is none."""
    from pyarrow import types

    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
        return _numbers
    if types.is_dictionary(kind):
        return _words if _reader(kind.value_type) else None
    is_word = types.is_boolean(kind) or types.is_date(kind) or types.is_timestamp(kind) or types.is_time(kind)
    return _words if is_word or _is_string(kind) else None


def _numbers(column: Any) -> NDArray[np.float64] | None:
    """Returns a column's numbers, NaN for null; None for a column of words."""
    import pyarrow

    if _reader(column.type) is not _numbers:
        return None
    values: NDArray[np.float64] = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def _words(column: Any) -> list[str | None]:
    """Returns a column's words, None for null and for an empty one."""
    import pyarrow
    from pyarrow import types

    column = column if types.is_dictionary(column.type) else column.dictionary_encode()
    kind = column.type.value_type
    known = [(word or "").strip(" \t") or None for word in column.dictionary.cast(pyarrow.string()).to_pylist()]
    if types.is_timestamp(kind) or types.is_time(kind):
        known = [word and _NO_FRACTION.sub("", word).replace(" ", "T", 1) for word in known]
    if any(word and "\0" in word for word in known):
        raise ValueError("a NUL in a string")
    return [None if place is None else known[place] for place in column.indices.to_pylist()]


def _spelled(column: Any, values: NDArray[np.float64]) -> list[str | None]:
    """Returns a column's numbers as text, None for null and NaN; whole numbers with all their digits."""
    from pyarrow import types

    if types.is_integer(column.type):
        return [None if value is None else str(value) for value in column.to_pylist()]
    return [None if value != value else decimals.shortest(value) for value in values.tolist()]


def _records(columns: Sequence[Sequence[str | None]]) -> list[str]:
    """Returns rows, given the cells of their columns, as lines of CSV."""
    records = []
    for row in zip(*columns, strict=True):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(["" if cell is None else cell for cell in row])
        records.append(text.getvalue()[:-1])
    return records


FORMAT = Format(read, blocks, ColumnarLayout)
