"""What the number of rows, and what is in them, make of a search."""

from pathlib import Path

import numpy as np
import pytest

from kerash_cli.errors import BadInput
from kerash_cli.evolution.preparation import PreparedSearch, SearchSettings, prepare
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables import reading


def prepared(
    folder: Path, rows: int, labels: str = "class", inputs: int = 3, population: int = 8, **words: object
) -> PreparedSearch:
    """A search over so many rows of random numbers."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((rows, inputs)).round(3).tolist()
    label = {"class": ["a", "b", "c"], "yes or no": ["0", "1"], "number": [str(i / 7) for i in range(rows)]}[labels]
    lines = [f"{','.join(map(str, row))},{label[i % len(label)]}" for i, row in enumerate(values)]
    path = folder / "t.csv"
    path.write_text("\n".join([",".join([*map(str, "abcdefgh"[:inputs]), "y"]), *lines]) + "\n", encoding="ascii")
    return prepare(reading.read(str(path)), None, ["y"], SearchSettings(population, 10, **words))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "mode", "folds", "epochs", "batch"),
    [
        (49, "training", 1, 300, 49),
        (50, "cross-validation", 5, 1000, 40),
        (79, "cross-validation", 5, 500, 32),  # 64 of them train, and 63 would still be one batch
        (150, "cross-validation", 5, 250, 32),
        (800, "cross-validation", 5, 50, 32),  # 640 rows are 20 steps, of which 1,000 are 50 epochs
        (2000, "cross-validation", 5, 20, 32),
        (20_000, "cross-validation", 5, 10, 32),
        (20_001, "hold-out", 1, 10, 32),
    ],
)
def test_the_number_of_rows_says_who_judges_and_how_long_training_is(
    tmp_path: Path, rows: int, mode: str, folds: int, epochs: int, batch: int
) -> None:
    found = prepared(tmp_path, rows)
    training, validation = found.split(0)
    assert (found.mode, found.folds, found.regime.batch_size) == (mode, folds, batch)
    assert found.regime.epochs(found.start.steps, training.shape[1]) == epochs
    assert len(training) == len(validation) == folds
    assert found.strategy.inherits == (rows < 50)
    assert found.encoding.scaling.standardized == (rows >= 50)
    assert found.final == ("merged" if rows >= 50 else "single")
    assert found.space.tunes == found.space.is_for_tables == found.strategy.ensembles == (rows >= 50)
    assert found.regime.for_table == found.regime.answers == (rows >= 50)
    if rows < 50:
        assert found.start.learning_rate == 0.05


@pytest.mark.parametrize(
    ("labels", "outputs", "last", "loss"),
    [
        ("class", 3, "dense 3 softmax", "categorical-cross-entropy"),
        ("class", None, "dense 3 softmax", "categorical-cross-entropy"),
        ("yes or no", 1, "dense 1 sigmoid", "binary-cross-entropy"),
        ("yes or no", 2, "dense 2 softmax", "categorical-cross-entropy"),
        ("number", 1, "dense 1 -", "mean-square"),
        ("number", None, "dense 1 -", "mean-square"),
    ],
)
def test_outputs_and_labels_say_what_the_last_layer_and_the_loss_are(
    tmp_path: Path, labels: str, outputs: int | None, last: str, loss: str
) -> None:
    found = prepared(tmp_path, 60, labels, outputs=outputs)
    assert str(found.start.layers[-1]) == last
    assert found.regime.loss == loss


def test_folds_share_out_classes_and_the_final_ones_are_others(tmp_path: Path) -> None:
    found = prepared(tmp_path, 150)
    assert found.strata is not None
    for rows in found.split(0).validation:
        assert np.bincount(found.strata[rows]).tolist() == [10, 10, 10]
    first, again, final = (found.split(purpose).validation.tolist() for purpose in (0, 0, 1))
    assert first == again != final


@pytest.mark.parametrize(("inputs", "widest"), [(1, 20), (5, 20), (6, 24), (8, 32)])
def test_of_few_rows_layers_may_be_four_times_as_wide_as_the_inputs(tmp_path: Path, inputs: int, widest: int) -> None:
    assert prepared(tmp_path, 40, inputs=inputs).space.widest == widest
    assert prepared(tmp_path, 40, inputs=inputs, widest=7).space.widest == 7


def test_of_a_table_layers_may_be_256_units_wide(tmp_path: Path) -> None:
    assert prepared(tmp_path, 60).space.widest == 256
    assert prepared(tmp_path, 60, widest=7).space.widest == 7


def test_there_are_up_to_three_layers_for_a_table_and_else_four(tmp_path: Path) -> None:
    depths = [prepared(tmp_path, rows).space.most_layers for rows in (40, 60)]
    image = prepared(tmp_path, 60, inputs=6, shape=(1, 2, 3)).space
    assert (depths, image.most_layers, image.is_for_tables) == ([4, 3], 4, False)
    assert [prepared(tmp_path, rows, most_layers=2).space.most_layers for rows in (40, 60)] == [2, 2]


def test_inheriting_can_be_asked_for_or_ruled_out(tmp_path: Path) -> None:
    assert prepared(tmp_path, 60, inherit="always").strategy.inherits
    assert not prepared(tmp_path, 40, inherit="never").strategy.inherits
    assert not prepared(tmp_path, 40, inherit="always", strategy="random").strategy.inherits
    assert prepared(tmp_path, 60, shape=(1, 2, 3), inputs=6).strategy.inherits  # an image
    assert not prepared(tmp_path, 60, shape=(1, 2, 3), inputs=6, inherit="never").strategy.inherits


def test_a_normalization_can_not_be_cross_validated(tmp_path: Path) -> None:
    start = ModelDescription.parse("3 1 1\ninput\ndense 4 -\nbatch_normalization relu\ndense 3 softmax\n")
    with pytest.raises(BadInput, match="batch_normalization"):
        prepared(tmp_path, 60, start=start)
    assert prepared(tmp_path, 40, start=start).start.description.layers == start.layers
