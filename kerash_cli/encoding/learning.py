"""What a training table and the last layer of a network say about each other."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from kerash_cli import memory
from kerash_cli.decimals import has_comma
from kerash_cli.encoding.cells import (
    Floats,
    check_numbers,
    check_present,
    check_rows,
    complete,
    matrix,
    mostly_numbers,
    spelled,
)
from kerash_cli.encoding.record import MOST_CATEGORIES, Encoding, Input
from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.tables import Table

FEW_CLASSES = 20
"""So many different numbers may be classes even where hardly one of them recurs."""

CLASS_BYTES = 200
"""About what the name of a class and what is known of it take in memory."""


class Goal(NamedTuple):
    """What the labels are."""

    kind: str
    outputs: int
    classes: tuple[str, ...] = ()
    numeric: bool = False


def learn(
    table: Table,
    labels: Table | None = None,
    *,
    target: str | None = None,
    inputs: int | None = None,
    outputs: int | None = None,
    output: str = "any",
    missing: str = "error",
    drop: Collection[str] = (),
) -> Encoding:
    """The encoding of a table whose labels are in `labels` or in its column `target` (a name, or a number from 1).

    `inputs` and `outputs` are how many the network has, None for as many as the data decides; `output` is what its
    last activation gives, one of `record.OUTPUTS`; the columns `drop` are left out. Nothing is scaled yet: `fitted`
    does. BadInput where data and network do not fit.
    """
    where, places = _label_columns(table, labels, target)
    position = places[0] if labels is None else None
    dropped = {table.find(column) for column in drop}
    used = [each for each in range(table.width) if each not in dropped and each != position]
    if position in dropped or not used:
        raise BadInput("--drop: expected the label and one input or more to be left, got fewer")
    check_rows(table, where)
    _check_slips(table, used)
    _check_slips(where, places)
    if missing == "drop":
        rows = complete(table, used, where, places)
        table, where = table.take(rows), where.take(rows)
        if not table.rows:
            raise BadInput(f"{at(table.source)}expected a row without missing values, got none; try --missing mean")
    if missing == "error":
        check_present(table, used, "; try --missing drop or --missing mean")
    columns = tuple(_input(table, each) for each in used)
    _check_inputs(table, columns, inputs)
    goal = _goal(where, places, outputs, output)
    encoding = _unscaled(
        goal,
        columns,
        output,
        tuple(where.names[place] for place in places) if where.names is not None else _numbered(len(places)),
        width=table.width,
        names=table.names,
        delimiter=table.delimiter,
        target=position,
        missing=missing,
    )
    if goal.kind not in ("classes", "binary"):  # those are of the labels' own making
        encoding.encode_targets(table, where if position is None else None, np.float64)
    return encoding


def plain(features: int, outputs: int, output: str) -> Encoding:
    """The encoding that changes nothing, of data that nobody has seen: classes are called by their indexes."""
    is_class = output.endswith("distribution")
    goal = Goal("one-hot", outputs, tuple(map(str, range(outputs)))) if is_class else Goal("values", outputs)
    return _unscaled(goal, tuple(map(Input, range(features))), output, _numbered(outputs), width=features)


def _unscaled(
    goal: Goal,
    inputs: tuple[Input, ...],
    output: str,
    labels: tuple[str, ...],
    *,
    width: int,
    names: tuple[str, ...] | None = None,
    delimiter: str = ",",
    target: int | None = None,
    missing: str = "error",
) -> Encoding:
    features = sum(each.features for each in inputs)
    return Encoding(
        names=names,
        width=width,
        delimiter=delimiter,
        target=target,
        inputs=inputs,
        kind=goal.kind,
        output=output,
        outputs=goal.outputs,
        classes=goal.classes,
        numeric=goal.numeric,
        labels=labels,
        missing=missing,
        standardized=False,
        fill=np.zeros(features),
        mean=np.zeros(features),
        scale=np.ones(features),
        target_mean=np.zeros(goal.outputs),
        target_scale=np.ones(goal.outputs),
        baseline=np.zeros(len(goal.classes) or goal.outputs),
    )


def _label_columns(table: Table, labels: Table | None, target: str | None) -> tuple[Table, list[int]]:
    """The table that has the labels, and where in it."""
    if labels is not None and target is not None:
        raise BadInput(
            f"--target: expected a label file or --target, got both {shown(labels.source)} and {shown(target)}"
        )
    if labels is not None:
        return labels, list(range(labels.width))
    if target is not None:
        return table, [table.find(target)]
    last = table.names[-1] if table.names is not None else table.width
    raise BadInput(f"{at(table.source)}expected labels, got none; try a label file or --target {last}")


def _check_slips(table: Table, positions: Sequence[int]) -> None:
    """BadInput at the first cell that is text in a column that looks like numbers."""
    for position in positions:
        for row, cell in enumerate(table.texts.get(position, ())):
            if cell is not None and has_comma(cell):
                raise BadInput(
                    f"{table.at(row, position)}expected a number with a decimal point, got {shown(cell)}; "
                    f"try tr , . <{table.source}, or --drop {position + 1}"
                )
        if position in table.texts and mostly_numbers(table.texts[position]):
            check_numbers(table, [position], f"; if it is right, try --drop {position + 1}")


def _input(table: Table, position: int) -> Input:
    cells = table.texts.get(position)
    if cells is None:
        return Input(position)
    place = f"--drop {position + 1}"
    values = sorted({cell for cell in cells if cell is not None})
    if len(values) > MOST_CATEGORIES:
        raise BadInput(
            f"{at(table.source)}expected at most {MOST_CATEGORIES} different values in a text input, "
            f"got {len(values)} in {table.title(position)}; try {place}"
        )
    if not values:
        raise BadInput(
            f"{at(table.source)}expected values in {table.title(position)}, got missing ones only; try {place}"
        )
    return Input(position, tuple(values))


def _check_inputs(table: Table, columns: Sequence[Input], inputs: int | None) -> None:
    features = sum(each.features for each in columns)
    if inputs is not None and inputs != features:
        made = "" if features == len(columns) else f" (from {len(columns)} columns)"
        raise BadInput(
            f"{table.at(0)}expected {inputs} inputs as the model has, got {features}{made}; "
            f"try '? 1 1' as the model's first line"
        )


def _goal(where: Table, places: Sequence[int], outputs: int | None, output: str) -> Goal:
    """What the columns at `places` of `where` are for a last layer of `outputs` units that gives `output`."""
    several = len(places) > 1
    check_present(where, places, "; try --missing drop")
    if several and outputs not in (None, len(places)):
        raise BadInput(f"{at(where.source)}expected {outputs} label columns, one for each output, got {len(places)}")
    if output.endswith("distribution"):
        if not several:
            return _classes(where, places[0], outputs)
        return Goal("one-hot", len(places), tuple(where.names or map(str, places)))
    if outputs not in (None, len(places)):
        raise BadInput(
            f"{at(where.source)}expected {outputs} label columns, one for each output, got 1; try softmax for classes"
        )
    text = where.texts.get(places[0])
    if output == "probability" and text is not None:
        return _two_names(where, places[0])
    check_numbers(where, places, "; try softmax as the last activation if these are classes")
    values = matrix(where, places)
    if output == "probability" and np.isin(values, (0, 1)).all():
        return Goal("multilabel", len(places)) if several else Goal("binary", 1, ("0", "1"), numeric=True)
    pair = np.unique(values)
    if output == "probability" and not several and len(pair) == 2 and (pair[0] < 0 or pair[1] > 1):
        return Goal("binary", 1, tuple(map(spelled, pair.tolist())), numeric=True)
    return Goal("values", len(places))


def _classes(where: Table, place: int, outputs: int | None) -> Goal:
    if place in where.texts:
        names, numeric = sorted({cell for cell in where.texts[place] if cell is not None}), False
    else:
        values, numeric = np.unique(matrix(where, [place])), True
        if outputs is not None and _are_indices(values, outputs):
            memory.require(CLASS_BYTES * outputs, at(where.source), "try '?' for the number of units")
            return Goal("classes", outputs, tuple(map(str, range(outputs))), numeric)
        if outputs is None and len(values) > max(FEW_CLASSES, where.rows // 2):
            raise BadInput(
                f"{at(where.source)}expected classes that recur in {where.title(place)}, got {len(values)} different "
                f"numbers in {where.rows} rows; try 'dense ? -' as the last layer if they are quantities"
            )
        names = list(map(spelled, values.tolist()))
    if len(names) < 2 or outputs not in (None, len(names)):
        expected = "two classes or more" if outputs is None else f"{outputs} classes, one for each output,"
        raise BadInput(
            f"{at(where.source)}expected {expected} in {where.title(place)}, got {len(names)}: {listed(names)}; "
            "try ? for the number of units"
        )
    return Goal("classes", len(names), tuple(names), numeric)


def _are_indices(values: Floats, outputs: int) -> bool:
    """Whether these, in order, count from 0 the units of a layer of two or more."""
    return outputs > 1 and values[0] >= 0 and values[-1] < outputs and bool((values == np.floor(values)).all())


def _two_names(where: Table, place: int) -> Goal:
    names = sorted({cell for cell in where.texts[place] if cell is not None})
    if len(names) != 2:
        raise BadInput(
            f"{at(where.source)}expected 0, 1 or two names in {where.title(place)}, "
            f"got {len(names)}: {listed(names)}; try 'dense ? softmax'"
        )
    return Goal("binary", 1, tuple(names))


def _numbered(count: int) -> tuple[str, ...]:
    return ("target",) if count == 1 else tuple(f"target {number}" for number in range(1, count + 1))
