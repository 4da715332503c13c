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
from kerash_cli.evolution.portfolio import PORTFOLIO
from kerash_cli.evolution.preparation import PreparedSearch, SearchSettings, _mode, all_rows, batch_size, prepare
from kerash_cli.evolution.search import stage_samples
from kerash_cli.evolution.space import FOR_TABLES
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.stage import PAGE, stage
from kerash_cli.system import cores
from kerash_cli.tables import reading

VIEWS_OF_THREE = (
    *(("standard", 3), ("quantile", 6), ("piecewise", 27), ("piecewise:16", 51), ("quantile,piecewise", 30)),
)
"""Of three columns of numbers: each has a z-score, and may have a normal quantile and eight or sixteen pieces."""
SMALL = "3 1 1\ninput\ndense 4 tanh\ndense 3 softmax\n"


def of_table(folder: Path, values: list[str], labels: list[str], **words: Any) -> PreparedSearch:
    """A search over sixty rows in which values and labels take turns."""
    lines = [f"{i / 7},{values[i % len(values)]},{labels[i % len(labels)]}" for i in range(60)]
    (folder / "t.csv").write_text("\n".join(["u,v,y", *lines]) + "\n", encoding="ascii")
    return prepare(reading.read(str(folder / "t.csv")), None, ["y"], SearchSettings(8, 10, **words))


