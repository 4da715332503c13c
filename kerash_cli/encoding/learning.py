"""Learns an encoding from a training table, for a network whose last layer has a given kind of outputs."""

from collections.abc import Collection, Sequence

import numpy as np

from kerash_cli import decimals
from kerash_cli.encoding import slips
from kerash_cli.encoding.cells import absent, check_rows, complete, gaps, incomplete, matrix, words
from kerash_cli.encoding.columns import ASIDE, EMPTY, RARE, Columns, numbered
from kerash_cli.encoding.inputs import INPUTS, InputColumn, Number
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.scaling import Scaling
from kerash_cli.encoding.targets import Binary, Classes, Multilabel, OneHot, Targets, Values
from kerash_cli.encoding.views import STANDARD, View, viewed
from kerash_cli.errors import BadInput, at, complain, listed, shown
from kerash_cli.system import memory
from kerash_cli.tables.table import Table

FEW_CLASSES = 20
"""Maximum number of different numeric labels that are accepted as classes even if hardly any of them recurs."""

ROW_NUMBERS = frozenset({"", "id", "index", "no", "no.", "nr", "row", "row.names", "rownames", "rowname", "unnamed: 0"})
"""Names, in lower case, of columns that may number the rows."""

FEWEST_NUMBERED = 5
"""Minimum number of rows that a column may number; fewer numbers may rise for another reason."""

EXACT = 2**53
"""Smallest whole number that shares its float64 value with another, 2**53 + 1."""

CLASS_BYTES = 200
"""Approximate memory of a class and its name, in bytes."""


def learn(
    table: Table,
    labels: Table | None = None,
    *,
    targets: Sequence[str] = (),
    inputs: int | None = None,
    outputs: int | None = None,
    output: str = "any",
    missing: str = "auto",
    drop: Collection[str] = (),
    keep: Collection[str] = (),
    views: Collection[View] = (STANDARD,),
    like: Columns | None = None,
) -> Encoding:
    """Returns the encoding of a table with labels in `labels`, or in its columns `targets` (names, or numbers from 1).

    `inputs` and `outputs` are the network's numbers of inputs and outputs; None leaves them to the data. `output` is
    the kind of its outputs, one of `targets.OUTPUTS`. `missing` is the treatment of missing values: one of MISSING, or
    `auto`, which is `mean` if there are some, else `error`. The columns `drop` are left out; if there are columns
    `keep`, all others are. Columns of numbers are inputs as each of the `views` sees them; or as `like` sees them, the
    columns of a model to start from. `Encoding.fitted` adds the scaling. Raises BadInput if the data does not fit the
    network.
    """
    where, places = label_columns(table, labels, targets)
    positions = tuple(places) if labels is None else ()
    used, aside = _used(table, positions, drop, keep)
    check_rows(table, where)
    if absent(where, places).all():
        other = "--target" if positions else "label file"
        raise BadInput(f"{at(where.source)}expected at least one row with a label, found none; try another {other}")
    complain([*slips.of_inputs(table, used, missing), *_label_slips(where, places, output, missing)])
    if missing == "auto":
        missing = "mean" if incomplete(table, used) or incomplete(where, places) else "error"
    if missing != "error":
        table, where = _without_gaps(table, used if missing == "drop" else [], where, places)
    columns = _columns(table, used, positions, aside)
    columns = columns.viewed_as(like) if like else columns.with_inputs(viewed(table, columns.inputs, views))
    _check_inputs(table, columns, inputs)
    names = tuple(where.names[place] for place in places) if where.names is not None else numbered(len(places))
    encoding = Encoding(
        columns, missing, Scaling.none(columns.features), _targets(where, places, names, outputs, output)
    )
    if not encoding.targets.names_classes:  # such names are of the labels' own making
        encoding.encode_targets(table, None if positions else where, np.float64)
    return encoding


