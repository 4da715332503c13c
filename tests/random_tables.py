"""Random tables as people have them, each with what there is to know about it.

`draw(seed)` gives the same table for the same seed. Cells are text from the beginning: the files are what is tested.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

GAPS = ("", "NA", "?")
TOWNS = ("Ulm", "Köln am Rhein", "New York", "a,b", "c;d", "tab\there", "bar|bar", 'say "no"', "Zürich", "two\nlines")
WORDS = ("setosa", "größer", "New York", "a,b", 'say "no"', "x;y", "d|e", "Straße", "éclair")
SPELT = ("1.0", "1", "01", "1.10", "1.1", "1e1", "10", "007", "7", "-1", "+1", ".5", "0.5")
IDS = tuple(str(2**53 + k) for k in range(8))
INDEXES = tuple(map(str, range(6)))
PAIRS = (("no", "yes"), ("0", "1"), ("3", "7"), ("größer", "kleiner; als"), ("-1", "1"), ('"a"', "b,c"), ("A", "a"))
SCALES = ((0.0, 1.0), (1.7e9, 30.0), (-4e9, 1e3), (0.0, 1e-12), (0.0, 1e12), (1e6, 0.01), (1e-9, 1e-12))
GOALS = {"classes": "softmax", "yes-no": "sigmoid", "numbers": "-"}


@dataclass(frozen=True)
class Column:
    """Cells as they are in the file; `constant` if all of them are the same."""

    name: str
    cells: tuple[str, ...]
    text: bool = False
    constant: bool = False


@dataclass(frozen=True)
class Dialect:
    """How cells become bytes."""

    delimiter: str
    quoting: int
    line_end: str
    bom: bool
    ended: bool
    blank_cells: bool
    """Whether the empty cell of a table of one column is a blank line."""

    def text(self, rows: Sequence[Sequence[str]]) -> bytes:
        """The file of these rows."""
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=self.delimiter, quoting=self.quoting, lineterminator=self.line_end)
        writer.writerows(rows)
        text = stream.getvalue()
        if self.blank_cells and rows[-1] != [""]:  # blank lines at the end are none
            text = self.line_end.join("" if line == '""' else line for line in text.split(self.line_end))
        if not self.ended:
            text = text.removesuffix(self.line_end)
        return ("\ufeff" if self.bom else "").encode() + text.encode()


@dataclass(frozen=True)
class RandomTable:
    """A table, the network for it, and the words of the commands that read it."""

    inputs: tuple[Column, ...]
    label: Column
    place: int
    """Where the label stands among the inputs, if it is in the table."""
    goal: str
    dialect: Dialect
    header: bool
    years: bool
    """Whether the names of the columns are numbers."""
    own_file: bool
    label_header: bool
    missing: str
    hidden: tuple[str, ...]
    reading: tuple[str, ...]
    """Options that say how the table is read."""
    label_reading: tuple[str, ...]
    training: tuple[str, ...]
    reason: str = ""
    """Why it may be refused."""
    order: tuple[int, ...] = field(default=())
    """Another order of its columns, for predictions."""

    @property
    def columns(self) -> list[Column]:
        """All columns of the table, in the order of the file."""
        inputs = list(self.inputs)
        return inputs if self.own_file else [*inputs[: self.place], self.label, *inputs[self.place :]]

    @property
    def description(self) -> str:
        """The network as a model file."""
        layers = "".join(f"dense {layer}\n" for layer in self.hidden)
        return f"? 1 1\ninput\n{layers}dense ? {GOALS[self.goal]}\n"

    @property
    def target(self) -> tuple[str, ...]:
        """The option that says which column is the label."""
        if self.own_file:
            return ()
        return ("--target", self.label.name if self.header else str(self.place + 1))

    @property
    def reading_again(self) -> tuple[str, ...]:
        """Options that say how it is read by a model that knows its names, numbers or not."""
        known = self.header and self.years
        return tuple(word for word in self.reading if not (known and word == "--header"))

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return ("t.csv", "l.csv") if self.own_file else ("t.csv",)

    def write(self, folder: Path) -> None:
        """Its files, and `m.model`."""
        (folder / "m.model").write_text(self.description)
        (folder / "t.csv").write_bytes(self.content(self.columns))
        if self.own_file:
            (folder / "l.csv").write_bytes(self.content([self.label], self.label_header))

    def content(
        self, columns: Sequence[Column], header: bool | None = None, rows: Sequence[int] | None = None
    ) -> bytes:
        """Some columns, of some rows, as a file."""
        names = [[each.name for each in columns]] if (self.header if header is None else header) else []
        chosen = range(len(self.label.cells)) if rows is None else rows
        return self.dialect.text([*names, *([each.cells[row] for each in columns] for row in chosen)])


def draw(seed: int) -> RandomTable:
    """The table of that number."""
    rng = np.random.default_rng([seed, 31])
    rows = int(rng.integers(20, 121))
    missing = str(rng.choice(["error", "drop", "mean"]))
    header, years = bool(rng.random() < 0.65), bool(rng.random() < 0.25)
    dialect = Dialect(
        delimiter=str(rng.choice([",", ";", "\t", "|"])),
        quoting=csv.QUOTE_ALL if rng.random() < 0.25 else csv.QUOTE_MINIMAL,
        line_end="\r\n" if rng.random() < 0.3 else "\n",
        bom=bool(rng.random() < 0.2),
        ended=bool(rng.random() < 0.8),
        blank_cells=bool(rng.random() < 0.5),
    )
    own_file = bool(rng.random() < 0.4)
    count = int(rng.integers(1, 7))
    names = _names(rng, count + 1, years)
    reason = ""
    inputs = [_input(rng, name, rows, missing) for name in names[:-1]]
    if all(each.constant for each in inputs):
        inputs[0] = Column(names[0], tuple(str(k) for k in rng.integers(0, 1000, rows)))
    if rng.random() < 0.04:
        reason = "a text column of mostly numbers"
        inputs[0] = Column(names[0], ("seven", "seven", *map(str, range(rows - 2))), text=True)
    goal = str(rng.choice(list(GOALS), p=[0.45, 0.2, 0.35]))
    labels = _labels(rng, goal, rows)
    if len(set(labels)) == 1:
        reason = "a single class"
    if missing != "error" and rng.random() < 0.2:
        labels = _with_gaps(rng, labels, 3)
    label_header = header if rng.random() < 0.8 else not header
    table = RandomTable(
        inputs=tuple(inputs),
        label=Column(names[-1], tuple(labels)),
        place=int(rng.integers(0, count + 1)),
        goal=goal,
        dialect=dialect,
        header=header,
        years=years,
        own_file=own_file,
        label_header=label_header,
        missing=missing,
        hidden=_hidden(rng),
        reading=(),
        label_reading=(),
        training=_training(rng),
        reason=reason,
        order=tuple(rng.permutation(count).tolist()),
    )
    told = rng.random(3) < 0.3
    return replace(table, reading=_reading(table, *told[:2]), label_reading=_label_reading(table, told[2]))


def _names(rng: np.random.Generator, count: int, years: bool) -> list[str]:
    if years:
        first = int(rng.integers(1990, 2020))
        return [str(first + k) for k in range(count)]
    pool = ["width", "height", "pH value", "größe", "x1", "note; rest", "p,q", "Name", "unit|mm", 'the "best"']
    return [str(name) for name in rng.permutation(pool)[:count]]


def _input(rng: np.random.Generator, name: str, rows: int, missing: str) -> Column:
    kind = rng.choice(["integer", "float", "text", "constant"], p=[0.3, 0.4, 0.2, 0.1])
    if kind == "constant":
        text = bool(rng.random() < 0.3)
        cell = str(rng.choice(TOWNS)) if text else str(rng.choice(["0", "1", "-2.5", "1.7e9", "1e-12"]))
        return Column(name, (cell,) * rows, text, constant=True)
    if kind == "text":
        pool = rng.permutation(TOWNS)[: int(rng.integers(2, 6))]
        cells = [*map(str, pool), *(str(rng.choice(pool)) for _ in range(rows - len(pool)))]
        cells = [cells[k] for k in rng.permutation(rows)]
    elif kind == "integer":
        cells = list(map(str, rng.integers(-(10 ** int(rng.integers(0, 7))), 10 ** int(rng.integers(1, 7)), rows)))
    else:
        cells = _numbers(rng, rows)
    if missing != "error" and rng.random() < 0.3:
        cells = _with_gaps(rng, cells, rows // 6)
    return Column(name, tuple(cells), kind == "text")


def _numbers(rng: np.random.Generator, rows: int) -> list[str]:
    """Numbers of an offset and a scale, in one of the spellings that programs print."""
    offset, scale = SCALES[int(rng.integers(0, 7))]
    values = offset + scale * rng.normal(size=rows)
    if rng.random() < 0.3:
        return [f"{value:.12e}" for value in values]
    if scale == 1.0 and rng.random() < 0.5:
        return [f"{value:.3f}" for value in values]
    return [repr(float(value)) for value in values]


def _labels(rng: np.random.Generator, goal: str, rows: int) -> list[str]:
    if goal == "numbers":
        return _numbers(rng, rows) if rng.random() < 0.8 else list(map(str, rng.integers(0, 10**6, rows)))
    if goal == "yes-no":
        pool: Sequence[str] = PAIRS[int(rng.integers(0, len(PAIRS)))]
    else:
        kind = [WORDS, SPELT, IDS, INDEXES][int(rng.choice(4, p=[0.4, 0.25, 0.15, 0.2]))]
        pool = [str(name) for name in rng.permutation(kind)[: int(rng.integers(2, 6))]]
    if rng.random() < 0.03:
        pool = pool[:1]
    labels = [*pool, *pool, *(str(rng.choice(pool)) for _ in range(rows - 2 * len(pool)))]
    return [labels[k] for k in rng.permutation(rows)]


def _with_gaps(rng: np.random.Generator, cells: Sequence[str], most: int) -> list[str]:
    """The cells, a few of them missing; none of a value that was there only once or twice."""
    gaps = [int(row) for row in rng.permutation(len(cells))[: int(rng.integers(1, most + 1))]]
    made = list(cells)
    for row in gaps:
        if made.count(made[row]) > 2 or len(set(cells)) > len(cells) // 2:
            made[row] = str(rng.choice(GAPS))
    return made


def _hidden(rng: np.random.Generator) -> tuple[str, ...]:
    activations = ("tanh", "relu", "sigmoid")
    count = int(rng.integers(0, 3))
    return tuple(f"{int(rng.integers(2, 9))} {activations[int(rng.integers(0, 3))]}" for _ in range(count))


def _training(rng: np.random.Generator) -> tuple[str, ...]:
    words = ["--epochs", str(int(rng.integers(2, 4))), "--seed", str(int(rng.integers(0, 100)))]
    words += ["--validation", "0"] if rng.random() < 0.6 else []
    words += ["--dtype", "float64"] if rng.random() < 0.2 else []
    return tuple(words)


def _reading(table: RandomTable, delimiter_told: bool, header_told: bool) -> tuple[str, ...]:
    """Options, where the file itself does not tell, and sometimes where it does."""
    cells = {cell for each in [*table.columns, table.label] for cell in (each.name, *each.cells)}
    several = any(mark in cell for cell in cells for mark in ",;\t| ") or len(table.columns) == 1
    options = ["--delimiter", table.dialect.delimiter] if delimiter_told or several else []
    numbers = [each for each in table.columns if _is_numeric(each)]
    seen = bool(numbers) and (table.header or any(each.cells[0] not in GAPS for each in numbers))
    if header_told or not seen or (table.header and table.years):
        options.append("--header" if table.header else "--no-header")
    return tuple(options)


def _is_numeric(column: Column) -> bool:
    """Whether its cells are numbers, labels included."""
    return all(cell in GAPS or cell.lstrip("+-.")[:1].isdigit() for cell in column.cells)


def _label_reading(table: RandomTable, told: bool) -> tuple[str, ...]:
    """The option for the header of the label file, where header and rows of the two files do not tell it together."""
    doubtful = table.header != table.label_header or (table.label_header and table.years)
    if table.own_file and (told or doubtful):
        return ("--label-header" if table.label_header else "--no-label-header",)
    return ()
