import copy
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from mutating import change
from sklearn import metrics as oracle

from kerash_cli.commands import show
from kerash_cli.encoding.learning import learn
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput, Damaged, Diverged
from kerash_cli.model import archive
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.scoring import MOST_TABLED
from kerash_cli.model.trained import TrainedModel
from kerash_cli.system.files import replacing
from kerash_cli.tables.table import Table

TRAINING = {
    "settings": {"seed": 0, "loss": "mean-square", "init": None},
    "sha256": {"data": "ab" * 32, "label": None},
    "epochs": 30,
    "best_epoch": 20,
    "stopped": "patience",
    "scored_on": "validation",
}


def table(columns: np.ndarray) -> Table:
    return Table("t.csv", None, np.asarray(columns, float), {}, range(1, len(columns) + 1))


def model(layer: str, inputs: list[float], labels: np.ndarray | list[float]) -> TrainedModel:
    """A network of one input and that layer, of all zeros, trained on nothing but scored on its data."""
    x, y = table(np.array(inputs)[:, None]), table(np.array(labels).reshape(len(inputs), -1))
    description = ModelDescription.parse(f"1 1 1\ninput\n{layer}\n")
    output, outputs = description.activation.output, description.outputs
    encoding = learn(x, y, inputs=1, outputs=outputs, output=output).fitted(x, y)
    network = Network(description.resolve(1, encoding.outputs).layers, (1, 1, 1))
    params = np.zeros(network.size)
    made = TrainedModel(description.resolve(1, encoding.outputs), network, params, encoding, {})
    scores = made.scores(made.outputs(encoding.encode_inputs(x, np.float64)), encoding.encode_targets(x, y, np.float64))
    return made._replace(training={**TRAINING, "metrics": scores})


@pytest.fixture
def line() -> TrainedModel:
    return model("dense ? -", [1.0, 2.0, 3.0], [1.0, 2.0, 4.0])


def saved(trained: TrainedModel, path: Path) -> Path:
    with replacing(path) as output:
        trained.save(output)
    return path


def test_what_is_saved_is_loaded(line: TrainedModel, tmp_path: Path) -> None:
    again = TrainedModel.load(str(saved(line, tmp_path / "m.kerash")))
    assert again.description == line.description
    assert again.params.tolist() == line.params.tolist()
    assert again.encoding.to_json() == line.encoding.to_json()
    assert again.training == line.training


def test_many_classes_can_be_saved(tmp_path: Path) -> None:
    trained = model("dense ? softmax", [float(row) for row in range(1040)], [float(row // 2) for row in range(1040)])
    assert np.shape(trained.training["metrics"]["confusion"]) == (520, 520)
    trained.check_size()
    figures = TrainedModel.load(str(saved(trained, tmp_path / "m.kerash"))).training["metrics"]
    assert figures["accuracy"] == trained.training["metrics"]["accuracy"]
    assert figures.keys() == {"rows", "accuracy", "interval", "baseline", "log_loss"}


def test_a_great_many_classes_have_no_table() -> None:
    assert "confusion" in model(f"dense {MOST_TABLED} softmax", [0.0, 1.0], [0.0, 1.0]).training["metrics"]
    tracemalloc.start()
    scores = model("dense 30000 softmax", [0.0, 1.0], [0.0, 1.0]).training["metrics"]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert scores.keys() == {"rows", "accuracy", "interval", "baseline", "log_loss"}
    assert most < 100_000_000


def test_a_model_that_is_too_large_to_save_is_known_before_it_is_trained() -> None:
    trained = model("dense 300000 softmax", [0.0, 1.0], [0.0, 1.0])
    with pytest.raises(BadInput, match="expected a header of at most"):
        trained._replace(training={}).check_size()


@pytest.mark.parametrize(
    ("stopped", "end"),
    [
        ("epochs", "best epoch 20 of 30"),
        ("patience", "best epoch 20; stopped at 30 after 10 without improvement"),
        ("time", "best epoch 20; stopped at 30, out of time"),
        ("interrupted", "best epoch 20; stopped at 30, interrupted"),
    ],
)
def test_the_summary_says_how_good_it_was_and_what_ended_training(line: TrainedModel, stopped: str, end: str) -> None:
    # Zeros for 1, 2 and 4: the root of 21 / 3; their mean is 7 / 3 and misses them by the root of 14 / 9.
    text = line._replace(training={**line.training, "stopped": stopped}).summary()
    assert text == f"rmse 2.646 on 3 validation rows (naive guess 1.247), {end}"


def test_several_labels_are_right_where_all_of_a_row_are() -> None:
    labels = np.array([[1, 0], [1, 1], [1, 0], [0, 0]])
    trained = model("dense 2 sigmoid", [1.0, 2.0, 3.0, 4.0], labels)
    scores = trained.scores(np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.1]]), labels.astype(float))
    assert scores["rows"] == 4
    assert scores["accuracy"] == 0.5
    assert scores["interval"] == pytest.approx((0.1500, 0.8500), abs=1e-4)  # Wilson of 2 in 4, not of 5 in 8
    assert scores["baseline"] == {"accuracy": 0.5}  # always 1 and 0


