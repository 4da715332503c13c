"""Stored models and their genomes: kerash_cli/classic/storing.py, creating.py, exporting.py and places.py."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from fits import BY_HAND, Matrix, genome_of

from kerash_cli.classic import creating, exporting, fitting, storing
from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.classic.models import Models
from kerash_cli.classic.models import samples as stored_samples
from kerash_cli.errors import BadInput, Damaged
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.tables import reading

# Stored models and genomes

IRIS, XOR = "? 1 1\ninput\ndense 5 tanh\ndense ? softmax\n", "2 1 1\ninput\ndense 3 sigmoid\ndense 1 sigmoid\n"


@pytest.fixture
def place(tmp_path: Path) -> Mountpoint:
    (tmp_path / "mountpoint").mkdir()
    return Mountpoint(tmp_path / "mountpoint")


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def keep(place: Mountpoint, name: str, text: str, data: Path, labels: Path | None, *targets: str) -> None:
    """Stores a model of that text and the samples in those files."""
    source = place.root.parent / f"{name}.model"
    source.write_text(text)
    table = reading.read(str(data))
    prepared = storing.prepare(name, str(source), table, reading.read(str(labels)) if labels else None, targets)
    storing.keep(prepared, [place], False, silent)


def keep_iris(place: Mountpoint, name: str = "iris", text: str = IRIS) -> None:
    keep(place, name, text, ROOT / "data" / "iris.csv", None, "species")


def keep_xor(place: Mountpoint, name: str = "xor") -> None:
    keep(place, name, XOR, ROOT / "data" / "xor.data", ROOT / "data" / "xor.label")


def keep_genome(place: Mountpoint, genome: Genome, name: str = "g") -> None:
    with Genomes(place).draft(name, genome.sizes()) as draft:
        genome.write(draft)
        draft.commit()


def made(place: Mountpoint, word: str, bias: bool = False) -> Genome:
    """A new genome of a stored model, kept as `g`, with weights small enough to tell rows apart."""
    _, model, description = creating.source([place], word)
    genome = creating.create(description, model, bias, 1)
    genome = replace(
        genome, tensors=tuple({name: (each - 0.5) / 2 for name, each in layer.items()} for layer in genome.tensors)
    )
    keep_genome(place, genome)
    return genome


def softmax(z: Matrix) -> Matrix:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def iris_rows() -> tuple[Matrix, list[str]]:
    lines = (ROOT / "data" / "iris.csv").read_text(encoding="ascii").split()[1:]
    cells = [line.split(",") for line in lines]
    return np.array([[float(cell) for cell in row[:4]] for row in cells]), [row[4] for row in cells]


def test_the_first_four_fifths_of_the_rows_train_as_they_are(place: Mountpoint) -> None:
    keep_iris(place)
    x, names = iris_rows()
    with Models(place).reading("iris") as folder:
        train, val = (stored_samples(folder, part) for part in ("train", "val"))
    assert train.x.tolist() == np.hstack([x, np.ones((150, 1))])[:120].tolist()
    assert val.x[:, :-1].tolist() == x[120:].tolist()
    known = sorted(set(names))
    assert val.y.tolist() == [[float(name == each) for each in known] for name in names[120:]]


@pytest.mark.parametrize(
    ("rows", "training"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 5), (7, 6), (8, 6), (13, 10)]
)
def test_the_number_of_rows_that_train_is_rounded(place: Mountpoint, tmp_path: Path, rows: int, training: int) -> None:
    (tmp_path / "x").write_text("".join(f"{row}\n" for row in range(rows)))
    (tmp_path / "y").write_text("".join(f"{row}.5\n" for row in range(rows)))
    keep(place, "m", "1 1 1\ninput\ndense 1 -\n", tmp_path / "x", tmp_path / "y")
    with Models(place).reading("m") as folder:
        parts = [stored_samples(folder, part).y[:, 0].tolist() for part in ("train", "val")]
    assert parts == [[row + 0.5 for row in range(training)], [row + 0.5 for row in range(training, rows)]]


@pytest.mark.parametrize("bias", [False, True])
def test_a_genome_of_a_stored_model_knows_the_names_of_its_classes(place: Mountpoint, bias: bool) -> None:
    keep_iris(place)
    genome = made(place, "iris", bias)
    trained = exporting.trained([place], "g")
    assert trained.encoding.targets.classes == ("setosa", "versicolor", "virginica")
    assert trained.encoding.columns.names == ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
    assert trained.description == genome.description
    assert trained.params.tobytes() == genome.params.tobytes()


@pytest.mark.parametrize("bias", [False, True])
def test_a_genome_computes_what_its_weights_say(place: Mountpoint, bias: bool) -> None:
    keep_iris(place)
    genome = made(place, "iris", bias)
    x, _ = iris_rows()
    first, second = genome.tensors[1:]
    hidden = np.tanh(x @ first["weights"] + bias * first["bias"])
    expected = softmax(hidden @ second["weights"] + bias * second["bias"])
    assert np.abs(exporting.trained([place], "g").outputs(x) - expected).max() < 1e-12


def test_a_genome_of_a_stored_model_has_the_digests_of_its_data(place: Mountpoint) -> None:
    keep_xor(place)
    made(place, "xor")
    digests = exporting.trained([place], "g").training["sha256"]
    assert digests.keys() == {"data", "label"}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests.values())


def test_a_genome_is_scored_on_the_rows_that_validate(place: Mountpoint) -> None:
    keep_iris(place)
    genome = made(place, "iris")
    x, names = iris_rows()
    hidden = np.tanh(x[120:] @ genome.tensors[1]["weights"])
    guessed = np.argmax(hidden @ genome.tensors[2]["weights"], axis=1)
    right = sum(sorted(set(names))[guess] == name for guess, name in zip(guessed, names[120:], strict=True))
    training = exporting.trained([place], "g", scored=True).training
    assert (training["scored_on"], training["metrics"]["rows"]) == ("validation", 30)
    assert training["metrics"]["accuracy"] == right / 30


def test_without_rows_that_validate_a_genome_is_scored_on_those_that_train(place: Mountpoint, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1\n2\n")
    (tmp_path / "y").write_text("0\n3\n")
    keep(place, "m", "1 1 1\ninput\ndense 1 -\n", tmp_path / "x", tmp_path / "y")
    genome = replace(genome_of("1 1 1\ninput\ndense 1 -\n", {"weights": [[2.0]]}), model="m")
    keep_genome(place, genome)
    training = exporting.trained([place], "g", scored=True).training
    assert (training["scored_on"], training["metrics"]["rows"]) == ("training", 2)
    assert training["metrics"]["mae"] == (2 + 1) / 2


def test_a_genome_that_is_not_scored_has_no_figures(place: Mountpoint) -> None:
    keep_iris(place)
    made(place, "iris")
    assert exporting.trained([place], "g").training["metrics"] is None


def test_a_genome_of_no_model_numbers_its_classes(place: Mountpoint) -> None:
    keep_genome(place, genome_of("4 1 1\ninput\ndense 3 softmax\n"))
    trained = exporting.trained([place], "g", scored=True)
    assert trained.encoding.targets.classes == ("0", "1", "2")
    assert (trained.training["sha256"], trained.training["metrics"]) == ({}, None)


def test_a_genome_whose_model_was_removed_numbers_its_classes(place: Mountpoint) -> None:
    keep_iris(place)
    made(place, "iris")
    Models(place).remove("iris")
    assert exporting.trained([place], "g", scored=True).encoding.targets.classes == ("0", "1", "2")


@pytest.mark.parametrize(("word", "kind"), [("sigmoid", "values"), ("-", "values"), ("logsoftmax", "one-hot")])
def test_a_genome_whose_last_activation_was_edited_has_outputs_of_that_kind(
    place: Mountpoint, word: str, kind: str
) -> None:
    keep_iris(place)
    genome = made(place, "iris")
    with Genomes(place).reading("g") as folder:
        (folder / "topology" / "layer_2" / "meta.dat").write_text(f"{word} dense\n")
    trained = exporting.trained([place], "g", scored=True)
    assert trained.encoding.targets.kind == kind
    assert str(trained.description.layers[-1]) == f"dense 3 {word}"
    assert trained.training["metrics"] is None
    x, _ = iris_rows()
    z = np.tanh(x @ genome.tensors[1]["weights"]) @ genome.tensors[2]["weights"]
    expected = {"sigmoid": 1 / (1 + np.exp(-z)), "-": z, "logsoftmax": np.log(softmax(z))}[word]
    assert np.abs(trained.outputs(x) - expected).max() < 1e-12


def test_a_genome_of_another_size_than_its_model_stands_for_itself(place: Mountpoint) -> None:
    keep_iris(place)
    keep_genome(place, replace(genome_of("2 1 1\ninput\ndense 3 softmax\n"), model="iris"))
    assert exporting.trained([place], "g", scored=True).encoding.targets.classes == ("0", "1", "2")


def test_a_genome_whose_stored_model_is_damaged_says_so(place: Mountpoint) -> None:
    keep_iris(place)
    made(place, "iris")
    record = Models(place).path("iris") / "record.json"
    record.write_text("{}")
    with pytest.raises(Damaged, match=f"^{re.escape(str(record))}: expected the record"):
        exporting.trained([place], "g")


# Which samples a genome is fitted to


def test_a_genome_is_fitted_to_the_model_that_is_named_or_to_its_own(place: Mountpoint) -> None:
    genome = replace(BY_HAND, model="own")
    assert [fitting.model_of(genome, [place], named)[1] for named in ("named", None)] == ["named", "own"]


def test_a_genome_of_no_model_is_fitted_to_the_only_one_that_it_fits(place: Mountpoint) -> None:
    keep_iris(place)
    keep_xor(place)
    assert fitting.model_of(genome_of(XOR), [place], None)[1] == "xor"


def test_a_genome_that_no_model_fits_says_so(place: Mountpoint) -> None:
    keep_iris(place)
    with pytest.raises(BadInput, match=r"expected one stored model of 2 .* and 1 .*, got none; try "):
        fitting.model_of(genome_of(XOR), [place], None)
