"""Fitting: the arithmetic of 2019, step by step, and what a stored model and a genome know of each other."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from fits import BY_HAND, Matrix, genome_of

from kerash_cli.classic.fitting import Batch, Fit
from kerash_cli.classic.genomes import Genome
from kerash_cli.errors import BadInput, Diverged
from kerash_cli.model.description import ModelDescription
from kerash_cli.training.division import most_parts
from kerash_cli.training.samples import Samples

GOLDEN = json.loads((ROOT / "tests" / "golden" / "xor-2-10-1.json").read_text(encoding="ascii"))


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


def test_every_epoch_takes_all_rows_in_an_order_of_its_own() -> None:
    x, y = random_samples(20, 3, 2)
    fit = fit_of(genome_of(NETWORKS["2019"]), x, y, epochs=5, batch_size=20)
    orders = [tuple(fit.run.order.tolist()) for _ in fit.batches()]
    assert len(set(orders)) == 5
    assert all(sorted(order) == list(range(20)) for order in orders)


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


X, Y = [[1.0, 2.0], [3.0, 4.0]], [[1.25, 2.0], [3.0, 5.0]]


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


def test_biases_that_do_not_count_stay_as_they_are() -> None:
    fit = fit_of(replace(BY_HAND, tensors=({}, {"weights": np.eye(2), "bias": np.array([5.0, 6.0])})), X, Y)
    (batch,) = fit.batches()
    assert batch.cost == (0.25**2 + 1**2) / 2
    assert fit.result.tensors[1]["bias"].tolist() == [5, 6]


# A batch that is computed in pieces


def fit_in_pieces(rows: int, units: int, batch_size: int) -> tuple[Fit, Matrix, Matrix]:
    """A fit of two epochs, its inputs and its labels."""
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((rows, 128)), rng.standard_normal((rows, 2))
    tensors = {"weights": rng.standard_normal((128, units)) / 16}, {"weights": rng.standard_normal((units, 2)) / 16}
    genome = genome_of(f"128 1 1\ninput\ndense {units} sigmoid\ndense 2 -\n", *tensors)
    assert most_parts(genome.network, rows, batch_size) > 1
    return fit_of(genome, x, y, epochs=2, batch_size=batch_size, learning_rate=0.01, margin=1.0), x, y


def check_pieces(fit: Fit, batches: Iterable[Batch], x: Matrix, y: Matrix) -> None:
    """Each batch is counted and stepped along as a whole."""
    size = fit.run.batch_size
    first, second = (own["weights"].copy() for own in fit.result.tensors[1:])
    accuracies = []
    for batch in batches:
        chosen = fit.run.order[size * batch.number :][:size]
        hidden = 1 / (1 + np.exp(-(x[chosen] @ first)))
        error = hidden @ second - y[chosen]
        assert batch.cost == pytest.approx((error**2).sum() / len(chosen), rel=1e-12)
        assert batch.accuracy == (np.abs(error).max(axis=1) <= 1).sum() / len(chosen)
        slope = (error @ second.T) * hidden * (1 - hidden)
        second = second - 0.01 / len(chosen) * hidden.T @ error
        first = first - 0.01 / len(chosen) * x[chosen].T @ slope
        accuracies.append(batch.accuracy)
    assert len(accuracies) == 2 * -(-len(x) // size)
    assert all(0.1 < accuracy < 0.9 for accuracy in accuracies), accuracies
    assert np.abs(fit.result.tensors[1]["weights"] - first).max() < 1e-12
    assert np.abs(fit.result.tensors[2]["weights"] - second).max() < 1e-12


@pytest.mark.parametrize(("rows", "units", "batch_size"), [(2048, 63, 2048), (2300, 63, 2048), (300, 160, 128)])
def test_a_batch_in_pieces_is_counted_and_stepped_along_as_a_whole(rows: int, units: int, batch_size: int) -> None:
    fit, x, y = fit_in_pieces(rows, units, batch_size)
    check_pieces(fit, fit.batches(), x, y)


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
    with pytest.raises(
        Diverged, match=r"expected finite weights, got NaN or infinity in epoch 0, batch 0; try a learning rate"
    ):
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


def test_a_label_that_is_too_far_away_is_divergence_at_once_and_leaves_the_result() -> None:
    fit = fit_of(replace(ONE, result=0.75), [[1.0]], [[1e300]])
    with pytest.raises(Diverged, match=r"got inf in epoch 0, batch 0"):
        next(fit.batches())
    assert fit.result.result == 0.75


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