def plain(features: int, outputs: int, output: str) -> Encoding:
    """Returns an encoding that changes nothing, for a network whose data is unknown; classes are named by index."""
    columns = Columns(None, features, ",", (), tuple(map(Number, range(features))))
    if output.endswith("distribution"):
        targets: Targets = OneHot.unscaled(output, outputs, numbered(outputs), tuple(map(str, range(outputs))))
    else:
        targets = Values.unscaled(output, outputs, numbered(outputs))
    return Encoding(columns, "error", Scaling.none(features), targets)


def input_positions(
    table: Table, labels: Table | None, targets: Sequence[str], drop: Collection[str], keep: Collection[str]
) -> list[int]:
    """Returns the positions of the columns that `learn` makes inputs of, but for those that are of no kind."""
    _, places = label_columns(table, labels, targets)
    used, _ = _used(table, places if labels is None else (), drop, keep)
    return used


def label_columns(table: Table, labels: Table | None, targets: Sequence[str]) -> tuple[Table, list[int]]:
    """Returns the table that has the labels, either `table` or `labels`, and the positions of the labels in it.

    Raises BadInput if there are no labels, if both have some, or if a column is named twice.
    """
    if labels is not None and labels is table.labels and targets:
        if list(targets) != list(labels.names or ()):
            raise BadInput(
                f"--target: {labels.source} has the labels {listed(labels.names or ())}, not {listed(targets)}"
            )
        return labels, [0]
    if labels is not None and targets:
        raise BadInput(
            f"--target: expected a label file or --target, got both {shown(labels.source)} and {shown(targets[0])}"
        )
    if labels is not None:
        return labels, list(range(labels.width))
    if targets:
        places = [table.find(each) for each in targets]
        twice = next((each for i, each in enumerate(targets) if places[i] in places[:i]), None)
        if twice is not None:
            raise BadInput(f"--target: {shown(twice)} is named twice; name each column once")
        return table, places
    if table.sample_shape is not None and not table.is_text:
        raise BadInput(f"{at(table.source)}expected labels, got none; try a label file, or a folder for each class")
    last = table.names[-1] if table.names is not None else table.width
    raise BadInput(f"{at(table.source)}expected labels, got none; try a label file or --target {last}")


def _label_slips(where: Table, places: Sequence[int], output: str, missing: str) -> list[BadInput]:
    """Returns errors about the label columns, for a last layer with outputs of the kind `output`."""
    several = len(places) > 1
    named = [each for each in places if each in where.texts and where.missing.get(each)] if missing == "auto" else []
    complaints = slips.of_labels(where, places if missing == "error" else named)
    if not several and output.endswith("distribution"):
        return [*complaints, *slips.of_names(where, places[0])]
    if several and output == "probability":
        return [*complaints, *slips.of_yes_or_no(where, places)]
    if output != "probability":
        classes = "; try softmax as the last activation if these are classes"
        shares = f", the share of a class, since there are {len(places)} columns of labels; try a file of one column"
        instead = shares if output.endswith("distribution") else classes
        return [*complaints, *slips.of_numbers(where, places, instead)]
    if len(_names(where, places[0])) > 2:
        return [*complaints, *slips.of_two(where, places[0])]
    return complaints


def _used(
    table: Table, targets: Collection[int], drop: Collection[str], keep: Collection[str]
) -> tuple[list[int], list[int]]:
    """Returns the positions of the inputs, and of columns left out because they name or number the rows.

    The inputs are the columns that are neither targets nor dropped, and are kept if `keep` names any. The only column
    is always an input, and so is one that is kept. Raises BadInput if no input is left, or if a target is dropped or
    kept.
    """
    dropped, kept = ({table.find(column) for column in columns} for columns in (drop, keep))
    if not kept.isdisjoint(targets):
        raise BadInput("--keep: expected inputs, got the label; --target alone names it")
    others = frozenset() if kept else _no_inputs(table)
    kept = kept or set(range(table.width))
    used = [each for each in sorted(kept) if each not in dropped and each not in targets]
    aside = [each for each in used if each in others]
    if len(aside) < len(used):
        used = [each for each in used if each not in others]
    else:
        aside = []
    if dropped and (not used or not dropped.isdisjoint(targets)):
        raise BadInput("--drop: expected the label and at least one input to remain; try to drop fewer columns")
    if not used:
        raise BadInput(f"{at(table.source)}expected a column besides the label, got none; try another table")
    return used, aside