@pytest.mark.parametrize("rows", [49, 50, 54, 78, 1999, 2000, 2003, 20_000, 20_003])
def test_the_rows_that_train_are_those_that_batches_are_made_of(tmp_path: Path, rows: int) -> None:
    found = prepared(tmp_path, rows)
    training = found.split(0).training.shape[1]
    fewer = {"training": 0, "cross-validation": rows // 5, "hold-out": round(rows / 5)}[found.mode]
    assert training == rows - fewer
    assert found.regime.batch_size == (training if training < 64 else 32)


@pytest.mark.parametrize(("rows", "size"), [(1, 1), (63, 63), (64, 32), (65, 32), (1000, 32)])
def test_fewer_than_two_batches_of_32_are_one(rows: int, size: int) -> None:
    assert batch_size(rows) == size


def test_all_rows_train_and_judge(tmp_path: Path) -> None:
    every = [list(range(40))]
    for folds in (all_rows(40), prepared(tmp_path, 40).split(0), prepared(tmp_path, 40).split(1)):
        assert (folds.training.tolist(), folds.validation.tolist()) == (every, every)


def test_a_fifth_of_many_rows_is_held_out_of_each_class_alike(tmp_path: Path) -> None:
    found = prepared(tmp_path, 22_000, "yes or no")
    first, again, final = found.split(0), found.split(0), found.split(1)
    assert (first.training.shape, first.validation.shape) == ((1, 17_600), (1, 4400))
    assert sorted([*first.training[0], *first.validation[0]]) == list(range(22_000))
    assert np.bincount(first.validation[0] % 2).tolist() == [2200, 2200]
    assert first.validation.tolist() == again.validation.tolist() != final.validation.tolist()
    other = prepared(tmp_path, 22_000, "yes or no", seed=1).split(0)
    assert other.validation.tolist() != first.validation.tolist()


@pytest.mark.parametrize(("rows", "rate", "decay"), [(49, 0.05, 1e-4), (50, (1e-3 * 3e-2) ** 0.5, (1e-4 * 3) ** 0.5)])
def test_settings_begin_in_the_middle_of_what_is_drawn(tmp_path: Path, rows: int, rate: float, decay: float) -> None:
    start = prepared(tmp_path, rows).start
    assert (start.learning_rate, start.weight_decay) == (float(f"{rate:.4g}"), float(f"{decay:.4g}"))


def test_the_identity_is_all_that_decides_the_result(tmp_path: Path) -> None:
    found = prepared(tmp_path, 60, pick="small")
    identity = found.identity()
    assert identity.pop("columns") == found.encoding.to_json()
    assert identity == {
        **{"data": found.table.sha256, "label": None, "mode": "cross-validation", "pick": "small", "final": "merged"},
        "strategy": {"population": 8, "seed": 0, "inherits": False, "random": False, "ensembles": True},
        "start": {
            **{"model": "3 1 1\ninput\ndense 3 softmax\n", "learning_rate": 0.005477, "weight_decay": 0.01732},
            **{"steps": 1000, "view": "standard"},
        },
        "space": {
            **{"activations": FOR_TABLES, "widest": 256, "most_layers": 3, "images": False, "tunes": True},
            **{"views": VIEWS_OF_THREE, "most_parameters": None},
        },
        "regime": {
            **{"batch_size": 48, "loss": "categorical-cross-entropy", "dtype": "float32"},
            **{"for_table": True, "answers": True},
        },
        "rungs": [1 / 3, 1.0],
    }
    assert replace(found, settings=replace(found.settings, generations=99)).identity() == found.identity()


def test_labels_of_a_second_file_are_part_of_the_identity(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "y.csv").write_text("p\nq\n" * 30, encoding="ascii")
    table, labels = (reading.read(str(tmp_path / name)) for name in ("x.csv", "y.csv"))
    assert prepare(table, labels, (), SearchSettings(8, 10)).identity()["label"] == labels.sha256
    with pytest.raises(BadInput, match=r"y\.csv: expected OUTPUTS 2 \(classes .*\) or 1 \(.*\), got 7"):
        prepare(table, labels, (), SearchSettings(8, 10, outputs=7))


def test_a_stage_has_room_for_samples_views_and_three_divisions_into_folds(tmp_path: Path) -> None:
    """Each file has a header of 128 bytes, and may take another page."""
    file = 128 + PAGE
    features = 3 * (1 + 1 + 8 + 16)  # a z-score, a normal quantile, and pieces of both kinds
    samples = 60 * (features + 1) * 4 + 60 * 3 * 4 + 60 * 4 + 3 * file  # inputs and a one, outputs, and weights
    views = 8 * (3 + 6 + 27 + 51 + 30) + 5 * file
    assert prepared(tmp_path, 60).staged_bytes() == samples + views + 3 * 2 * (5 * 60 * 8 + file)
    whole = 40 * 4 * 4 + 40 * 3 * 4 + 40 * 4 + 3 * file
    assert prepared(tmp_path, 40).staged_bytes() == whole + 3 * 2 * (40 * 8 + file)


@pytest.mark.parametrize("rows", [40, 60])
def test_what_is_staged_takes_no_more_room_than_was_said(tmp_path: Path, rows: int) -> None:
    found = prepared(tmp_path, rows)
    with stage(10**8, str(tmp_path), lambda line: None) as place:
        stage_samples(found, place)
        files = [path.stat().st_size for path in place.folder.iterdir()]
    assert sum(files) <= found.staged_bytes()


@pytest.mark.parametrize(
    ("rows", "words", "plan"),
    [
        (40, {}, "evolution: population 8, generations 0 to 10, seed 0; fewer than 50 rows, so all rows train and "
                 "judge; weights inherited; about "),
        (20_001, {"seed": 4}, "evolution: population 8, generations 0 to 10, seed 4; 20% of the rows held out; "
                              "7 proven networks first, then mutations of the best ensemble; about "),
        (60, {"population": 5, "inherit": "never"}, "evolution: population 5, generations 0 to 10, seed 0; "
         "cross-validation in 5 folds; 4 proven networks first, then mutations of the best ensemble; about "),
        (60, {"population": 99}, "evolution: population 99, generations 0 to 10, seed 0; cross-validation in 5 folds; "
         f"{len(PORTFOLIO)} proven networks first, then mutations of the best ensemble; about "),
        (60, {"population": 4}, "evolution: population 4, generations 0 to 10, seed 0; cross-validation in 5 folds; "
                                "weights drawn afresh; about "),
        (60, {"final": "single"}, "evolution: population 8, generations 0 to 10, seed 0; cross-validation in 5 folds; "
                                  "weights drawn afresh; about "),
        (60, {"inherit": "always"}, "evolution: population 8, generations 0 to 10, seed 0; cross-validation in 5 folds;"
                                    " weights inherited; about "),
        (60, {"strategy": "random"}, "random search: population 8, generations 0 to 10, seed 0; cross-validation in 5 "
                                     "folds; weights drawn afresh; about "),
    ],
)  # fmt: skip
def test_the_plan_is_told_in_a_line(tmp_path: Path, rows: int, words: dict[str, object], plan: str) -> None:
    found = prepared(tmp_path, rows, **words)
    assert found.describe()[1].startswith(plan)


@pytest.mark.parametrize(("widest", "hidden", "layers"), [(20, 10, 4), (4001, 2001, 4), (4000, 2000, 1), (9, 0, 0)])
def test_a_search_takes_as_long_as_its_steps_and_their_arithmetic(
    tmp_path: Path, widest: int, hidden: int, layers: int
) -> None:
    """Three products for each row and network: forward, and backward for weights and for inputs. Four in a generation
    are trained to the end."""
    found = prepared(tmp_path, 150, population=4)
    found = replace(found, space=space(widest=widest, most_layers=layers))
    sizes = list(pairwise([3, *[hidden] * min(2, layers), 3]))
    flops, size = 2 * sum(a * b for a, b in sizes), sum((a + 1) * b for a, b in sizes)
    step = 8e-5 + 5 * (3 * flops * 32 + 20 * size) / 2e10
    assert found.seconds() == pytest.approx(11 * 4 * 1000 * step, rel=1e-3)


def test_the_best_that_is_trained_on_takes_time_too(tmp_path: Path) -> None:
    """Of seven and of two, the better third goes on after a ninth of a training, and again after a third."""
    found = prepared(tmp_path, 40)
    found = replace(found, space=space(most_layers=0))
    step = 8e-5 + (3 * 2 * 3 * 3 * 40 + 20 * 12) / 2e10
    trainings = (7 + 2) / 9 + (3 + 1) * 2 / 9 + (1 + 1) * 2 / 3
    assert found.seconds() == pytest.approx(11 * trainings * 300 * step, rel=1e-3)


def test_by_default_there_is_a_worker_for_each_core_if_there_is_work_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 100)
    few, images = prepared(tmp_path, 150), prepared(tmp_path, 150, shape=(1, 2, 3), inputs=6)
    assert few.seconds() > 0.5
    assert few.workers(None) == 8
    assert replace(images, settings=replace(images.settings, generations=1000)).workers(None) == 9
    assert (images.workers(9), images.workers(10)) == (9, 9)  # the best is trained on, beside the eight
    short = replace(few, settings=replace(few.settings, generations=0), start=replace(few.start, steps=1))
    short = replace(short, strategy=replace(few.strategy, population=1))
    assert short.seconds() < 0.5
    assert short.workers(None) == 1
    monkeypatch.setattr(cores, "usable", lambda: 3)
    assert few.workers(None) == 3


