"""What is prepared from tables and settings: which rows train, what is told, and what is doubted."""

from typing import Any

import numpy as np
import pytest
from experiments import CLASSES, NUMBERS, counted, prepared, table

from kerash_cli.engine.layers import Dense
from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.system import memory
from kerash_cli.training.settings import TrainingSettings
from kerash_cli.training.validating import ValidateOn

CROSS = "categorical-cross-entropy"

# Settings


def test_the_record_of_the_settings_is_that_of_the_defaults() -> None:
    assert TrainingSettings().record() == {
        "epochs": 1000,
        "batch_size": 32,
        "optimizer": "adam",
        "loss": None,
        "balance": False,
        "validation": 0.2,
        "validate_on": "random",
        "patience": 100,
        "dtype": "float32",
        "init": None,
        "bias": True,
        "standardize": True,
        "missing": "auto",
        "seed": 0,
        "learning_rate": None,
        "momentum": 0.0,
        "nesterov": False,
        "weight_decay": 0.0,
        "clip_norm": None,
        "schedule": "constant",
        "chunk_rule": 2,
    }


def test_the_identity_of_a_training_is_all_that_decides_its_result() -> None:
    labels = table([[row % 3] for row in range(9)], source="l.csv", sha256="e" * 64)
    data = table([[row, -row] for row in range(9)], sha256="d" * 64)
    ready = prepared(CLASSES, data, labels, seed=5)
    identity = ready.identity()
    assert identity["model"] == "2 1 1\ninput\ndense 3 softmax\n"
    assert identity["settings"] == TrainingSettings(seed=5).record()
    assert (identity["data"], identity["label"]) == ("d" * 64, "e" * 64)
    assert identity["columns"] == ready.encoding.to_json()
    assert prepared(CLASSES, counted(9)).identity()["label"] is None


# Rows