def _no_inputs(table: Table) -> frozenset[int]:
    """Returns the positions of columns that are no inputs by what the file says, or that number the rows."""
    names = table.names or ()
    numbering = {
        place for place, name in enumerate(names) if name.lower() in ROW_NUMBERS and _numbers_rows(table, place)
    }
    return table.aside | numbering


def _numbers_rows(table: Table, position: int) -> bool:
    """Returns whether a column has whole numbers that rise from row to row, as in a table or in part of its rows."""
    if position in table.texts or table.rows < FEWEST_NUMBERED:
        return False
    values = table.numbers[:, table.number_index(position)].astype(np.float64)
    rises = (np.diff(values) > 0) | (values[1:] == values[:-1]) & (values[1:] >= EXACT)  # large ones may look equal
    return bool(rises.all() and (values % 1 == 0).all())


def _without_gaps(table: Table, used: Sequence[int], where: Table, places: Sequence[int]) -> tuple[Table, Table]:
    """Returns both tables without the rows with missing values in these columns; raises BadInput if no row is left."""
    rows = complete(table, used, where, places)
    if not len(rows):
        raise BadInput(
            f"{at(table.source)}expected at least one row without missing values, found none; try --missing mean"
        )
    return table.take(rows), where.take(rows)


def _columns(table: Table, used: Sequence[int], targets: tuple[int, ...], aside: Sequence[int]) -> Columns:
    """Returns the columns of a table; those in `used` are inputs, except that columns of no kind are left out."""
    empty = {each for each in incomplete(table, used) if gaps(table, each) == table.rows}
    found = [None if each in empty else _input(table, each) for each in used]
    rare = [each for each, column in zip(used, found, strict=True) if column is None and each not in empty]
    inputs = tuple(each for each in found if each is not None)
    skipped = {**dict.fromkeys(aside, ASIDE), **dict.fromkeys(empty, EMPTY), **dict.fromkeys(rare, RARE)}
    if not inputs:
        raise BadInput(f"{at(table.source)}expected a column whose values recur, got none; add other columns")
    seen = {*targets, *(each.position for each in inputs)}
    notations = {place: notation for place, notation in table.notations.items() if place in seen - table.texts.keys()}
    return Columns(table.names, table.width, table.delimiter, targets, inputs, notations, table.missing_values, skipped)


def _input(table: Table, position: int) -> InputColumn | None:
    """Returns a column as an input; None if it is of no kind."""
    found = (kind.learn(table, position) for kind in INPUTS.values())
    return next((each for each in found if each is not None), None)


def _check_inputs(table: Table, columns: Columns, inputs: int | None) -> None:
    features, width = columns.features, len(columns.used)
    if inputs not in (None, features):
        made = "" if features == width else f" (from {width} columns)"
        plain = features - len(columns.unscaled) == inputs
        raise BadInput(
            f"{table.at(0)}expected {inputs} inputs, as the model has, got {features}{made}; "
            f"try '? 1 1' as the model's first line{', or --numbers standard' if plain else ''}"
        )


def _targets(where: Table, places: Sequence[int], labels: tuple[str, ...], outputs: int | None, output: str) -> Targets:
    """Returns the targets in the columns `places` of `where`.

    `outputs` is the number of units of the last layer (None: any), and `output` the kind of its outputs.
    """
    count = len(places)
    if count > 1 and outputs not in (None, count):
        raise BadInput(f"{at(where.source)}expected {outputs} label columns, one for each output, got {count}")
    if output.endswith("distribution"):
        if count == 1:
            return _classes(where, places[0], labels, outputs, output)
        names = where.names
        classes = map(str, places) if names is None else (names[place] for place in places)
        return OneHot.unscaled(output, count, labels, tuple(classes))
    if outputs not in (None, count):
        raise BadInput(
            f"{at(where.source)}expected {outputs} label columns, one for each output, got 1; try softmax for classes"
        )
    if output == "probability":
        if count == 1:
            return _yes_or_no(where, places[0], labels)
        if _are_bits(where, places):
            return Multilabel.unscaled(output, count, labels)
    return Values.unscaled(output, count, labels)