def test_each_of_several_targets_has_scores_of_its_own() -> None:
    truth = np.array([[1.0, 1000.0], [2.0, 3000.0], [4.0, 2000.0]])
    guess = truth + np.array([[0.5, 10], [-0.5, 20], [1, -30]])
    scores = model("dense ? -", [1.0, 2.0, 3.0], truth).scores(guess, truth)
    assert list(scores["targets"]) == ["target 1", "target 2"]
    for column, figures in enumerate(scores["targets"].values()):
        expected, predicted = truth[:, column], guess[:, column]
        assert figures == pytest.approx(
            {
                "mae": oracle.mean_absolute_error(expected, predicted),
                "rmse": oracle.mean_squared_error(expected, predicted) ** 0.5,
                "r2": oracle.r2_score(expected, predicted),
            }
        )


def test_one_target_has_no_scores_beside_those_of_all(line: TrainedModel) -> None:
    assert line.training["metrics"].keys() == {"rows", "mae", "rmse", "r2", "baseline"}


@pytest.mark.parametrize("targets", [[1e200, 2e200, 3e200], [1.5e308] * 3])
@pytest.mark.parametrize("layer", ["dense ? relu", "dense ? -"])
def test_scores_of_large_targets_are_finite(layer: str, targets: list[float]) -> None:
    json.dumps(model(layer, [1.0, 2.0, 3.0], targets).training, allow_nan=False)


@pytest.mark.parametrize("output", [float("nan"), float("inf"), 1e308])
def test_an_output_that_overflows_has_no_scores(output: float) -> None:
    x = table([[1.0], [2.0]])
    y = table([[0.0], [1000.0]])
    trained = model("dense ? -", [1.0, 2.0], [0.0, 1000.0])
    encoding = trained.encoding.fitted(x, y, standardize_targets=True)
    with pytest.raises(Diverged, match="expected finite outputs"):
        trained._replace(encoding=encoding).scores(np.array([[output], [0.0]]), np.zeros((2, 1)))


# Records with a right digest that no training wrote


JUNK = [None, True, -1, 1.5, 2**70, "x", [], ["x"], {}, {"x": []}]


def changes() -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Names of changes, their paths, and the values put there, if any."""
    head = "1 1 1\ninput\n"
    for text in (
        "? 1 1\ninput\ndense 1 -\n",
        f"{head}dense ? -\n",
        f"{head}dense ? softmax\n",
        f"{head}dense 2 -\n",
        "2 1 1\ninput\ndense 1 -\n",
        f"{head}dense 1 softmax\n",
        f"{head}dense {2**50} -\n",
        f"{head}dense {2**50} relu\ndense 1 -\n",
        f"{head}dense {10**400} relu\ndense 1 -\n",
        f"{2**50} {2**50} 1\ninput\nflatten\ndense 1 -\n",
        f"{head}dense 2 relu\ndense 1 -\n",
        "",
    ):
        yield f"model {text[:40]!r}", ("model",), {"to": text}
    known = ("model", "bias", "encoding", "training")
    paths = [(name,) for name in known]
    paths += [("training", name) for name in (*TRAINING, "metrics")]
    paths += [("training", "metrics", name) for name in ("rows", "rmse", "baseline")]
    paths += [("training", "metrics", "baseline", "rmse")]
    fine = {("training", "settings"): dict, ("training", "sha256"): dict}
    for path in paths:
        yield f"no {path}", path, {}
        for value in JUNK:
            is_fine = (path == ("bias",) and value is True) or (value == {} and path in fine)
            number = path[-1] in ("rmse",) and isinstance(value, float)
            strings = path == ("training", "settings") and isinstance(value, dict)
            if not (is_fine or number or strings):
                yield f"{path} {value!r}", path, {"to": value}
    yield "no bias", ("bias",), {"to": False}
    yield "more", ("more",), {"to": 1}
    yield "epochs", ("training", "best_epoch"), {"to": 31}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> archive.Artifact:
    path = tmp_path_factory.mktemp("sound") / "m.kerash"
    return archive.load(saved(model("dense ? -", [1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), path))


@pytest.mark.parametrize(("path", "put"), [pytest.param(path, put, id=name) for name, path, put in changes()])
def test_a_record_that_contradicts_itself_is_damage(
    path: tuple[str, ...], put: dict[str, Any], sound: archive.Artifact, tmp_path: Path
) -> None:
    record = copy.deepcopy(sound.record)
    change(record, *path, **put)
    file = str(tmp_path / "m.kerash")
    Path(file).write_bytes(archive.pack(sound.tensors, record))
    tracemalloc.start()
    with pytest.raises(Damaged) as error:
        TrainedModel.load(file)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(error.value).startswith(f"{file}: expected a saved model, got one that contradicts itself: ")
    assert str(error.value).isprintable()
    assert most < 10_000_000
    assert isinstance(CliRunner().invoke(show.command, [file]).exception, Damaged)


@pytest.mark.parametrize("tensors", ["fewer", "other", "turned", "mixed"])
def test_weights_of_another_network_are_damage(tensors: str, sound: archive.Artifact, tmp_path: Path) -> None:
    (bias, weights) = sorted(sound.tensors)
    kept = sound.tensors
    changed = {
        "fewer": {weights: kept[weights]},
        "other": {bias: kept[bias], "w": kept[weights]},
        "turned": {bias: kept[bias].reshape(1, 1, 1), weights: kept[weights]},
        "mixed": {bias: kept[bias].astype(np.float32), weights: kept[weights]},
    }[tensors]
    path = tmp_path / "m.kerash"
    path.write_bytes(archive.pack(changed, sound.record))
    with pytest.raises(Damaged, match="contradicts itself"):
        TrainedModel.load(str(path))
