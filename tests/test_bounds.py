"""What a few bytes of input can ask for: memory is asked for before it is taken, and is never rows times names."""

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import Kerash
from measuring import traced
from streamed import stream

from kerash_cli.encoding.learning import plain
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction.lines import Predictions
from kerash_cli.system import files, memory
from kerash_cli.tables.table import Table

LONG = "n" * 60_000
"""The name of a class."""

CLASSES = "? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n"


@pytest.fixture
def long_names(kerash: Kerash, tmp_path: Path) -> Path:
    """A model one of whose classes has a long name, which it predicts for the rows of `rows.csv`."""
    (tmp_path / "c.model").write_text(CLASSES)
    names = [LONG if row % 2 else "ab"[row // 2 % 2] for row in range(200)]
    (tmp_path / "known.csv").write_text("x,kind\n" + "".join(f"{row % 2},{names[row]}\n" for row in range(200)))
    (tmp_path / "rows.csv").write_text("x\n" + "1\n" * 500)
    options = ("--target", "kind", "--epochs", "40", "-q", "-o", "long.kerash")
    assert kerash("train", "c.model", "known.csv", *options).code == 0
    return tmp_path


@pytest.mark.parametrize(
    "options",
    [
        *({}, {"proba": True}, {"top_k": 1}, {"top_k": 3}, {"append": True}),
        *({"format": "jsonl"}, {"top_k": 3, "format": "jsonl"}, {"proba": True, "format": "jsonl"}),
    ],
)
def test_predicting_does_not_take_rows_times_the_longest_name(long_names: Path, options: dict[str, int]) -> None:
    trained = TrainedModel.load(str(long_names / "long.kerash"))
    path, append = str(long_names / "rows.csv"), bool(options.get("append"))
    schema = trained.encoding.schema
    (block,) = stream(path, schema=schema, records=append)
    assert isinstance(block, Table)
    predictions = Predictions(trained, **options)  # type: ignore[arg-type]
    rows = size = 0
    with traced() as most:
        for text in predictions.lines(block):
            rows, size = rows + text.count("\n"), size + len(text)
        assert most() < 60_000_000
    assert rows == block.rows + append  # a line of names
    assert size > block.rows * (4 if "proba" in options else len(LONG))


def test_the_names_of_classes_are_shortened_in_a_report_for_people(kerash: Kerash, long_names: Path) -> None:
    done = kerash("evaluate", "long.kerash", "known.csv")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) < 300
    assert LONG in kerash("evaluate", "long.kerash", "known.csv", "--json").out


def growing(layers: int) -> ModelDescription:
    """A network each of whose layers makes an image three times as wide and high."""
    lines = ["2 2 1", "input", *(f"convolution - 1 1 {2 * 3**each} 1 1" for each in range(layers))]
    return ModelDescription.parse("\n".join([*lines, "global_average_pooling", "dense 2 softmax", ""]))


def save(description: ModelDescription, path: Path) -> None:
    """A saved model with weights of that network."""
    network = Network(description.layers, description.known_shape)
    encoding = plain(network.features, network.outputs, "distribution")
    training = {"settings": {}, "sha256": {}, "epochs": 0, "best_epoch": 0, "stopped": "genome", "metrics": None}
    trained = TrainedModel(
        description, network, network.initial(0, np.dtype(np.float32)), encoding, {**training, "scored_on": "training"}
    )
    with files.replacing(path) as file:
        trained.save(file)


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "grown.kerash", "rows.csv"),
        ("show", "grown.kerash", "--plan"),
        ("predict", "grown.kerash", "sample.dat", "--layers", "."),
        ("evaluate", "grown.kerash", "rows.csv", "labels.csv"),
        ("train", "grown.model", "rows.csv", "classes.csv", "--start", "grown.kerash", "-o", "new.kerash"),
        ("evolve", "4", "2", "found", "rows.csv", "classes.csv", "1", "0", "--from", "grown.kerash"),
    ],
    ids=lambda words: " ".join(words[:1] + words[3:4]),
)
def test_a_small_model_with_large_layers_is_refused_before_it_takes_the_memory(
    kerash: Kerash, tmp_path: Path, words: tuple[str, ...]
) -> None:
    description = growing(13)
    save(description, tmp_path / "grown.kerash")
    assert (tmp_path / "grown.kerash").stat().st_size < 4000
    (tmp_path / "grown.model").write_text(str(description))
    (tmp_path / "rows.csv").write_text("1,0,1,0\n0,1,1,0\n" * 4)
    (tmp_path / "labels.csv").write_text("0,1\n1,0\n" * 4)
    (tmp_path / "classes.csv").write_text("0\n1\n" * 4)
    (tmp_path / "sample.dat").write_text("2 2 1\n1\n0\n1\n0\n")
    (tmp_path / "mount").mkdir()
    done = kerash(*words, KERASH_MOUNTPOINT=str(tmp_path / "mount"))
    assert done.code == 3
    assert re.search("needs .* of memory", done.error)
    assert kerash("show", "grown.kerash").code == 0


@pytest.mark.parametrize(
    "description",
    [
        growing(5),
        ModelDescription.parse("300 1 1\ninput\ndense 900 relu\ndense 700 tanh\ndense 10 softmax\n"),
        ModelDescription.parse(
            "28 28 3\ninput\nconvolution relu 16 1 1 3 3\nmax_pooling - 2 0 2 2\nconvolution tanh 8 1 1 3 3\n"
            "flatten\ndense 10 softmax\n"
        ),
    ],
    ids=["growing", "dense", "images"],
)
def test_what_predicting_asks_for_is_what_it_takes(description: ModelDescription) -> None:
    network = Network(description.layers, description.known_shape)
    params = network.initial(0, np.dtype(np.float32))
    with traced() as most:
        Predictor(network, params)
        taken = most()
    asked = network.plan_bytes(network.tile, 4, gradient=False)
    assert 0.7 * taken < asked + 50_000
    assert asked < 2 * taken + 50_000


def test_no_more_predict_than_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerash_cli.system import cores

    asked: list[int] = []
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    monkeypatch.setattr(cores, "usable", lambda: 64)
    monkeypatch.setattr(cores, "worthwhile", lambda flops, most: asked.append(most) or 1)
    from kerash_cli.prediction.pool import predictor

    description = growing(5)
    network = Network(description.layers, description.known_shape)
    with predictor(description, network, np.zeros(network.size, np.float32), 10**9, None, print):
        pass
    assert 1 <= asked[0] <= max(1, 10**6 // network.plan_bytes(1, 4, gradient=False))