def _are_bits(where: Table, places: Sequence[int]) -> bool:
    """Returns whether all labels are 0 or 1."""
    return bool(np.isin(matrix(where, places), (0, 1)).all())


def _yes_or_no(where: Table, place: int, labels: tuple[str, ...]) -> Targets:
    """Returns targets that are two classes (0 and 1, or any two names), or amounts from 0 to 1."""
    names = _different_names(where, place)
    if place not in where.texts:
        values = np.unique(matrix(where, [place]))
        if len(values) == 2 and _are_bits(where, [place]):
            return Binary.unscaled("probability", 1, labels, ("0", "1"), numeric=True)
        if len(values) > 2 or (len(values) == 2 and values[0] >= 0 and values[1] <= 1):
            return Values.unscaled("probability", 1, labels)
    if len(names) != 2:
        raise BadInput(
            f"{at(where.source)}expected either 0 and 1 or two names in {where.title(place)}, "
            f"got {len(names)}: {listed(names)}; try 'dense ? softmax' for classes, 'dense ? -' for quantities"
        )
    return Binary.unscaled("probability", 1, labels, tuple(names), place not in where.texts and _are_numbers(names))


def _classes(where: Table, place: int, labels: tuple[str, ...], outputs: int | None, output: str) -> Targets:
    """Returns classes named by the labels as they are written: 1.1 and 1.10 are different classes."""
    names = _different_names(where, place)
    numeric = place not in where.texts and _are_numbers(names)
    if numeric and outputs is not None and _are_indices(names, outputs):
        memory.require(CLASS_BYTES * outputs, at(where.source), "try '?' for the number of units")
        written = {int(float(name)): name for name in names}
        classes = tuple(written.get(k, str(k)) for k in range(outputs))
        return Classes.unscaled(output, outputs, labels, classes, numeric)
    if place not in where.texts and outputs is None and len(names) > max(FEW_CLASSES, where.rows // 2):
        raise BadInput(
            f"{at(where.source)}expected classes that recur in {where.title(place)}, got {len(names)} different "
            f"numbers in {where.rows} rows; try 'dense ? -' as the last layer if they are quantities"
        )
    if outputs not in (None, len(names)):
        raise BadInput(
            f"{at(where.source)}expected {outputs} classes, one for each output, in {where.title(place)}, "
            f"got {len(names)}: {listed(names)}; try '?' for the number of units"
        )
    return Classes.unscaled(output, len(names), labels, tuple(names), numeric)


def _different_names(where: Table, place: int) -> list[str]:
    """Returns the distinct labels, as `_names` does; raises BadInput if there is only one."""
    names = _names(where, place)
    if len(names) == 1:
        raise BadInput(
            f"{at(where.source)}expected two classes or more in {where.title(place)}, got {shown(names[0])} in all "
            "rows; add rows of other classes"
        )
    return names


def _names(where: Table, place: int) -> list[str]:
    """Returns the distinct labels of a column as they are written, sorted; numbers are sorted by value."""
    names = {word for word in words(where, place) if word is not None}
    if any(decimals.number(name) is None for name in names):
        return sorted(names)
    return sorted(names, key=lambda name: (float(name), name))


def _are_numbers(names: Sequence[str]) -> bool:
    """Returns whether all names are different numbers that float64 holds exactly."""
    values = [decimals.number(name) for name in names]
    small = [value for value in values if value is not None and abs(value) < EXACT]
    return len(small) == len(names) and len(set(small)) == len(small)


def _are_indices(names: Sequence[str], outputs: int) -> bool:
    """Returns whether these numbers, in ascending order, can be class indexes for `outputs` units (two or more)."""
    values = [float(name) for name in names]
    return values[0] >= 0 and values[-1] < outputs and all(value.is_integer() for value in values)
