"""Networks that become one give the weighted mean of their last weighted sums."""

from collections.abc import Sequence

import numpy as np
import pytest

from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.merging import Member, mergeable, merged, obstacle

INPUTS = 12


def member(
    lines: str, count: int = 5, inputs: Sequence[int] | None = None, share: float = 1.0, sizes: str | None = None
) -> Member:
    """Networks with random parameters of 12 inputs, or of some of them."""
    sizes = sizes or f"{INPUTS if inputs is None else len(inputs)} 1 1"
    description = ModelDescription.parse(f"{sizes}\ninput\n{lines}")
    rng = np.random.default_rng([count, *lines.encode()])
    params = rng.normal(0, 0.6, (count, network(description).size))
    return Member(description, params, None if inputs is None else np.array(inputs), share)


def network(description: ModelDescription) -> Network:
    return Network(description.layers, description.known_shape)


def mean_of_logits(members: Sequence[Member], x: Array) -> Array:
    """The mean of all members' logits by their shares, each network of a member counting the same."""
    total = np.zeros((len(x), members[0].description.outputs or 0))
    for each in members:
        seen = x if each.inputs is None else x[:, each.inputs]
        for own in each.params:
            total += each.share / len(each.params) * Predictor(network(each.description).on_logits(), own)(seen)
    return total / sum(each.share for each in members)


SOFTMAX, NUMBER = "dense 3 softmax\n", "dense 1 -\noutput sigmoid\n"
WIDE, FEW, OTHERS = "dense 8 silu\ndense 8 silu\n", [0, 1, 2, 5], [3, 4, 5, 6, 7, 11]

# Members, and what they become.
CASES: dict[str, tuple[list[Member], str]] = {
    "no hidden layer": ([member(SOFTMAX)], "dense 3 softmax"),
    "no hidden layer and some inputs": ([member(SOFTMAX, 5, FEW)], "dense 3 softmax 1-3+6-6:3"),
    "no hidden layer and two views": (
        [member(f"scale\n{SOFTMAX}", 5, FEW, 0.3), member(SOFTMAX, 2, OTHERS, 0.7)],
        "dense 3 softmax 1-8+12-12:3",
    ),
    "one hidden layer": ([member(f"dense 4 tanh\n{SOFTMAX}")], "dense 20 tanh, dense 3 softmax"),
    "one network": (
        [member(f"dense 4 tanh\ndense 5 tanh\n{NUMBER}", 1)],
        "dense 4 tanh, dense 5 tanh, dense 1 -, output",
    ),
    "two hidden layers": ([member(WIDE + SOFTMAX)], "dense 40 silu, dense 40 silu 5, dense 3 softmax"),
    "three hidden layers": (
        [member(f"dense 4 relu\ndropout 0.2\ndense 3 sinusoid\nflatten\ndense 5 prelu:0.1\n{NUMBER}")],
        "dense 20 relu, dense 15 sinusoid 5, dense 25 prelu:0.1 5, dense 1 -, output",
    ),
    "scales": (
        [member("scale\nscale\ndense 8 silu\nscale\ndropout 0.1\nscale\ndense 8 silu\nscale\ndense 3 softmax\n")],
        "dense 40 silu, dense 40 silu 5, dense 3 softmax",
    ),
    "some inputs": (
        [member(WIDE + SOFTMAX, 5, FEW)],
        "dense 40 silu 1-3+6-6:40, dense 40 silu 5, dense 3 softmax",
    ),
    "two views": (
        [member(f"scale\n{WIDE}{SOFTMAX}", 5, FEW, 0.4), member(WIDE + SOFTMAX, 5, None, 0.6)],
        "dense 80 silu 5x1-3+6-6:8,5x1-12:8, dense 80 silu 10, dense 3 softmax",
    ),
    "the same inputs in other words": (
        [member(WIDE + SOFTMAX, 3, range(INPUTS), 0.4), member(f"scale\n{WIDE}{SOFTMAX}", 2, None, 0.2)],
        "dense 40 silu, dense 40 silu 5, dense 3 softmax",
    ),
    "three widths of one view": (
        [member(f"dense {a} relu\ndense {b} relu\n{NUMBER}", 2, None, a) for a, b in [(8, 4), (4, 4), (8, 8)]],
        "dense 40 relu, dense 32 relu 2x4:4,2x8:4,2x8:8, dense 1 -, output",
    ),
    "a member between its likes": (
        [
            member(f"dense {units} relu\ndense 4 relu\n{SOFTMAX}", count, seen, 0.5)
            for units, count, seen in [(4, 2, FEW), (6, 2, FEW), (4, 2, OTHERS), (4, 1, FEW)]
        ],
        "dense 32 relu 3x1-3+6-6:4,2x4-8+12-12:4,2x1-3+6-6:6, dense 28 relu 5x4:4,2x6:4, dense 3 softmax",
    ),
}  # fmt: skip


@pytest.mark.parametrize("factor", [1.0, 0.8])
@pytest.mark.parametrize("case", CASES)
def test_the_merged_network_gives_the_mean_of_all_logits(case: str, factor: float) -> None:
    members, lines = CASES[case]
    description, params = merged(members, INPUTS, factor)
    x = np.random.default_rng(0).standard_normal((40, INPUTS))
    found = Predictor(network(description).on_logits(), params)(x)
    np.testing.assert_allclose(found, factor * mean_of_logits(members, x), rtol=1e-12, atol=1e-12)
    assert ", ".join(str(layer).replace("output sigmoid", "output") for layer in description.layers[1:]) == lines
    assert ModelDescription.parse(str(description)) == description
    assert description.activation == members[0].description.activation


