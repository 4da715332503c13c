"""Facts about a training that its history does not tell, measured at its end and kept in the saved model.

They are in the record under `training` and `facts`, with four significant digits, measured on `measured` of the `rows`
that train, without dropout. Losses are means. A list about layers has at most MOST members, and `classes` is null if
there are more classes, or none.

    {"rows": 120, "measured": 120, "guess": 1.099, "chance": 1.099, "start": 2.2, "end": 0.03, "alike": -0.1,
     "inputs": {"least": 0.9, "most": 1.1},
     "layers": [{"layer": 1, "units": 64, "stuck": 0.25, "saturated": null}],
     "gradients": {"start": [0.1, 0.2], "end": [0.01, 0.02]},
     "classes": {"recall": [1, 0.9, null], "rows": [10, 10, 0]}}
"""

from math import isfinite
from typing import Any, NamedTuple, Self

from kerash_cli.encoding import checks

MOST = 100
"""Maximum number of layers and of classes in the facts."""

VALUES = 10 * MOST
"""Maximum number of values in the JSON of facts."""

TEXT_BYTES = 20 * VALUES
"""Maximum size of the JSON of facts in bytes."""

_MOST_ROWS = 10**18


class LayerFacts(NamedTuple):
    """A hidden layer whose activation is constant far from 0, at one end or at both."""

    layer: int
    """Number of the layer; the input is layer 0."""
    units: int
    """Number of units, or of channels of a convolution."""
    stuck: float
    """Share of units that are at the same end in all rows, and so pass no gradient on; dead relus are."""
    saturated: float | None
    """Share of all outputs that are at an end; None for an activation with one end."""


class Facts(NamedTuple):
    """Facts about a training, measured with the initial weights (start) and with those that were best (end)."""

    rows: int
    """Number of rows that train."""
    measured: int
    """Number of those that the facts were measured on."""
    guess: float
    """Loss of the best answer that is the same for all rows."""
    chance: float
    """Loss of outputs that are all 0 before the last activation: of equal probabilities, or of mean amounts."""
    start: float | None
    """Loss at the start; None if it was not finite."""
    end: float
    alike: float | None
    """Likeness of the errors of neighbouring rows: 1 if they are the same, about 0 if they are independent."""
    least_input: float
    """Root mean square of the smallest input that is not always 0; 0 if there is none."""
    most_input: float
    """Root mean square of the largest input."""
    layers: tuple[LayerFacts, ...]
    start_gradients: tuple[float, ...]
    """Root mean square of the gradient of each layer that learns, at the start."""
    end_gradients: tuple[float, ...]
    recall: tuple[float | None, ...]
    """Share of each class that is recognised, of the rows that the model was scored on; empty if there are none."""
    class_rows: tuple[int, ...]
    """Number of those rows of each class."""

    def record(self) -> dict[str, Any]:
        """Returns the facts as JSON values."""
        return {
            "rows": self.rows,
            "measured": self.measured,
            **{name: _rounded(getattr(self, name)) for name in ("guess", "chance", "start", "end", "alike")},
            "inputs": {"least": _rounded(self.least_input), "most": _rounded(self.most_input)},
            "layers": [
                {**each._asdict(), "stuck": _rounded(each.stuck), "saturated": _rounded(each.saturated)}
                for each in self.layers[:MOST]
            ],
            "gradients": {
                "start": [*map(_rounded, self.start_gradients[:MOST])],
                "end": [*map(_rounded, self.end_gradients[:MOST])],
            },
            "classes": {"recall": [*map(_rounded, self.recall)], "rows": [*self.class_rows]} if self.recall else None,
        }

    @classmethod
    def recorded(cls, training: Any) -> "Self | None":
        """Returns the facts in the record of a training; None if it has none, as in files of kerash 0.1.0.

        Raises ValueError, KeyError or TypeError if they are invalid.
        """
        if (record := training.get("facts")) is None:
            return None
        checks.expect(isinstance(record, dict), "expected facts by name")
        classes = record["classes"] or {"recall": [], "rows": []}
        inputs, gradients = record["inputs"], record["gradients"]
        rows = checks.integer(record["rows"], 1, _MOST_ROWS, "rows that train")
        shares = [_share(each, "recalls", optional=True) for each in _listed(classes["recall"], "recalls")]
        counts = [checks.integer(each, 0, _MOST_ROWS, "rows of a class") for each in _listed(classes["rows"], "rows")]
        checks.expect(len(shares) == len(counts), "expected a recall for each class")
        return cls(
            rows,
            checks.integer(record["measured"], 1, rows, "rows that facts are measured on"),
            _known(record["guess"], "the loss of a guess"),
            _known(record["chance"], "the loss of chance"),
            _number(record["start"], "the loss at the start", optional=True),
            _known(record["end"], "the loss at the end"),
            _number(record["alike"], "a correlation", optional=True),
            _known(inputs["least"], "inputs"),
            _known(inputs["most"], "inputs"),
            tuple(map(_layer, _listed(record["layers"], "layers"))),
            tuple(_known(each, "gradients") for each in _listed(gradients["start"], "gradients")),
            tuple(_known(each, "gradients") for each in _listed(gradients["end"], "gradients")),
            tuple(shares),
            tuple(counts),
        )


def _layer(value: Any) -> LayerFacts:
    return LayerFacts(
        checks.integer(value["layer"], 0, _MOST_ROWS, "the number of a layer"),
        checks.integer(value["units"], 1, _MOST_ROWS, "units of a layer"),
        _share(value["stuck"], "units that are stuck") or 0.0,
        _share(value["saturated"], "saturated units", optional=True),
    )


def _listed(value: Any, what: str) -> list[Any]:
    checks.expect(isinstance(value, list) and len(value) <= MOST, f"expected at most {MOST} {what}")
    listed: list[Any] = value
    return listed


def _known(value: Any, what: str) -> float:
    if (number := _number(value, what)) is None:
        raise ValueError(f"expected a number for {what}")
    return number


def _share(value: Any, what: str, optional: bool = False) -> float | None:
    """Returns a float from 0 to 1, or None if that is allowed; raises ValueError otherwise."""
    share = _number(value, what, optional)
    checks.expect(share is None or 0 <= share <= 1, f"expected shares for {what}")
    return share


def _number(value: Any, what: str, optional: bool = False) -> float | None:
    """Returns a finite float, or None if that is allowed; raises ValueError otherwise."""
    if value is None and optional:
        return None
    if type(value) is not float or not isfinite(value):
        raise ValueError(f"expected finite numbers for {what}")
    return value


def _rounded(value: float | None) -> float | None:
    """Returns a number with four significant digits."""
    return None if value is None else float(f"{value:.4g}")
