"""How features are scaled, each by itself or by channels."""

import numpy as np
import pytest
from small_tables import images

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.scaling import IGNORED, Scaling, pooled
from kerash_cli.errors import BadInput


def test_the_pixels_of_a_channel_are_scaled_together() -> None:
    data = images()
    encoding = learn(data, targets=["13"]).fitted(data, channels=2)
    channels = data.numbers[:, :12].reshape(6, 2, 6)
    expected = (channels - channels.mean(axis=(0, 2), keepdims=True)) / channels.std(axis=(0, 2), keepdims=True)
    assert np.allclose(encoding.encode_inputs(data, np.float64), expected.reshape(6, 12), rtol=1e-12)


def made(mean: list[float], scale: list[float], standardized: bool = True) -> Scaling:
    return Scaling(standardized, np.array(mean) + 0.5, np.array(mean), np.array(scale))


def lists(scaling: Scaling) -> list[list[float]]:
    return [scaling.fill.tolist(), scaling.mean.tolist(), scaling.scale.tolist()]


@pytest.mark.parametrize(
    ("standardize", "ignore", "mean", "scale"),
    [
        (True, False, [3, 4, 5, 6], [1, 1, 0.25, 9]),
        (True, True, [3, 4, 5, 6], [IGNORED, 1, 0.25, 9]),
        (False, False, [0, 0, 0, 0], [1, 1, 1, 1]),
        (False, True, [3, 0, 0, 0], [IGNORED, 1, 1, 1]),
    ],
)
def test_features_are_scaled_by_their_deviations(
    standardize: bool, ignore: bool, mean: list[float], scale: list[float]
) -> None:
    center, deviation = np.array([3.0, 4, 5, 6]), np.array([0, 1, 0.25, 9])
    scaling = Scaling.of(center, deviation, standardize, ignore)
    assert lists(scaling) == [[3, 4, 5, 6], mean, scale]
    assert scaling.standardized == standardize
    assert scaling.ignored.tolist() == [0] * ignore
    assert center.tolist() == [3, 4, 5, 6]
    assert deviation.tolist() == [0, 1, 0.25, 9]


def test_no_scaling_changes_nothing() -> None:
    scaling = Scaling.none(2)
    assert not scaling.standardized
    assert lists(scaling) == [[0, 0], [0, 0], [1, 1]]


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("other", "standardized", "mean", "scale"),
    [
        (made([7, 8], [5, 6]), True, [7, 8], [5, 6]),
        (made([0, 0], [1, 1], False), False, [0, 0], [1, 1]),
        (made([9, 0], [IGNORED, 1], False), True, [1, 0], [3, 1]),
        (made([9, 8], [IGNORED, IGNORED], False), True, [1, 2], [3, 4]),
        (made([7, 9], [5, IGNORED]), True, [7, 2], [5, 4]),
    ],
)
def test_the_scaling_of_a_start_is_kept_but_for_what_it_ignores(
    own: bool, other: Scaling, standardized: bool, mean: list[float], scale: list[float]
) -> None:
    scaling = made([1, 2], [3, 4], own).scaled_as(other)
    assert lists(scaling) == [[value + 0.5 for value in mean], mean, scale]
    assert scaling.standardized == standardized


def test_a_record_gives_the_scaling_back_and_no_other() -> None:
    record = {"standardized": True, "fill": [0.0, 1.0], "mean": [2.0, 3.0], "scale": [0.5, 1.0]}
    assert Scaling.from_json(record, 2).to_json() == record
    for wrong, reason in (
        ({"scale": [0.5, 0.0]}, "a positive scale"),
        ({"scale": [-0.5, 1.0]}, "a positive scale"),
        ({"scale": [1.0]}, "2 finite numbers for scale"),
        ({"fill": [1.0]}, "2 finite numbers for fill"),
        ({"mean": None}, "2 finite numbers for mean"),
        ({"standardized": 1}, "true or false for standardized"),
    ):
        with pytest.raises(ValueError, match=f"^expected {reason}$"):
            Scaling.from_json({**record, **wrong}, 2)


def test_a_channel_has_the_mean_and_the_deviation_of_all_its_values() -> None:
    values = np.array([[0.0, 4, 10, 30], [2, 8, 10, 50]])
    mean, deviation = pooled(values.mean(axis=0), values.std(axis=0), 2)
    assert mean.tolist() == [3.5, 3.5, 25, 25]
    first, second = np.std([0, 4, 2, 8]), np.std([10, 30, 10, 50])
    assert deviation.tolist() == pytest.approx([first, first, second, second])


@pytest.mark.parametrize(
    ("mean", "deviation"),
    [([0.0, 0, 1, 2], [0.0, 0, 1e200, 0]), ([0.0, 1, 1e200, -1e200], [1.0] * 4), ([1e308, 1e308, 0, 0], [1.0] * 4)],
)
def test_channels_without_a_finite_deviation_are_refused(mean: list[float], deviation: list[float]) -> None:
    with pytest.raises(BadInput, match=r"^expected pixels with a finite deviation, got values too far apart; try --"):
        pooled(np.array(mean), np.array(deviation), 2)
