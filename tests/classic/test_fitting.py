"""Fitting: the arithmetic of 2019, step by step, and what a stored model and a genome know of each other."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from numpy.typing import NDArray

from kerash_cli.classic import creating, exporting, fitting, storing
from kerash_cli.classic.fitting import Fit
from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.classic.models import Models
from kerash_cli.classic.models import samples as stored_samples
from kerash_cli.errors import BadInput, Damaged, Diverged
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.tables import reading
from kerash_cli.training.chunks import chunks
from kerash_cli.training.samples import Samples

GOLDEN = json.loads((ROOT / "tests" / "golden" / "xor-2-10-1.json").read_text(encoding="ascii"))

Matrix = NDArray[np.float64]


def genome_of(text: str, *tensors: dict[str, Any], bias: bool = False) -> Genome:
    """A genome with these weights for its dense layers, from the first; random ones where there are none."""
    genome = Genome.random(ModelDescription.parse(text), None, bias, 3)
    given = iter(tensors)
    layers = [{**own, **next(given, {})} if own else own for own in genome.tensors]
    return replace(
        genome,
        tensors=tuple({name: np.array(each, np.float64) for name, each in layer.items()} for layer in layers),
    )


def samples(x: Any, y: Any) -> Samples:
    x = np.asarray(x, np.float64)
    return Samples(np.hstack([x, np.ones((len(x), 1))]), np.asfortranarray(y, np.float64))


def fit_of(genome: Genome, x: Any, y: Any, **settings: Any) -> Fit:
    options = {"epochs": 1, "batch_size": len(x), "learning_rate": 1.0, "margin": 0.25, "seed": 0, **settings}
    return Fit(genome, samples(x, y), **options)


# The arithmetic, written down once more


@dataclass
class Reference:
    """Dense layers of sigmoid or no activation, as reference/kerash-original.md has it: a sample at a time."""

    weights: list[Matrix]
    biases: list[Matrix] | None
    sigmoid: Sequence[bool]

    @classmethod
    def of(cls, genome: Genome) -> "Reference":
        dense = [(own, str(layer)) for own, layer in zip(genome.tensors, genome.description.layers, strict=True) if own]
        return cls(
            [own["weights"].copy() for own, _ in dense],
            [own["bias"].copy() for own, _ in dense] if genome.bias else None,
            [line.endswith("sigmoid") for _, line in dense],
        )

    def activities(self, row: Matrix) -> list[Matrix]:
        """a(0), a(1), …"""
        a = [row]
        for n, weights in enumerate(self.weights):
            z = [sum(a[-1][i] * weights[i, j] for i in range(len(weights))) for j in range(weights.shape[1])]
            if self.biases:
                z = [value + own for value, own in zip(z, self.biases[n], strict=True)]
            a.append(np.array([1 / (1 + math.exp(-value)) for value in z] if self.sigmoid[n] else z))
        return a

    def step(self, x: Matrix, y: Matrix, rate: float, margin: float) -> tuple[float, float]:
        """W <- W - rate / batch * sum over the batch of dJ/dW; the cost J and the accuracy before that."""
        of_weights = [np.zeros_like(each) for each in self.weights]
        of_biases = [np.zeros(each.shape[1]) for each in self.weights]
        cost, hits = 0.0, 0
        for row, label in zip(x, y, strict=True):
            a = self.activities(row)
            cost += sum((label - a[-1]) ** 2) / len(x)
            hits += all(abs(label - a[-1]) <= margin)
            delta = -(label - a[-1])
            for n in reversed(range(len(self.weights))):
                delta = delta * a[n + 1] * (1 - a[n + 1]) if self.sigmoid[n] else delta
                of_weights[n] += np.outer(a[n], delta)
                of_biases[n] += delta
                delta = delta @ self.weights[n].T
        for n in range(len(self.weights)):
            self.weights[n] -= rate / len(x) * of_weights[n]
            if self.biases:
                self.biases[n] -= rate / len(x) * of_biases[n]
        return cost, hits / len(x)

    def compare(self, genome: Genome) -> None:
        layers = [own for own in genome.tensors if own]
        for n, own in enumerate(layers):
            assert np.abs(own["weights"] - self.weights[n]).max() < 1e-12
            if self.biases:
                assert np.abs(own["bias"] - self.biases[n]).max() < 1e-12


def random_samples(rows: int, inputs: int, outputs: int) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(rows)
    return rng.standard_normal((rows, inputs)), rng.random((rows, outputs))


NETWORKS = {
    "one layer": "3 1 1\ninput\ndense 2 -\n",
    "2019": "3 1 1\ninput\ndense 4 sigmoid\ndense 2 sigmoid\n",
    "three layers": "3 1 1\ninput\ndense 4 sigmoid\ndense 3 -\ndense 2 sigmoid\n",
    "an image": "3 1 1\ninput\nflatten\ndense 5 sigmoid\ndense 2 -\noutput\n",
}


@pytest.mark.parametrize("bias", [False, True], ids=["without bias", "with bias"])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 9, 10, 11, 1000])
@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_fitting_is_the_arithmetic_of_2019(text: str, batch_size: int, bias: bool) -> None:
    x, y = random_samples(10, 3, 2)
    genome = genome_of(text, bias=bias)
    fit = fit_of(genome, x, y, epochs=4, batch_size=batch_size, learning_rate=0.1, margin=0.5)
    reference = Reference.of(genome)
    seen = []
    for batch in fit.batches():
        start = batch.number * batch_size
        rows = fit.run.order[start : start + batch_size]
        cost, accuracy = reference.step(x[rows], y[rows], 0.1, 0.5)
        assert batch.cost == pytest.approx(cost, rel=1e-12)
        assert batch.accuracy == accuracy
        seen.append((batch.epoch, batch.number, len(rows)))
    sizes = [min(batch_size, 10 - start) for start in range(0, 10, batch_size)]
    assert seen == [(epoch, number, size) for epoch in range(4) for number, size in enumerate(sizes)]
    reference.compare(fit.result)
    assert fit.result.result == batch.cost


def test_a_last_smaller_batch_is_averaged_over_its_own_rows() -> None:
    # Three equal rows, x = 1 and y = 0, of w = 1 by a rate of 1/2: each batch, of two or of one, halves w.
    fit = fit_of(
        genome_of("1 1 1\ninput\ndense 1 -\n", {"weights": [[1.0]]}),
        *([[1.0]] * 3, [[0.0]] * 3),
        batch_size=2,
        epochs=2,
        learning_rate=0.5,
    )
    assert [batch.cost for batch in fit.batches()] == [1, 0.25, 1 / 16, 1 / 64]
    assert fit.result.params.tolist() == [1 / 16]


def test_a_last_smaller_batch_does_not_shrink_the_next_ones() -> None:
    x, y = random_samples(10, 3, 2)
    fit = fit_of(genome_of(NETWORKS["2019"]), x, y, epochs=3, batch_size=4)
    assert [batch.number for batch in fit.batches()] == [0, 1, 2] * 3


def test_every_epoch_takes_all_rows_in_an_order_of_its_own() -> None:
    x, y = random_samples(20, 3, 2)
    fit = fit_of(genome_of(NETWORKS["2019"]), x, y, epochs=5, batch_size=20)
    orders = [tuple(fit.run.order.tolist()) for _ in fit.batches()]
    assert len(set(orders)) == 5
    assert all(sorted(order) == list(range(20)) for order in orders)


def test_the_seed_decides_the_order_and_nothing_else_does() -> None:
    x, y = random_samples(20, 3, 2)

    def orders(seed: int) -> list[list[int]]:
        fit = fit_of(genome_of(NETWORKS["2019"]), x, y, epochs=2, batch_size=20, seed=seed)
        return [fit.run.order.tolist() for _ in fit.batches()]

    assert orders(1) == orders(1)
    assert orders(1) != orders(2)


def test_fitting_twice_gives_the_same_bytes() -> None:
    x, y = random_samples(20, 3, 2)
    fits = [fit_of(genome_of(NETWORKS["2019"]), x, y, epochs=3, batch_size=6) for _ in range(2)]
    first, second = ([batch.cost for batch in fit.batches()] for fit in fits)
    assert first == second
    assert fits[0].result.params.tobytes() == fits[1].result.params.tobytes()


def test_fitting_changes_neither_the_genome_nor_the_samples_that_it_began_with() -> None:
    x, y = random_samples(10, 3, 2)
    genome, own = genome_of(NETWORKS["2019"]), samples(x, y)
    before = genome.params.tobytes(), own.x.tobytes(), own.y.tobytes()
    fit = Fit(genome, own, epochs=2, batch_size=3, learning_rate=1, margin=0, seed=0)
    assert list(fit.batches())
    assert (genome.params.tobytes(), own.x.tobytes(), own.y.tobytes()) == before
    assert fit.result.params.tobytes() != before[0]


@pytest.mark.parametrize("epochs", [1, 5, 25])
def test_xor_comes_to_the_weights_of_the_original(epochs: int) -> None:
    layers = {
        epoch: [np.reshape(layer["values"], layer["shape"]) for layer in each]
        for epoch, each in GOLDEN["weights"].items()
    }
    genome = genome_of(GOLDEN["model"], *({"weights": each} for each in layers["0"]))
    fit = fit_of(
        genome,
        GOLDEN["x_train"],
        GOLDEN["y_train"],
        epochs=epochs,
        batch_size=GOLDEN["batch_size"],
        learning_rate=GOLDEN["learning_rate"],
    )
    assert len(list(fit.batches())) == epochs
    dense = [own["weights"] for own in fit.result.tensors if own]
    for got, expected in zip(dense, layers[str(epochs)], strict=True):
        assert np.abs(got - expected).max() < 1e-8


# What is told of a batch, by hand: outputs are inputs, and three of four are as they should be.

BY_HAND = genome_of("2 1 1\ninput\ndense 2 -\n", {"weights": np.eye(2)})
X, Y = [[1.0, 2.0], [3.0, 4.0]], [[1.25, 2.0], [3.0, 5.0]]


def test_the_cost_is_the_squared_error_of_a_row() -> None:
    (batch,) = fit_of(BY_HAND, X, Y).batches()
    assert batch.cost == (0.25**2 + 1**2) / 2


@pytest.mark.parametrize(("margin", "accuracy"), [(0, 0), (0.2, 0), (0.25, 0.5), (0.99, 0.5), (1, 1), (5, 1)])
def test_a_row_counts_as_right_when_every_output_is_within_the_margin(margin: float, accuracy: float) -> None:
    (batch,) = fit_of(BY_HAND, X, Y, margin=margin).batches()
    assert batch.accuracy == accuracy


def test_a_step_is_the_mean_gradient_of_half_the_square_times_the_rate() -> None:
    fit = fit_of(BY_HAND, X, Y, learning_rate=0.5)
    assert list(fit.batches())
    # Errors are (-0.25, 0) and (0, -1); inputs times errors add up to ((-0.25, -3), (-0.5, -4)).
    expected = [[1 + 0.25 * 0.25, 0.25 * 3], [0.25 * 0.5, 1 + 0.25 * 4]]
    assert fit.result.tensors[1]["weights"].tolist() == expected


def test_biases_take_the_mean_error_times_the_rate() -> None:
    genome = replace(BY_HAND, bias=True, tensors=({}, {"weights": np.eye(2), "bias": np.zeros(2)}))
    fit = fit_of(genome, X, Y, learning_rate=0.5)
    assert list(fit.batches())
    assert fit.result.tensors[1]["bias"].tolist() == [0.25 * 0.25, 0.25]


def test_biases_that_do_not_count_stay_as_they_are() -> None:
    fit = fit_of(replace(BY_HAND, tensors=({}, {"weights": np.eye(2), "bias": np.array([5.0, 6.0])})), X, Y)
    (batch,) = fit.batches()
    assert batch.cost == (0.25**2 + 1**2) / 2
    assert fit.result.tensors[1]["bias"].tolist() == [5, 6]


def test_a_batch_is_told_in_the_line_of_2019() -> None:
    (batch,) = fit_of(BY_HAND, X, Y).batches()
    assert str(batch) == "Epoch:    0 Batch:    0 cost: 0.531250 accuracy: 50.0%"


# A batch that is computed in pieces


@pytest.mark.parametrize("rows", [2048, 2300])
def test_a_batch_in_pieces_is_counted_and_stepped_along_as_a_whole(rows: int) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((rows, 128)), rng.standard_normal((rows, 2))
    tensors = {"weights": rng.standard_normal((128, 160)) / 16}, {"weights": rng.standard_normal((160, 2)) / 16}
    genome = genome_of("128 1 1\ninput\ndense 160 sigmoid\ndense 2 -\n", *tensors)
    assert chunks(2048, genome.network.flops, genome.network.size) > 1
    fit = fit_of(genome, x, y, epochs=2, batch_size=2048, learning_rate=0.01, margin=1.0)
    first, second = (own["weights"].copy() for own in genome.tensors[1:])
    accuracies = []
    for batch in fit.batches():
        chosen = fit.run.order[2048 * batch.number :][:2048]
        hidden = 1 / (1 + np.exp(-(x[chosen] @ first)))
        error = hidden @ second - y[chosen]
        assert batch.cost == pytest.approx((error**2).sum() / len(chosen), rel=1e-12)
        assert batch.accuracy == (np.abs(error).max(axis=1) <= 1).sum() / len(chosen)
        slope = (error @ second.T) * hidden * (1 - hidden)
        second = second - 0.01 / len(chosen) * hidden.T @ error
        first = first - 0.01 / len(chosen) * x[chosen].T @ slope
        accuracies.append(batch.accuracy)
    assert len(accuracies) == 2 * -(-rows // 2048)
    assert all(0.1 < accuracy < 0.9 for accuracy in accuracies), accuracies
    assert np.abs(fit.result.tensors[1]["weights"] - first).max() < 1e-12
    assert np.abs(fit.result.tensors[2]["weights"] - second).max() < 1e-12


def test_what_is_left_of_the_rows_joins_the_batch_before_where_a_batch_is_measured() -> None:
    description = ModelDescription.parse("3 1 1\ninput\nbatch_normalization\ndense 2 sigmoid\n")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((19, 3)), rng.standard_normal((19, 2))
    fit = fit_of(
        Genome.random(description, None, False, 0), x, y, epochs=2, batch_size=16, learning_rate=0.01, margin=1.0
    )
    assert [(batch.epoch, batch.number) for batch in fit.batches()] == [(0, 0), (1, 0)]
    with pytest.raises(BadInput, match="batches of 2 rows or more"):
        fit_of(Genome.random(description, None, False, 0), x, y, epochs=1, batch_size=1, learning_rate=0.01, margin=1.0)


# How it ends

# Of w x with x = 1 and y = 0 the cost is w^2, and a step of rate r makes (1 - r) w of w.
ONE = genome_of("1 1 1\ninput\ndense 1 -\n", {"weights": [[1.0]]})


def test_weights_past_all_numbers_are_divergence_and_the_last_finite_epoch_is_kept() -> None:
    fit = fit_of(ONE, [[1.0]], [[0.0]], epochs=9, learning_rate=1e200)
    with pytest.raises(Diverged, match=r"expected a finite loss, got inf in epoch 1, batch 0; try a learning rate"):
        list(fit.batches())
    assert fit.result.params.tolist() == [1 - 1e200]
    assert fit.result.result == 1
    assert fit.run.best_epoch == 1


def test_weights_past_all_numbers_are_divergence_though_the_cost_is_not() -> None:
    fit = fit_of(genome_of("1 1 1\ninput\ndense 1 -\n", {"weights": [[1e100]]}), [[1.0]], [[0.0]], learning_rate=1e250)
    with pytest.raises(Diverged, match=r"expected finite weights, got others in epoch 0, batch 0; try a learning rate"):
        list(fit.batches())
    assert fit.result.params.tolist() == [1e100]


def test_a_cost_past_all_numbers_is_divergence_naming_epoch_and_batch() -> None:
    fit = fit_of(ONE, [[1.0], [1.0]], [[0.0], [0.0]], batch_size=1, epochs=9, learning_rate=1e160)
    batches = fit.batches()
    assert next(batches).cost == 1
    with pytest.raises(Diverged, match=r"expected a finite loss, got inf in epoch 0, batch 1; try a learning rate"):
        next(batches)
    assert fit.result.params.tolist() == [1]


def test_the_cost_of_a_batch_overflows_only_where_it_is_too_large_itself() -> None:
    genome = genome_of("1 1 1\ninput\ndense 1 -\n", {"weights": [[1.14e154]]})
    fit = fit_of(genome, [[1.0], [1.0]], [[0.0], [0.0]], batch_size=2, learning_rate=1e-300)
    assert all(np.isfinite(batch.cost) for batch in fit.batches())


def test_a_label_that_is_too_far_away_is_divergence_at_once() -> None:
    fit = fit_of(ONE, [[1.0]], [[1e300]])
    with pytest.raises(Diverged, match=r"got inf in epoch 0, batch 0"):
        next(fit.batches())


@pytest.mark.parametrize("rate", [10.0, 1e10, 1e100, 1e300])
def test_no_result_of_a_fit_that_diverges_is_other_than_finite(rate: float) -> None:
    x, y = random_samples(10, 3, 2)
    fit = fit_of(genome_of("3 1 1\ninput\ndense 4 -\ndense 2 -\n"), x, y, epochs=2000, batch_size=3, learning_rate=rate)
    with pytest.raises(Diverged, match=r"in epoch [0-9]+, batch [1-4];"):
        list(fit.batches())
    assert np.isfinite(fit.result.params).all()
    assert fit.result.result is None or math.isfinite(fit.result.result)


def test_a_fit_that_was_stopped_ends_after_the_batch_under_way_and_keeps_it() -> None:
    fit = fit_of(ONE, [[1.0]] * 4, [[0.0]] * 4, batch_size=1, epochs=9, learning_rate=0.5)
    done = []
    for batch in fit.batches():
        done.append(batch)
        if len(done) == 6:
            fit.run.stop = "enough"
    assert len(done) == 6
    assert fit.result.params.tolist() == [0.5**6]
    assert fit.result.result == 0.25**5


def test_a_fit_that_was_stopped_before_it_began_changes_nothing() -> None:
    fit = fit_of(replace(ONE, result=0.75), [[1.0]], [[0.0]])
    fit.run.stop = "enough"
    assert list(fit.batches()) == []
    assert fit.result.params.tolist() == [1]
    assert fit.result.result == 0.75


def test_a_fit_that_diverges_in_its_first_epoch_has_the_result_of_before() -> None:
    fit = fit_of(replace(ONE, result=0.75), [[1.0]], [[1e300]])
    with pytest.raises(Diverged):
        next(fit.batches())
    assert fit.result.result == 0.75


# Stored models and genomes

IRIS, XOR = "? 1 1\ninput\ndense 5 tanh\ndense ? softmax\n", "2 1 1\ninput\ndense 3 sigmoid\ndense 1 sigmoid\n"


@pytest.fixture
def place(tmp_path: Path) -> Mountpoint:
    (tmp_path / "mountpoint").mkdir()
    return Mountpoint(tmp_path / "mountpoint")


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def keep(place: Mountpoint, name: str, text: str, data: Path, labels: Path | None, target: str | None = None) -> None:
    """Stores a model of that text and the samples in those files."""
    source = place.root.parent / f"{name}.model"
    source.write_text(text)
    table = reading.read(str(data))
    prepared = storing.prepare(name, str(source), table, reading.read(str(labels)) if labels else None, target)
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
        genome,
        tensors=tuple({name: (each - 0.5) / 2 for name, each in layer.items()} for layer in genome.tensors),
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


def test_a_genome_is_fitted_to_the_model_that_is_named(place: Mountpoint) -> None:
    assert fitting.model_of(replace(BY_HAND, model="own"), [place], "named")[1] == "named"


def test_a_genome_is_fitted_to_its_own_model(place: Mountpoint) -> None:
    assert fitting.model_of(replace(BY_HAND, model="own"), [place], None)[1] == "own"


def test_a_genome_of_no_model_is_fitted_to_the_only_one_that_it_fits(place: Mountpoint) -> None:
    keep_iris(place)
    keep_xor(place)
    assert fitting.model_of(genome_of(XOR), [place], None)[1] == "xor"


def test_a_genome_that_several_models_fit_says_which(place: Mountpoint) -> None:
    keep_xor(place, "a")
    keep_xor(place, "b")
    with pytest.raises(BadInput, match=r"expected one stored model of 2 .* and 1 .*, got 2: '?a'?, '?b'?; try --model"):
        fitting.model_of(genome_of(XOR), [place], None)


def test_a_genome_that_no_model_fits_says_so(place: Mountpoint) -> None:
    keep_iris(place)
    with pytest.raises(BadInput, match=r"expected one stored model of 2 .* and 1 .*, got none; try "):
        fitting.model_of(genome_of(XOR), [place], None)


def test_samples_of_another_size_are_refused(place: Mountpoint) -> None:
    keep_iris(place)
    expected = r"expected samples of 2 .* and 1 .*, as the genome has, got 4 and 3; try --model"
    with Models(place).reading("iris") as folder, pytest.raises(BadInput, match=expected):
        fitting.fitting_samples(genome_of(XOR), folder, "train")


# What a new genome is made of


def test_a_stored_model_is_meant_by_its_name_and_by_its_file(place: Mountpoint) -> None:
    keep_iris(place)
    for word in ("iris", str(place.root / "model" / "iris.model")):
        where, name, description = creating.source([place], word)
        assert (where, name) == (place, "iris")
        assert str(description) == "4 1 1\ninput\ndense 5 tanh\ndense 3 softmax\n"


def test_any_other_file_is_a_model_of_no_samples(place: Mountpoint, tmp_path: Path) -> None:
    (tmp_path / "x.model").write_text(XOR)
    assert creating.source([place], str(tmp_path / "x.model")) == (None, None, ModelDescription.parse(XOR))


def test_a_file_that_leaves_something_to_the_data_makes_no_genome(place: Mountpoint, tmp_path: Path) -> None:
    (tmp_path / "x.model").write_text(IRIS)
    with pytest.raises(BadInput, match=r"x.model: expected numbers in a model without data, got '\?'"):
        creating.source([place], str(tmp_path / "x.model"))


def test_a_word_that_is_neither_is_refused(place: Mountpoint) -> None:
    with pytest.raises(BadInput, match="expected a stored model or the file of one, got 'nothing'; try kerash list"):
        creating.source([place], "nothing")