@pytest.mark.parametrize(
    ("inputs", "mode", "inherits"),
    [
        # With n inputs, two layers of 64 units take 2 (64 n + 64 * 64 + 64 * 3) operations a row, and have
        # 64 n + 4419 parameters. 100 rows are trained for 333 epochs of three batches: for five networks, that is
        # 999 (15 * 32 * operations + 100 * parameters), which is 2e11 between 2883 and 2884.
        *((3, "cross-validation", False), (2883, "cross-validation", False), (2884, "hold-out", False)),
        # For one network it is 999 (3 * 32 * operations + 20 * parameters), which is 2e11 between 14688 and 14689.
        *((14_688, "hold-out", False), (14_689, "hold-out", True)),
    ],
)
def test_expensive_searches_hold_rows_out_and_still_more_expensive_ones_inherit(
    inputs: int, mode: str, inherits: bool
) -> None:
    description = ModelDescription.parse(f"{inputs} 1 1\ninput\ndense 3 softmax\n")
    settings = SearchSettings(8, 10)
    assert _mode(description, 100, False, settings) == (mode, inherits)
    assert _mode(description, 100, False, replace(settings, inherit="never")) == (mode, False)
    assert _mode(description, 100, False, replace(settings, inherit="always")) == (mode, True)
    assert _mode(description, 100, False, replace(settings, strategy="random")) == (mode, False)


