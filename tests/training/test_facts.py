"""Facts about a training, compared with formulas, loops, and networks whose weights are set by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Kerash
from experiments import CLASSES, NUMBERS, begun, prepared, table

from kerash_cli.engine.network import Network
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.facts import TEXT_BYTES, VALUES, Facts, LayerFacts
from kerash_cli.model.trained import TrainedModel
from kerash_cli.training.facts import LARGEST, MOST_ROWS, Slope, hidden, likeness
from kerash_cli.training.loop import train


def network(text: str) -> Network:
    description = ModelDescription.parse(text)
    return Network(description.layers, description.known_shape)


def facts(folder: Path, model: str, data: Any, epochs: int = 3, **settings: Any) -> tuple[Facts, Any]:
    """The facts of a training, and the experiment."""
    with begun(folder, prepared(model, data, epochs=epochs, **settings)) as (ours, _):
        for _ in train(ours.run, ours.source, ours.validate):
            pass
        found = Facts.recorded({"facts": ours.conclude().training["facts"]})
        assert found is not None
        return found, ours


# Losses and gradients


def likely(logits: Any) -> Any:
    """Probabilities of these logits."""
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_losses_at_the_start_and_at_the_end_and_of_guessing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    data = table([[*row, row[0] + row[1] > 1] for row in rng.standard_normal((40, 2))], "x1 x2 y")
    with begun(tmp_path, prepared(CLASSES, data, epochs=9)) as (ours, _):
        first = ours.run.params.copy()
        for _ in train(ours.run, ours.source, ours.validate):
            pass
        found = Facts.recorded({"facts": ours.conclude().training["facts"]})
        x, y = ours.training.x.astype(np.float64), ours.training.y.astype(np.float64)
        for params, loss in ((first, found.start), (ours.run.best_params, found.end)):
            told = likely(x @ params.reshape(-1, 2))  # the last row is the bias
            assert loss == pytest.approx(-np.log((y * told).sum(axis=1)).mean(), rel=1e-3)
        slope = x.T @ (likely(x @ first.reshape(-1, 2)) - y) / len(x)
        assert found.start_gradients == pytest.approx([np.sqrt(np.mean(slope**2))], rel=1e-3)
        shares = y.mean(axis=0)
        assert found.guess == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-3)
        assert found.chance == pytest.approx(np.log(2), rel=1e-3)
        assert (found.rows, found.measured) == (40, 40)


def test_running_means_have_no_gradient(tmp_path: Path) -> None:
    """What nobody computes is not measured: it is whatever the memory had in it before."""
    model = "? 1 1\ninput\ndense 3 tanh\nbatch_normalization\ndense ? softmax\n"
    data = table([[row % 7, row * row % 5, row % 2] for row in range(60)], "a b y")
    with begun(tmp_path, prepared(model, data)) as (ours, _):
        slope = Slope(ours.prepared.judged, ours.prepared.loss, ours.training)
        slope._gradient[...] = np.nan
        slope(ours.run.params)
        lengths = slope.lengths()
    assert len(lengths) == 3
    assert np.isfinite(lengths).all()


def test_guessing_an_amount_is_guessing_the_mean_and_so_is_0(tmp_path: Path) -> None:
    data = table([[row, row**2] for row in range(60)], "x y")
    found, ours = facts(tmp_path, NUMBERS, data)
    assert found.guess == pytest.approx(ours.training.y.var(), rel=1e-3)
    assert found.chance == pytest.approx(np.square(ours.training.y).mean(), rel=1e-3)


def test_a_guess_of_yes_or_no_with_weights(tmp_path: Path) -> None:
    data = table([[row, 1 + (row % 10 == 0), row % 10 == 0] for row in range(100)], "x w y")
    found, _ = facts(tmp_path, "? 1 1\ninput\ndense 1 sigmoid\n", data, weights="w", validation=0)
    share = 2 * 10 / (90 + 2 * 10)
    assert found.guess == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share), rel=1e-3)


# Units


def layer_facts(text: str, weights: Any, x: Any) -> list[LayerFacts]:
    """Facts about the first dense layer, with such weights, the last row being the bias; later layers have zeros."""
    made = network(text)
    params = np.zeros(made.size)
    params[: np.size(weights)] = np.ravel(weights)
    return hidden(made, params, np.asarray(x, np.float64))


def test_units_that_are_0_in_all_rows_are_stuck() -> None:
    x = [[1.0], [2.0], [3.0]]
    weights = [[1, -1, 1, -1], [0, 0, -2.5, 1.5]]  # positive in all rows, in none, in the last, in the first
    (found,) = layer_facts("1 1 1\ninput\ndense 4 relu\ndense 1 -\n", weights, x)
    assert found == LayerFacts(1, 4, 0.25, None)


def test_a_leaky_unit_is_never_stuck() -> None:
    assert layer_facts("1 1 1\ninput\ndense 1 leaky_relu\ndense 1 -\n", [[-9], [0]], [[1.0], [2.0]]) == []


@pytest.mark.parametrize(("activation", "edge"), [("tanh", 3.0), ("sigmoid", 6.0)])
def test_saturated_outputs_are_near_an_end_and_stuck_units_at_the_same_end_always(activation: str, edge: float) -> None:
    x = [[-2.0], [-1.0], [1.0], [2.0]]
    weights = [[edge, 0, edge], [0, 2 * edge, 2.2 * edge]]  # at both ends, always at one, at one but for the first row
    (found,) = layer_facts(f"1 1 1\ninput\ndense 3 {activation}\ndense 1 -\n", weights, x)
    assert found.stuck == pytest.approx(1 / 3)
    assert found.saturated == pytest.approx((4 + 4 + 3) / 12)


def test_a_unit_of_a_convolution_is_a_channel() -> None:
    made = network("2 2 1\ninput\nconvolution relu 3 1 0 1 1\nflatten\ndense 1 -\n")
    params = np.zeros(made.size)
    views = made.named(params)
    weights = next(each for name, each in views.items() if "convolution" in name and name.endswith("weights"))
    weights.reshape(-1)[:3] = 1, -1, 1
    x = np.array([[1.0, 2, 3, 4], [0, 0, 0, 0]])
    (found,) = hidden(made, params, x)
    assert found == LayerFacts(1, 3, pytest.approx(1 / 3), None)


# Neighbours


def test_neighbours_with_the_same_errors_are_alike_and_with_random_errors_are_not() -> None:
    x = np.arange(100.0)[:, None]
    assert likeness(x, np.sin(x / 20)) == pytest.approx(1, abs=0.02)
    assert likeness(x, (-1.0) ** x) == pytest.approx(-1)
    noise = np.random.default_rng(0).standard_normal((500, 3))
    points = np.random.default_rng(1).standard_normal((500, 4))
    assert abs(likeness(points, noise) or 1) < 4 / np.sqrt(3 * 500)


def test_likeness_by_loops() -> None:
    rng = np.random.default_rng(2)
    x, errors = rng.standard_normal((30, 2)), rng.standard_normal((30, 2))
    own, total, among = errors - errors.mean(axis=0), 0.0, 0.0
    for i in range(30):
        j = min((k for k in range(30) if k != i), key=lambda k: float(((x[i] - x[k]) ** 2).sum()))
        total, among = total + own[i] @ own[i], among + own[i] @ own[j]
    assert likeness(x, errors) == pytest.approx(among / total)


def test_rows_that_are_there_twice_are_no_neighbours() -> None:
    x = np.repeat(np.arange(50.0), 2)[:, None]
    errors = np.repeat((-1.0) ** np.arange(50), 2)[:, None]
    assert likeness(x, errors) == pytest.approx(-1)
    assert likeness(np.ones((5, 2)), errors[:5]) is None
    assert likeness(x, np.zeros((100, 1))) is None


# The record


def test_no_more_than_a_sample_is_measured_and_its_record_has_room(tmp_path: Path) -> None:
    data = table([[row % 97, row % 120] for row in range(1300)], "x y")
    found, _ = facts(tmp_path, "? 1 1\ninput\n" + "dense 3 tanh\n" * 120 + "dense ? softmax\n", data, epochs=1)
    assert (found.rows, found.measured) == (1040, MOST_ROWS)
    assert found.recall == ()
    text = json.dumps(found.record(), separators=(",", ":"))
    assert len(text) <= TEXT_BYTES
    assert sum(map(text.count, "[{,")) <= VALUES
    assert Facts.recorded({"facts": found.record()}) == found


def test_recall_is_of_the_rows_that_were_scored(kerash: Kerash, tmp_path: Path) -> None:
    iris = (str(ROOT / "models" / "iris.model"), str(ROOT / "data" / "iris.csv"))
    assert kerash("train", *iris, "--target", "species", "--epochs", "20", "-q").code == 0
    model = TrainedModel.load(str(tmp_path / "iris.kerash"))
    assert model.facts is not None
    assert model.facts.class_rows == (10, 10, 10)
    right = sum(share * 10 for share in model.facts.recall if share is not None)
    assert right == pytest.approx(30 * model.training["metrics"]["accuracy"], abs=0.01)


def test_facts_that_contradict_themselves_are_invalid(tmp_path: Path) -> None:
    found, _ = facts(tmp_path, "? 1 1\ninput\ndense 3 relu\ndense ? softmax\n", table([[r, r % 2] for r in range(60)]))
    good = found.record()
    assert Facts.recorded({"facts": good}) == found
    assert Facts.recorded({}) is None
    junk: list[Any] = ["x", [1], -1, True, 2**70, float("inf"), {"x": 1}, [[]] * 200]
    for name in good:
        for value in junk:
            if name == "classes" and value is None:
                continue
            with pytest.raises((ValueError, KeyError, TypeError)):
                pytest.fail(f"{name} {value!r}: {Facts.recorded({'facts': {**good, name: value}})}")
        with pytest.raises(KeyError):
            Facts.recorded({"facts": {each: value for each, value in good.items() if each != name}})


def test_dropout_and_batch_normalization_do_as_they_do_in_prediction(tmp_path: Path) -> None:
    model = "? 1 1\ninput\ndense 8 relu\nbatch_normalization\ndropout 0.5\ndense ? softmax\n"
    data = table([[row, row % 2] for row in range(60)])
    with begun(tmp_path, prepared(model, data, epochs=3)) as (ours, _):
        for _ in train(ours.run, ours.source, ours.validate):
            pass
        made = ours.conclude()
        probabilities = made.outputs(ours.training.x[:, :-1])
        expected = -np.log((probabilities * ours.training.y).sum(axis=1)).mean()
    assert made.facts is not None
    assert made.facts.end == pytest.approx(float(expected), rel=1e-3)


def test_figures_that_overflow_are_kept_as_large_ones(tmp_path: Path) -> None:
    data = table([[row, 1e30 * row] for row in range(60)], "x y")
    found, _ = facts(tmp_path, "? 1 1\ninput\ndense 1 tanh\n", data, loss="mean-absolute")
    assert found.guess == pytest.approx(np.abs(1e30 * (np.arange(60) - 29.5)).mean(), rel=0.1)
    assert Facts.recorded({"facts": found.record()}) == found
    assert likeness(np.arange(9.0)[:, None], np.array([[1e200], [-1e200], [0.0]] * 3)) is None
    assert Facts.recorded({"facts": found._replace(end=LARGEST).record()}) is not None