@pytest.mark.parametrize(("rows", "validation"), [(49, 0), (50, 10), (60, 12)])
def test_a_fifth_validates_of_fifty_rows_or_more(rows: int, validation: int) -> None:
    ready = prepared(CLASSES, counted(rows))
    assert (len(ready.training), len(ready.validation)) == (rows - validation, validation)
    assert sorted([*ready.training, *ready.validation]) == list(range(rows))
    assert np.bincount(ready.validation % 2, minlength=2).tolist() == [validation // 2] * 2


def test_the_seed_decides_which_rows_validate() -> None:
    chosen = [prepared(CLASSES, counted(60), seed=seed).validation.tolist() for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]


@pytest.mark.parametrize(
    ("rows", "settings", "expected"),
    [
        (49, {}, "49 rows train, none validate (under 50); loss categorical-cross-entropy"),
        (60, {}, "48 rows train, 12 validate; loss categorical-cross-entropy"),
        (60, {"validation": 0}, "60 rows train, none validate; loss categorical-cross-entropy"),
        (9, {"validation": 0}, "9 rows train, none validate; loss categorical-cross-entropy"),
        (60, {"validation": 0.5, "loss": "mse"}, "30 rows train, 30 validate; loss mse"),
    ],
)
def test_it_is_told_how_many_rows_train_and_validate(rows: int, settings: dict[str, Any], expected: str) -> None:
    data = f"{rows} rows, 1 input (standardised), 2 classes from y: 0, 1"
    assert prepared(CLASSES, counted(rows), **settings).describe() == f"{data}; {expected}"


@pytest.mark.parametrize(
    ("missing", "values", "expected"),
    [
        ("error", [[1, 2], [2, 4], [3, 6]], "3 rows train, none"),
        (
            "drop",
            [[1, 2], [np.nan, 4], [3, np.nan], [4, 8], [5, 9]],
            "3 rows train (2 more with missing values dropped)",
        ),
        ("mean", [[1, 2], [np.nan, 4], [3, np.nan], [4, 8]], "3 rows train (1 more without a label dropped)"),
    ],
)
def test_it_is_told_how_many_rows_are_dropped_and_why(missing: str, values: Any, expected: str) -> None:
    assert f"; {expected}" in prepared(NUMBERS, table(values, "x y"), missing=missing).describe()


def test_labels_of_their_own_are_dropped_with_their_rows() -> None:
    labels = table([[1], [np.nan], [3], [4]], source="l.csv")
    ready = prepared(NUMBERS, table([[1], [2], [3], [5]]), labels, missing="drop")
    assert ready.labels is not None
    assert ready.dropped == 1
    assert (ready.table.numbers.tolist(), ready.labels.numbers.tolist()) == ([[1], [3], [5]], [[1], [3], [4]])


def test_it_is_told_how_the_rows_are_in_folds() -> None:
    told = prepared(CLASSES, counted(63), folds=4).describe()
    assert told.endswith("; 63 rows train 4 networks, each on all but a fold of 15, which validates it; loss " + CROSS)
    tested = prepared(CLASSES, counted(100), folds=5, test=0.2).describe()
    assert "; 80 rows train 5 networks, each on all but a fold of 16, which validates it, 20 are kept" in tested
    groups = table([[row // 4, row, row % 2] for row in range(63)], "g x y")
    grouped = prepared(CLASSES, groups, folds=5, validate_on=ValidateOn("groups", "g")).describe()
    assert "each on all but a fold of 12 to 15 (whole groups of g), which validates it; loss" in grouped


# Doubts


@pytest.mark.parametrize(("missing", "words", "is_told"), [
    ("drop", {1: ("NA",)}, True), ("drop", {0: ("NA",)}, False), ("drop", {}, False), ("error", {1: ("NA",)}, False),
])  # fmt: skip
def test_a_word_that_drops_labels_is_doubted(missing: str, words: dict[int, tuple[str, ...]], is_told: bool) -> None:
    labels = [1, np.nan, 3] if missing == "drop" else [1, 2, 3]
    data = table([[row, label] for row, label in enumerate(labels)], "x y", missing=words)
    told = "t.csv: 'NA' is read as a missing label; if it is a class, try --missing-values ''"
    assert (told in prepared(NUMBERS, data, missing=missing).doubts()) == is_told


def test_a_word_in_a_first_column_of_labels_is_doubted() -> None:
    data = table([[np.nan, 1], [3, 2], [4, 5]], "y x", missing={0: ("NA",), 1: ("none",)})
    told = "t.csv: 'NA' is read as a missing label; if it is a class, try --missing-values ''"
    assert told in prepared(NUMBERS, data, targets=["1"], missing="drop").doubts()


@pytest.mark.parametrize("column", [0, 1])
def test_words_in_any_column_of_a_file_of_labels_are_doubted(column: int) -> None:
    values = [[1, 1], [2, 2], [3, 4]]
    values[1][column] = np.nan  # type: ignore[call-overload]
    labels = table(values, source="l.csv", missing={column: ("none", "-")})
    ready = prepared(NUMBERS, table([[1], [2], [4]], missing={0: ("NA",)}), labels, missing="drop")
    expected = "l.csv: '-', 'none' is read as a missing label; if it is a class, try --missing-values ''"
    assert [line for line in ready.doubts() if "missing label" in line] == [expected]


def texts(categories: int, rows: int) -> Any:
    """A table of a text column of so many words, and a target."""
    words = [f"w{row % categories:02}" for row in range(rows)]
    return table([[row] for row in range(rows)], "town y", {0: words})


@pytest.mark.parametrize(("categories", "rows", "is_told"), [(10, 12, False), (11, 21, True), (11, 22, False)])
def test_a_text_column_is_doubted_if_most_of_more_than_ten_words_never_recur(
    categories: int, rows: int, is_told: bool
) -> None:
    told = f"column 'town' became {categories} inputs, one for each of its values; try --drop 1 if they mean nothing"
    assert (told in prepared(NUMBERS, texts(categories, rows)).doubts()) == is_told


def test_every_kind_of_doubt_is_told() -> None:
    data = table([[row, 7, 3] for row in range(9)], "x k y")
    assert prepared(NUMBERS, data).doubts() == [
        "column 'k' is the same in all training rows and is ignored",
        "targets y are the same in all rows, 3: there is nothing to learn",
    ]


# What does not fit


def test_a_loss_that_does_not_fit_is_told_with_the_line_of_the_last_layer() -> None:
    with pytest.raises(BadInput, match=r"^m\.model:3: "):
        prepared(NUMBERS, counted(9), loss="categorical-cross-entropy")


def test_amounts_are_not_balanced() -> None:
    with pytest.raises(BadInput, match=r"^--balance needs one class for each row; leave --balance out$"):
        prepared(NUMBERS, counted(9), balance=True)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_batches_that_are_too_small_are_told_with_advice(batch_size: int) -> None:
    model = "? 1 1\ninput\ndense 3 -\nbatch_normalization relu\ndense ? softmax\n"
    if batch_size > 1:
        prepared(model, counted(9), batch_size=batch_size)
        return
    with pytest.raises(BadInput, match="got a batch of 1; try --batch-size 32, or more data"):
        prepared(model, counted(9), batch_size=batch_size)


@pytest.mark.parametrize(("dtype", "itemsize"), [("float32", 4), ("float64", 8)])
@pytest.mark.parametrize(("rows", "batches"), [(64, 2), (65, 3), (20, 1)])
def test_training_needs_memory_for_samples_vectors_and_batches(
    monkeypatch: pytest.MonkeyPatch, dtype: str, itemsize: int, rows: int, batches: int
) -> None:
    ready = prepared(CLASSES, counted(rows), dtype=dtype)
    samples = rows * (1 + 1 + 2)  # x and 1, and the two classes
    vectors = (5 + 2) * 4  # of which adam remembers two
    needed = itemsize * (samples + vectors) + ready.network.plan_bytes(min(rows, 32), itemsize) + 250 * batches
    monkeypatch.setattr(memory, "available", lambda: needed)
    assert prepared(CLASSES, counted(rows), dtype=dtype)
    monkeypatch.setattr(memory, "available", lambda: needed - 1)
    with pytest.raises(OutOfSpace) as caught:
        prepared(CLASSES, counted(rows), dtype=dtype)
    assert str(caught.value) == (
        f"m.model: needs {memory.readable(needed)} of memory, but only {memory.readable(needed - 1)} are free; "
        "try fewer units, or a smaller --batch-size"
    )


# Scaling and number types


def test_only_the_rows_that_train_decide_the_scaling() -> None:
    ready = prepared(CLASSES, counted(60))
    mean, deviation = ready.training.mean(), ready.training.std()
    scaling = ready.encoding.scaling
    assert (scaling.mean.tolist(), scaling.scale.tolist()) == ([pytest.approx(mean)], [pytest.approx(deviation)])


def test_nothing_is_standardised_where_that_is_not_wanted() -> None:
    ready = prepared(CLASSES, counted(60), standardize=False)
    assert (ready.encoding.scaling.mean.tolist(), ready.encoding.scaling.scale.tolist()) == ([0], [1])


@pytest.mark.parametrize(("last", "mean"), [("-", 4.0), ("relu", 0.0)])
def test_targets_are_standardised_if_the_last_layer_is_linear(last: str, mean: float) -> None:
    data = table([[row, row] for row in range(9)], "x y")
    assert prepared(f"? 1 1\ninput\ndense ? {last}\n", data).encoding.targets.mean.tolist() == [mean]


def test_pixels_of_a_channel_share_their_scaling() -> None:
    data = table([[0, 2, 4, 6, 0], [4, 2, 0, 2, 1], [2, 2, 2, 4, 0]])
    model = "2 2 1\ninput\nconvolution relu 1 1 0 2 2\ndense ? softmax\n"
    shared = prepared(model, data).encoding.scaling
    assert shared.mean.tolist() == [pytest.approx(30 / 12)] * 4
    assert prepared("4 1 1\ninput\ndense ? softmax\n", data).encoding.scaling.mean[0] == 2


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("float64", 8)])
def test_the_number_type_is_that_of_the_settings(dtype: str, size: int) -> None:
    ready = prepared(CLASSES, counted(9), dtype=dtype)
    assert ready.dtype == np.dtype(dtype)
    assert ready.saved_bytes() == 4 * size + 200 * 1 + 4096


def test_a_network_may_have_no_biases() -> None:
    assert [prepared(CLASSES, counted(9), bias=bias).network.size for bias in (True, False)] == [4, 2]
    assert isinstance(prepared(CLASSES, counted(9)).network.layers[-1], Dense)


# Folds


@pytest.mark.parametrize(
    ("lines", "number", "layer"),
    [
        ("dense 4 softmax\ndense ? softmax", 3, "dense 4 softmax"),
        ("dropout 0.1\ndense 4 -\nbatch_normalization\ndense ? softmax", 5, "batch_normalization"),
        ("average_pooling - 2 0 1 1\ndense ? softmax", 3, "average_pooling - 2 0 1 1"),
        ("convolution relu 2 1 0 1 1\ndense ? softmax", 3, "convolution relu 2 1 0 1 1"),
    ],
)
def test_networks_that_can_not_become_one_are_refused_in_their_line(lines: str, number: int, layer: str) -> None:
    model, data = f"2 1 1\ninput\n{lines}\n", table([[row, -row, row % 2] for row in range(60)])
    with pytest.raises(BadInput) as caught:
        prepared(model, data, folds=5)
    assert str(caught.value) == (
        f"m.model:{number}: --folds saves its networks as one, in which '{layer}' can't be; "
        "try dense layers without softmax before the last one, or leave --folds out"
    )
    assert prepared(model, data).folds == ()


def test_a_class_whose_rows_are_all_in_a_fold_is_told() -> None:
    data = counted(63)
    data.numbers[[5, 9], 1] = [7, 8]
    told = "are in one fold, so that one of the networks does not train on them"
    assert f"all rows of classes '7', '8' {told}" in prepared(CLASSES, data, folds=3).doubts()  # a fold has 21 rows
    data.numbers[9, 1] = 1
    assert f"all rows of class '7' {told}" in prepared(CLASSES, data, folds=3).doubts()
    data.numbers[9, 1] = 7
    assert told not in "".join(prepared(CLASSES, data, folds=3).doubts())


def test_memory_is_asked_for_all_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors and plans for each, and for each row that trains one an index and a weight, of 16 bytes together."""
    ready = prepared(CLASSES, counted(64), folds=4)
    needed = 4 * 64 * (1 + 1 + 2) + 4 * 4 * 4 * (5 + 2) + ready.network.plan_bytes(4 * 32, 4) + 4 * 64 * 16 + 250 * 2
    monkeypatch.setattr(memory, "available", lambda: needed)
    assert prepared(CLASSES, counted(64), folds=4)
    monkeypatch.setattr(memory, "available", lambda: needed - 1)
    with pytest.raises(OutOfSpace):
        prepared(CLASSES, counted(64), folds=4)
    assert ready.workers(4) == 1
    assert ready.saved_bytes() - prepared(CLASSES, counted(64)).saved_bytes() == 3 * 4 * 4
