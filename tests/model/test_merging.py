"""Networks that become one give the mean of their logits."""

import numpy as np
import pytest

from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.merging import mergeable, merged


@pytest.mark.parametrize("hidden", ["", "dense 4 tanh\n", "dense 4 relu\ndropout 0.2\nflatten\ndense 3 sinusoid\n"])
@pytest.mark.parametrize("last", ["dense 3 softmax\n", "dense 1 -\noutput sigmoid\n"])
def test_the_merged_network_gives_the_mean_of_all_logits(hidden: str, last: str) -> None:
    description = ModelDescription.parse(f"6 1 1\ninput\n{hidden}{last}")
    network = Network(description.layers, description.known_shape)
    rng = np.random.default_rng(0)
    params, x = rng.standard_normal((5, network.size)), rng.standard_normal((20, 6))
    wide, joint = merged(description, params)
    logits = np.mean([Predictor(network.on_logits(), own)(x) for own in params], axis=0)
    found = Predictor(Network(wide.layers, wide.known_shape).on_logits(), joint)(x)
    np.testing.assert_allclose(found, logits, rtol=1e-12, atol=1e-13)
    assert wide.activation == description.activation
    assert merged(description, params.astype(np.float32))[1].dtype == np.float32


@pytest.mark.parametrize(
    "lines",
    [
        "dense 4 softmax\ndense 4 tanh\ndense 2 -",
        "dense 4 tanh\ndense 4 softmax\ndense 2 -",
        "dense 4 softmax\ndense 2 -",
        "convolution relu 2 1 1 3 3\ndense 2 -",
        "batch_normalization\ndense 2 -",
    ],
)
def test_what_is_not_dense_or_mixes_its_units_does_not_merge(lines: str) -> None:
    description = ModelDescription.parse(f"3 2 1\ninput\n{lines}\n")
    assert not mergeable(description)
    with pytest.raises(ValueError, match="only dense layers"):
        merged(description, np.zeros((2, Network(description.layers, description.known_shape).size)))