@pytest.mark.parametrize("case", CASES)
def test_the_merged_network_is_as_large_as_its_members(case: str) -> None:
    members, _ = CASES[case]
    _, params = merged(members, INPUTS)
    assert len(params) <= sum(each.params.size for each in members)


def test_networks_of_a_size_become_a_network_of_their_size() -> None:
    """5 * (13 * 64 + 64) + 5 * (64 * 64 + 64) + 5 * 64 * 3 + 3 numbers."""
    parts = member("dense 64 relu\ndense 64 relu\ndense 3 softmax\n", sizes="13 1 1")
    assert len(merged([parts], 13)[1]) == 4480 + 20800 + 960 + 3


def test_shares_count_relative_to_their_sum() -> None:
    one, two = (member(f"dense 4 tanh\n{lines}", 2) for lines in (SOFTMAX, f"scale\n{SOFTMAX}"))
    thirds = merged([one._replace(share=1 / 3), two._replace(share=2 / 3)], INPUTS)
    wholes = merged([one._replace(share=2), two._replace(share=4)], INPUTS)
    assert thirds[0] == wholes[0]
    np.testing.assert_allclose(wholes[1], thirds[1], rtol=1e-14)


def test_parameters_keep_their_precision() -> None:
    single = member(WIDE + SOFTMAX)._replace(params=member(WIDE + SOFTMAX).params.astype(np.float32))
    exact = merged([single._replace(params=single.params.astype(np.float64))], INPUTS)[1]
    found = merged([single], INPUTS)[1]
    assert found.dtype == np.float32
    assert np.array_equal(found, exact.astype(np.float32))


def test_images_stay_images_if_all_members_see_all_of_them() -> None:
    images = member(f"flatten\ndense 4 tanh\n{SOFTMAX}", sizes="3 2 2")
    description, params = merged([images, images], INPUTS)
    assert str(description).splitlines()[0] == "3 2 2"
    x = np.random.default_rng(0).standard_normal((40, INPUTS))
    found = Predictor(network(description).on_logits(), params)(x)
    np.testing.assert_allclose(found, mean_of_logits([images], x), rtol=1e-12, atol=1e-12)
    assert str(merged([images, member(f"dense 4 tanh\n{SOFTMAX}")], INPUTS)[0]).splitlines()[0] == "12 1 1"


def test_networks_without_biases_become_one_without() -> None:
    description = ModelDescription.parse("6 1 1\ninput\ndense 4 tanh\ndense 3 relu\ndense 2 -\n")
    rng = np.random.default_rng(0)
    params, x = rng.standard_normal((3, 6 * 4 + 4 * 3 + 3 * 2)), rng.standard_normal((20, 6))
    wide, joint = merged([Member(description, params, None, 1)], 6, bias=False)
    found = Predictor(Network(wide.layers, wide.known_shape, bias=False), joint)(x)
    expected = np.mean([
        np.maximum(np.tanh(x @ own[:24].reshape(6, 4)) @ own[24:36].reshape(4, 3), 0) @ own[36:].reshape(3, 2)
        for own in params
    ], axis=0)  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ("dense 4 softmax\ndense 4 tanh\ndense 2 -", 1),
        ("dense 4 tanh\ndense 4 softmax\ndense 2 -", 2),
        ("dense 4 softmax\ndense 2 -", 1),
        ("dense 4 tanh 2\ndense 2 -", 1),
        ("dense 4 tanh\ndense 2 - 2", 2),
        ("convolution relu 2 1 1 3 3\ndense 2 -", 1),
        ("scale\nmax_pooling - 1 0 2 2\ndense 2 -", 2),
        ("dropout 0.1\ndense 4 -\naverage_pooling - 1 0 2 1\ndense 2 -", 3),
        ("dense 4 -\nmax_pooling - 1 0 2 1", 2),
        ("batch_normalization\ndense 2 -", 1),
    ],
)
def test_what_is_not_dense_or_mixes_its_units_does_not_merge(lines: str, place: int) -> None:
    images = member(lines, 2, sizes="3 2 2")
    assert not mergeable(images.description)
    assert obstacle(images.description) == place
    with pytest.raises(ValueError, match="only dense layers"):
        merged([images], INPUTS)


@pytest.mark.parametrize("lines", ["dense 2 -", "dense 4 tanh\ndense 2 softmax", "scale\ndense 4 tanh\ndense 2 -"])
def test_what_is_dense_or_a_scale_merges(lines: str) -> None:
    assert mergeable(member(lines).description)


@pytest.mark.parametrize(
    "lines",
    [
        SOFTMAX,
        f"dense 4 relu\n{SOFTMAX}",
        f"dense 4 tanh\ndense 4 tanh\n{SOFTMAX}",
        "dense 4 tanh\ndense 3 -\n",
        "dense 4 tanh\ndense 3 -\noutput softmax\n",
    ],
)
def test_networks_of_other_depths_or_activations_do_not_merge(lines: str) -> None:
    with pytest.raises(ValueError, match="same activations"):
        merged([member(f"dense 4 tanh\n{SOFTMAX}"), member(lines)], INPUTS)


@pytest.mark.parametrize("inputs", [[0, 1, 2], [0, 1, 2, 3, 4], [0, 1, 3, 2], [0, 1, 1, 2]])
def test_a_member_sees_as_many_inputs_as_its_networks_take(inputs: list[int]) -> None:
    four = member(f"dense 4 tanh\n{SOFTMAX}", 2, [0, 1, 2, 3])
    with pytest.raises(ValueError, match="expected 4 ascending inputs"):
        merged([four._replace(inputs=np.array(inputs))], INPUTS)