@pytest.mark.parametrize(
    ("rows", "mode"), [(49, "training"), (50, "cross-validation"), (2000, "cross-validation"), (2001, "hold-out")]
)
def test_of_more_than_2000_images_some_are_held_out(rows: int, mode: str) -> None:
    description = ModelDescription.parse("8 8 1\ninput\ndense 10 softmax\n")
    assert _mode(description, rows, True, SearchSettings(8, 10)) == (mode, True)
    assert _mode(description, rows, True, SearchSettings(8, 10, inherit="never")) == (mode, False)


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
    assert (found.space.is_for_tables, found.regime.for_table, found.strategy.ensembles) == (not images,) * 3
    steps = 9 if images else 1000  # 48 rows train, as one batch
    assert (found.start.steps, found.final) == (steps, "single" if images else "merged")
    few = prepared(tmp_path, 40, inputs=6, **words)
    assert (few.start.steps, few.regime.for_table) == (300, False)


def test_a_shape_is_depth_height_and_width(tmp_path: Path) -> None:
    assert str(prepared(tmp_path, 60, inputs=6, shape=(1, 2, 3)).start.description).startswith("3 2 1\n")
    assert str(prepared(tmp_path, 60, inputs=6).start.description).startswith("6 1 1\n")


@pytest.mark.parametrize(("shape", "means"), [((2, 1, 3), [3, 3]), ((3, 2, 1), [2, 2, 2]), (None, [1] * 6)])
def test_pixels_share_the_mean_of_their_channel(
    tmp_path: Path, shape: tuple[int, int, int] | None, means: list[int]
) -> None:
    mean = prepared(tmp_path, 60, inputs=6, shape=shape).base.scaling.mean
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


@pytest.mark.parametrize(("rows", "networks"), [(60, 5), (20_001, 1)])
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
        (60, {"shape": (1, 1, 3)}),
        (60, {"start": MIXING}),
        (60, {"activations": ("tanh", "softmax")}),
    ],
)
def test_only_dense_networks_that_validate_are_merged(tmp_path: Path, rows: int, words: dict[str, Any]) -> None:
    assert prepared(tmp_path, rows, **words).final == "single"
    assert prepared(tmp_path, rows, final="single", **words).final == "single"
    with pytest.raises(BadInput, match="--final merged"):
        prepared(tmp_path, rows, final="merged", **words)


def test_networks_are_merged_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    assert [prepared(tmp_path, 60, final=final).final for final in (None, "merged", "single")] == [
        *("merged", "merged", "single")
    ]
    assert prepared(tmp_path, 60, start=ModelDescription.parse(SMALL)).final == "merged"
    assert prepared(tmp_path, 20_001).final == "merged"


@pytest.mark.parametrize(
    ("rows", "words", "ensembles"),
    [
        (60, {}, True),
        (60, {"population": 5}, True),
        (60, {"population": 4}, False),
        (60, {"strategy": "random"}, True),
        (60, {"final": "single"}, False),
        (60, {"inherit": "always"}, False),
        (60, {"activations": ("tanh", "softmax")}, False),
        (40, {}, False),
        (20_001, {}, True),
    ],
)
def test_candidates_compete_for_an_ensemble_where_five_of_them_for_a_table_can_be_merged(
    tmp_path: Path, rows: int, words: dict[str, Any], ensembles: bool
) -> None:
    found = prepared(tmp_path, rows, **words)
    assert found.strategy.ensembles == ensembles
    assert found.regime.answers == (found.final == "merged")
    portfolio = "proven networks first" in found.describe()[1]
    assert portfolio == (ensembles and not found.strategy.random)
