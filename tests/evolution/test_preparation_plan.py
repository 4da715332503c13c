"""What a search is made of: its rows, its limits, its identity, and what it refuses before it begins."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_mutations import space
from test_preparation import prepared

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.evolution.preparation import PreparedSearch, SearchSettings, _epochs, all_rows, batch_size, prepare
from kerash_cli.evolution.space import SEARCHED
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.stage import PAGE
from kerash_cli.system import cores
from kerash_cli.tables import reading

SMALL = "3 1 1\ninput\ndense 4 tanh\ndense 3 softmax\n"


def of_table(folder: Path, values: list[str], labels: list[str], **words: Any) -> PreparedSearch:
    """A search over sixty rows in which values and labels take turns."""
    lines = [f"{i / 7},{values[i % len(values)]},{labels[i % len(labels)]}" for i in range(60)]
    (folder / "t.csv").write_text("\n".join(["u,v,y", *lines]) + "\n", encoding="ascii")
    return prepare(reading.read(str(folder / "t.csv")), None, ["y"], SearchSettings(8, 10, **words))


@pytest.mark.parametrize("rows", [49, 50, 54, 78, 1999, 2000, 2003])
def test_the_rows_that_train_are_those_that_batches_are_made_of(tmp_path: Path, rows: int) -> None:
    found = prepared(tmp_path, rows)
    training = found.split(0).training.shape[1]
    fewer = {"training": 0, "cross-validation": rows // 5, "hold-out": round(rows / 5)}[found.mode]
    assert training == rows - fewer
    assert found.regime.batch_size == (training if training < 64 else 32)


@pytest.mark.parametrize(("rows", "size"), [(1, 1), (63, 63), (64, 32), (65, 32), (1000, 32)])
def test_fewer_than_two_batches_of_32_are_one(rows: int, size: int) -> None:
    assert batch_size(rows) == size


@pytest.mark.parametrize(("rows", "epochs"), [(1220, 65), (1270, 62)])
def test_cross_validation_aims_at_2000_steps(tmp_path: Path, rows: int, epochs: int) -> None:
    """31 steps of 65 epochs, as 64.5 is rounded up, and 32 steps of 62 epochs, as 62.5 is rounded to even."""
    assert prepared(tmp_path, rows).regime.epochs == epochs


@pytest.mark.parametrize(
    ("steps", "epochs"), [(1, 243), (8, 243), (9, 222), (73, 27), (74, 27), (75, 27), (76, 27), (1000, 27)]
)
def test_cross_validation_has_27_to_243_epochs(steps: int, epochs: int) -> None:
    assert _epochs("cross-validation", 1999, steps, images=False) == epochs


def test_all_rows_train_and_judge(tmp_path: Path) -> None:
    every = [list(range(40))]
    for folds in (all_rows(40), prepared(tmp_path, 40).split(0), prepared(tmp_path, 40).split(1)):
        assert (folds.training.tolist(), folds.validation.tolist()) == (every, every)


def test_a_fifth_of_many_rows_is_held_out_of_each_class_alike(tmp_path: Path) -> None:
    found = prepared(tmp_path, 2000, "yes or no")
    first, again, final = found.split(0), found.split(0), found.split(1)
    assert (first.training.shape, first.validation.shape) == ((1, 1600), (1, 400))
    assert sorted([*first.training[0], *first.validation[0]]) == list(range(2000))
    assert np.bincount(first.validation[0] % 2).tolist() == [200, 200]
    assert first.validation.tolist() == again.validation.tolist() != final.validation.tolist()
    other = prepared(tmp_path, 2000, "yes or no", seed=1).split(0)
    assert other.validation.tolist() != first.validation.tolist()


@pytest.mark.parametrize(
    ("rows", "rate", "decay"), [(49, 0.05, 1e-4), (50, (1e-3 * 2e-2) ** 0.5, (1e-4 * 1e-1) ** 0.5)]
)
def test_settings_begin_in_the_middle_of_what_is_drawn(tmp_path: Path, rows: int, rate: float, decay: float) -> None:
    start = prepared(tmp_path, rows).start
    assert (start.learning_rate, start.weight_decay) == (float(f"{rate:.4g}"), float(f"{decay:.4g}"))


def test_the_identity_is_all_that_decides_the_result(tmp_path: Path) -> None:
    found = prepared(tmp_path, 60, pick="small")
    identity = found.identity()
    assert identity.pop("columns") == found.encoding.to_json()
    assert identity == {
        **{"data": found.table.sha256, "label": None, "mode": "cross-validation", "pick": "small", "final": "merged"},
        "strategy": {"population": 8, "seed": 0, "epochs": 243, "inherits": False, "random": False},
        "start": {"model": "3 1 1\ninput\ndense 3 softmax\n", "learning_rate": 0.004472, "weight_decay": 0.003162},
        "space": {"activations": SEARCHED, "widest": 20, "most_layers": 4, "images": False, "tunes": True},
        "regime": {"epochs": 243, "batch_size": 48, "loss": "categorical-cross-entropy", "dtype": "float32"},
        "rungs": [27, 81, 243],
    }
    assert replace(found, settings=replace(found.settings, generations=99)).identity() == found.identity()


def test_labels_of_a_second_file_are_part_of_the_identity(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "y.csv").write_text("p\nq\n" * 30, encoding="ascii")
    table, labels = (reading.read(str(tmp_path / name)) for name in ("x.csv", "y.csv"))
    assert prepare(table, labels, (), SearchSettings(8, 10)).identity()["label"] == labels.sha256
    with pytest.raises(BadInput, match=r"y\.csv: expected OUTPUTS 2 \(classes .*\) or 1 \(.*\), got 7"):
        prepare(table, labels, (), SearchSettings(8, 10, outputs=7))


def test_a_stage_has_room_for_samples_and_three_divisions_into_folds(tmp_path: Path) -> None:
    """Each file has a header of 128 bytes, and may take another page."""
    file = 128 + PAGE
    samples = 60 * 4 * 4 + 60 * 3 * 4 + 60 * 4 + 3 * file  # inputs and a one, outputs, and weights
    assert prepared(tmp_path, 60).staged_bytes() == samples + 3 * 2 * (5 * 60 * 8 + file)
    whole = 40 * 4 * 4 + 40 * 3 * 4 + 40 * 4 + 3 * file
    assert prepared(tmp_path, 40).staged_bytes() == whole + 3 * 2 * (40 * 8 + file)


@pytest.mark.parametrize(
    ("rows", "words", "plan"),
    [
        (40, {}, "evolution: population 8, generations 0 to 10, seed 0; fewer than 50 rows, so all rows train and "
                 "judge; 300 epochs, weights inherited; about "),
        (2000, {"seed": 4}, "evolution: population 8, generations 0 to 10, seed 4; 20% of the rows held out; "
                            "27 epochs, weights drawn afresh; about "),
        (60, {"strategy": "random"}, "random search: population 8, generations 0 to 10, seed 0; cross-validation in 5 "
                                     "folds; 243 epochs, weights drawn afresh; about "),
    ],
)  # fmt: skip
def test_the_plan_is_told_in_a_line(tmp_path: Path, rows: int, words: dict[str, object], plan: str) -> None:
    found = prepared(tmp_path, rows, **words)
    assert found.describe()[1].startswith(plan)


def seconds(trainings: list[list[int]], rungs: list[int], epoch: float) -> float:
    """Eleven generations of so many candidates in each rung, for each bracket."""
    shares = np.diff([0, *rungs])
    return 11 * epoch * sum(float(np.dot(counts, shares)) for counts in trainings)


@pytest.mark.parametrize(("widest", "hidden", "layers"), [(20, 10, 4), (4001, 2001, 4), (4000, 2000, 1), (9, 0, 0)])
def test_a_search_takes_as_long_as_its_steps_and_their_arithmetic(
    tmp_path: Path, widest: int, hidden: int, layers: int
) -> None:
    """Three products for each row and network: forward, and backward for weights and for inputs."""
    found = prepared(tmp_path, 150)
    found = replace(found, space=space(widest=widest, most_layers=layers))
    sizes = [3, *[hidden] * min(2, layers), 3]
    flops = 2 * sum(a * b for a, b in pairwise(sizes))
    epoch = 4 * 8e-5 + 3 * flops * 120 * 5 / 2e10  # four batches of at most 32 of the 120 rows
    expected = seconds([[6, 2, 1], [2, 1, 1]], [27, 81, 243], epoch)
    assert found.seconds() == pytest.approx(expected, rel=1e-3)


def test_the_best_that_is_trained_on_takes_time_too(tmp_path: Path) -> None:
    found = prepared(tmp_path, 40)
    found = replace(found, space=space(most_layers=0))
    epoch = 1 * 8e-5 + 3 * 2 * 3 * 3 * 40 / 2e10
    assert found.seconds() == pytest.approx(seconds([[7, 3, 1], [2, 1, 1]], [33, 100, 300], epoch), rel=1e-3)


def test_by_default_there_is_a_worker_for_each_core_if_there_is_work_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 100)
    few, images = prepared(tmp_path, 150), prepared(tmp_path, 150, shape=(1, 2, 3), inputs=6)
    assert few.seconds() > 0.5
    assert few.workers(None) == 8
    assert replace(images, settings=replace(images.settings, generations=1000)).workers(None) == 9
    assert (images.workers(9), images.workers(10)) == (9, 9)  # the best is trained on, beside the eight
    short = replace(few, settings=replace(few.settings, generations=0), strategy=replace(few.strategy, epochs=1))
    assert short.seconds() < 0.5
    assert short.workers(None) == 1
    monkeypatch.setattr(cores, "usable", lambda: 3)
    assert few.workers(None) == 3


@pytest.mark.parametrize(("rows", "widest", "inherits"), [
    # Two hidden layers of 874 units have 770,871 parameters: times 6 * 1600 rows * 27 epochs, that is 1.998e11.
    (2000, 1748, False), (2000, 1749, True),
    # 318 units are 103,671 parameters: times 6 * 800 rows * 80 epochs * 5 folds, that is 1.990e11.
    (1000, 636, False), (1000, 637, True),
])  # fmt: skip
def test_weights_are_inherited_where_a_training_takes_more_than_2e11_operations(
    tmp_path: Path, rows: int, widest: int, inherits: bool
) -> None:
    assert prepared(tmp_path, rows, widest=widest).strategy.inherits == inherits
    assert not prepared(tmp_path, rows, widest=widest, inherit="never").strategy.inherits


@pytest.mark.parametrize(
    ("words", "images"),
    [
        ({}, False),
        ({"shape": (1, 2, 3)}, True),
        ({"shape": (6, 1, 1)}, True),
        ({"start": ModelDescription.parse("3 2 1\ninput\ndense 3 softmax\n")}, True),
        ({"start": ModelDescription.parse("1 2 3\ninput\ndense 3 softmax\n")}, True),
        ({"start": ModelDescription.parse("6 1 1\ninput\ndense 3 softmax\n")}, False),
        ({"start": ModelDescription.parse("1 1 6\ninput\ndense 3 softmax\n")}, False),
    ],
)
def test_inputs_are_images_where_a_shape_or_the_first_model_says_so(
    tmp_path: Path, words: dict[str, Any], images: bool
) -> None:
    found = prepared(tmp_path, 60, inputs=6, **words)
    assert (found.space.images, found.strategy.inherits) == (images, images)
    assert (found.regime.epochs, found.final) == ((9, "single") if images else (243, "merged"))
    assert prepared(tmp_path, 40, inputs=6, **words).regime.epochs == 300


def test_a_shape_is_depth_height_and_width(tmp_path: Path) -> None:
    assert str(prepared(tmp_path, 60, inputs=6, shape=(1, 2, 3)).start.description).startswith("3 2 1\n")
    assert str(prepared(tmp_path, 60, inputs=6).start.description).startswith("6 1 1\n")


@pytest.mark.parametrize(("shape", "means"), [((2, 1, 3), [3, 3]), ((3, 2, 1), [2, 2, 2]), (None, [1] * 6)])
def test_pixels_share_the_mean_of_their_channel(
    tmp_path: Path, shape: tuple[int, int, int] | None, means: list[int]
) -> None:
    mean = prepared(tmp_path, 60, inputs=6, shape=shape).encoding.scaling.mean
    assert [len(set(part)) for part in np.split(mean, np.cumsum(means)[:-1])] == [1] * len(means)
    assert len(set(mean.tolist())) == len(means)


def test_targets_that_are_numbers_are_standardised_unless_the_last_layer_has_an_activation(tmp_path: Path) -> None:
    assert prepared(tmp_path, 60, "number").encoding.targets.scale.tolist() != [1]
    assert prepared(tmp_path, 40, "number").encoding.targets.scale.tolist() != [1]
    start = ModelDescription.parse("3 1 1\ninput\ndense 1 softplus\n")
    assert prepared(tmp_path, 60, "number", start=start).encoding.targets.scale.tolist() == [1]


def test_a_column_that_is_the_same_everywhere_is_ignored(tmp_path: Path) -> None:
    assert of_table(tmp_path, ["7"], ["a", "b"]).doubts() == [
        "column 'v' is the same in all training rows and is ignored"
    ]
    assert of_table(tmp_path, ["7", "8"], ["a", "b"]).doubts() == []


@pytest.mark.parametrize(
    ("values", "labels", "words", "message"),
    [
        (["1", "2"], ["a"], {}, "t.csv: expected two classes or more in column 'y', got 'a' in all rows"),
        (["1", "2"], ["a", "b"], {"inputs": 5}, "t.csv: expected INPUTS 2, as many as the table has, got 5"),
        (["p", "q", "r"], ["a", "b"], {"inputs": 2},
         "t.csv: expected INPUTS 4, as many as the table has (from 2 columns), got 2"),
        (["1", "2"], ["a", "b"], {"outputs": 3}, "t.csv: expected OUTPUTS 2 (classes 'a', 'b') or 1 (yes or no, b or a)"
                                                 ", got 3"),
        (["1", "2"], ["0", "1"], {"outputs": 9}, "OUTPUTS 2 (classes '0', '1') or 1 (yes or no, 1 or 0), got 9"),
        (["1", "2"], ["0", "1", "2"], {"outputs": 9}, "OUTPUTS 3 (classes '0', '1', '2') or 1 (numbers, 'y'), got 9"),
        (["1", "2"], ["a", "b"], {"outputs": 3, "start": ModelDescription.parse("2 1 1\ninput\ndense 2 softmax\n")},
         "t.csv: expected OUTPUTS 2 (classes 'a', 'b'), got 3"),
        (["1", "2"], ["a", "b"], {"inputs": 3, "start": ModelDescription.parse("2 1 1\ninput\ndense 2 softmax\n")},
         "t.csv: expected INPUTS 2, as many as the table has, got 3"),
    ],
)  # fmt: skip
def test_a_network_that_does_not_fit_the_table_is_refused(
    tmp_path: Path, values: list[str], labels: list[str], words: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput) as told:
        of_table(tmp_path, values, labels, **words)
    assert message in str(told.value)


def test_amounts_between_0_and_1_are_amounts_like_any_others(tmp_path: Path) -> None:
    assert str(of_table(tmp_path, ["1", "2"], ["0", "0.5"], outputs=1).start.layers[-1]) == "dense 1 -"
    assert str(of_table(tmp_path, ["1", "2"], ["0", "1"], outputs=1).start.layers[-1]) == "dense 1 sigmoid"


def test_a_loss_is_the_usual_one_or_the_one_that_was_asked_for_and_fits(tmp_path: Path) -> None:
    assert prepared(tmp_path, 60, loss="mean-square").regime.loss == "mean-square"
    with pytest.raises(BadInput, match="categorical-cross-entropy"):
        prepared(tmp_path, 60, "number", loss="categorical-cross-entropy")


def test_a_normalization_needs_two_rows(tmp_path: Path) -> None:
    start = ModelDescription.parse("3 1 1\ninput\ndense 4 -\nbatch_normalization relu\ndense 1 -\n")
    with pytest.raises(BadInput, match=r"batches of 2 rows or more .*got a batch of 1; try another model"):
        prepared(tmp_path, 1, "number", start=start)
    assert prepared(tmp_path, 2, "number", start=start).mode == "training"


def test_a_model_that_could_not_be_saved_is_not_searched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerash_cli.model.trained.MOST_INPUTS", 2)
    with pytest.raises(BadInput, match="expected at most 2 inputs, got 3"):
        prepared(tmp_path, 60)


def test_where_nothing_can_change_only_a_first_generation_is_searched(tmp_path: Path) -> None:
    found = prepared(tmp_path, 40)
    none = replace(found.settings, generations=0, most_layers=0)
    assert prepare(found.table, None, ["y"], none).space.most_layers == 0
    with pytest.raises(BadInput, match="--max-layers"):
        prepare(found.table, None, ["y"], replace(none, generations=1))


@pytest.mark.parametrize(("rows", "networks"), [(60, 5), (2000, 1)])
def test_the_widest_network_needs_room_for_five_vectors_of_each_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, networks: int
) -> None:
    size = 4 * 3000 + 3001 * 3000 + 3001 * 3
    needed = 5 * 4 * size * networks
    monkeypatch.setattr("kerash_cli.system.memory.available", lambda: needed)
    words = {"widest": 3000, "most_layers": 2}
    assert prepared(tmp_path, rows, **words).space.widest == 3000
    monkeypatch.setattr("kerash_cli.system.memory.available", lambda: needed - 1)
    with pytest.raises(OutOfSpace, match="try a smaller --max-width or --max-layers"):
        prepared(tmp_path, rows, **words)


def test_the_first_network_needs_room_for_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = ModelDescription.parse("3 1 1\ninput\ndense 900 tanh\ndense 900 tanh\ndense 3 softmax\n")
    words = {"start": start, "widest": 4, "most_layers": 3}
    needed = prepared(tmp_path, 60, **words).start.network.plan_bytes(48, 4)
    monkeypatch.setattr("kerash_cli.system.memory.available", lambda: needed)
    assert prepared(tmp_path, 60, **words).start.description == start
    monkeypatch.setattr("kerash_cli.system.memory.available", lambda: needed - 1)
    with pytest.raises(OutOfSpace, match="try to start from a smaller model"):
        prepared(tmp_path, 60, **words)


MIXING = ModelDescription.parse("3 1 1\ninput\ndense 4 softmax\ndense 3 softmax\n")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (40, {}),
        (2000, {}),
        (60, {"shape": (1, 1, 3)}),
        (60, {"start": MIXING}),
        (60, {"activations": ("tanh", "softmax")}),
    ],
)
def test_only_the_dense_networks_of_a_cross_validation_are_merged(
    tmp_path: Path, rows: int, words: dict[str, Any]
) -> None:
    assert prepared(tmp_path, rows, **words).final == "single"
    assert prepared(tmp_path, rows, final="single", **words).final == "single"
    with pytest.raises(BadInput, match="--final merged"):
        prepared(tmp_path, rows, final="merged", **words)


def test_networks_are_merged_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    assert [prepared(tmp_path, 60, final=final).final for final in (None, "merged", "single")] == [
        *("merged", "merged", "single")
    ]
    assert prepared(tmp_path, 60, start=ModelDescription.parse(SMALL)).final == "merged"
