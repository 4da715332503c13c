"""A trained network and all that using it needs: what a saved model is once it is loaded."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli import artifact, metrics
from kerash_cli.description import ModelDescription
from kerash_cli.encoding import Encoding
from kerash_cli.engine.network import Network, Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged, Diverged, at

if TYPE_CHECKING:
    from kerash_cli.files import Output


class TrainedModel(NamedTuple):
    """A resolved description, its parameters, what is known of its data, and how it was trained."""

    description: ModelDescription
    network: Network
    params: Array
    encoding: Encoding
    training: Mapping[str, Any]
    """Settings, seed, digests of the data, epochs and metrics: JSON values."""

    def save(self, output: "Output") -> None:
        """Writes the saved model; the same model gives the same bytes."""
        artifact.save(output, self.network.named(self.params), self._record())

    def check_size(self) -> None:
        """BadInput if the record, as it is so far, is larger than a saved model can hold."""
        artifact.pack({"weights": np.zeros(1)}, self._record())

    def _record(self) -> dict[str, Any]:
        return {
            "model": str(self.description),
            "bias": self.network.bias,
            "encoding": self.encoding.to_json(),
            "training": dict(self.training),
        }

    @classmethod
    def load(cls, path: str) -> Self:
        """The model saved in `path`; BadInput if there is no such file, Damaged if it is not what `save` wrote."""
        loaded = artifact.load(path)
        record = loaded.record
        try:
            description = ModelDescription.parse(record["model"], path)
            encoding = Encoding.from_json(record["encoding"])
            network = Network(description.layers, description.known_shape, record["bias"])
            params = _flat(network, loaded.tensors)
            if (network.features, network.outputs) != (encoding.features, encoding.outputs):
                raise ValueError(f"a network of {network.features} to {network.outputs} for other data")
            return cls(description, network, params, encoding, dict(record["training"]))
        except (KeyError, TypeError, ValueError, BadInput) as error:
            raise Damaged(f"{at(path)}expected a saved model, got one that contradicts itself: {error}") from None

    def summary(self) -> str:
        """How good it was at the end of its training, in a line."""
        training = self.training
        figures = training["metrics"]
        name = "accuracy" if "accuracy" in figures else "rmse"
        return (
            f"{name} {figures[name]:.4g} on {figures['rows']} {training['scored_on']} rows "
            f"(naive guess {figures['baseline'][name]:.4g}), epoch {training['best_epoch']} of {training['epochs']}"
        )

    def outputs(self, x: Array) -> Array:
        """x (rows, features) to the network's outputs (rows, outputs), each row's the same whatever it comes with."""
        return Predictor(self.network, self.params)(x)

    def scores(self, outputs: Array, targets: Array) -> dict[str, Any]:
        """How good outputs are against encoded targets, both (rows, outputs), and what a naive guess would reach.

        The naive guess knows the training rows alone: their most frequent class, or the mean of their targets. Diverged
        if an output is infinite or NaN.
        """
        if not np.isfinite(outputs).all():
            raise Diverged("expected finite outputs, got one that overflows; try training with a lower learning rate")
        if self.encoding.kind == "values":
            return self._distances(self.encoding.decode(outputs), self.encoding.decode(targets))
        if self.encoding.kind == "multilabel":
            return self._hits(outputs > 0.5, targets > 0.5, self.encoding.baseline > 0.5)
        predicted, expected = self._classes(outputs), self._classes(targets)
        matrix = metrics.confusion(predicted, expected, len(self.encoding.classes))
        return {
            **self._hits(predicted, expected, np.argmax(self.encoding.baseline)),
            "log_loss": metrics.log_loss(self.encoding.probabilities(outputs), expected),
            "confusion": matrix.tolist(),
            "classes": {
                name: score._asdict()
                for name, score in zip(self.encoding.classes, metrics.class_scores(matrix), strict=True)
            },
        }

    def _classes(self, values: Array) -> NDArray[np.intp]:
        """The index of the likeliest class of each row; the first of equals."""
        if self.encoding.kind == "binary":
            return (values[:, 0] > 0.5).astype(np.intp)
        likeliest: NDArray[np.intp] = np.argmax(values, axis=1)
        return likeliest

    @staticmethod
    def _hits(predicted: NDArray[Any], expected: NDArray[Any], naive: Any) -> dict[str, Any]:
        right = predicted == expected
        return {
            "rows": len(right),
            "accuracy": metrics.accuracy(predicted, expected),
            "interval": metrics.wilson(int(right.sum()), right.size),
            "baseline": {"accuracy": metrics.accuracy(np.broadcast_to(naive, expected.shape), expected)},
        }

    def _distances(self, predicted: Array, expected: Array) -> dict[str, Any]:
        naive = np.broadcast_to(self.encoding.baseline, expected.shape)
        return {
            "rows": len(expected),
            "mae": metrics.mean_absolute_error(predicted, expected),
            "rmse": metrics.root_mean_square_error(predicted, expected),
            "r2": metrics.r2(predicted, expected),
            "baseline": {
                "mae": metrics.mean_absolute_error(naive, expected),
                "rmse": metrics.root_mean_square_error(naive, expected),
            },
        }


def _flat(network: Network, tensors: Mapping[str, Array]) -> Array:
    dtypes = {tensor.dtype for tensor in tensors.values()}
    if len(dtypes) != 1:
        raise ValueError("weights of different types")
    params = np.empty(network.size, dtypes.pop())
    views = network.named(params)
    if views.keys() != tensors.keys():
        raise ValueError("other weights than its description asks for")
    for name, view in views.items():
        if view.shape != tensors[name].shape:
            raise ValueError(f"{name} of shape {tensors[name].shape} where {view.shape} is needed")
        view[...] = tensors[name]
    return params
