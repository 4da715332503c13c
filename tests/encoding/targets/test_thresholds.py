"""Answers that are a yes from a probability on."""

import numpy as np
import pytest

from kerash_cli.encoding.targets import Binary, Classes, Multilabel, OneHot, Targets, Values
from kerash_cli.errors import BadInput

BINARY = Binary.unscaled("probability", 1, ("y",), ("no", "yes"))
PAIR = Classes.unscaled("distribution", 2, ("y",), ("no", "yes"))
LOGARITHMS = Classes.unscaled("log distribution", 2, ("y",), ("no", "yes"))
COLUMNS = OneHot.unscaled("distribution", 2, ("no", "yes"), ("no", "yes"))
LABELS = Multilabel.unscaled("probability", 2, ("p", "q"))

CHANCES = np.array([0.2, 0.3, 0.7, 0.9])
TWO = np.stack([1 - CHANCES, CHANCES], axis=1)

OUTPUTS = {
    "one output": (BINARY, CHANCES[:, None]),
    "two outputs": (PAIR, TWO),
    "logarithms": (LOGARITHMS, np.log(TWO)),
    "two columns": (COLUMNS, TWO),
}


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.1, "yyyy"), (0.25, "nyyy"), (0.6, "nnyy"), (0.8, "nnny"), (0.95, "nnnn")]
)
def test_the_second_class_is_the_answer_from_the_threshold_on(name: str, threshold: float, expected: str) -> None:
    targets, outputs = OUTPUTS[name]
    named = targets.readable(targets.above(outputs, threshold))
    assert [each[0] for (each,) in named.tolist()] == list(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("chance", [0.1, 0.3, 0.7, 0.9])
def test_a_probability_that_is_printed_as_the_threshold_reaches_it(chance: float, dtype: type[np.floating]) -> None:
    """As float64, the float32 of 0.7 is less than 0.7."""
    outputs = np.array([[chance]], dtype)
    assert str(outputs[0, 0]) == str(chance)
    assert BINARY.above(outputs, chance).tolist() == [1]
    assert LABELS.above(np.hstack([outputs, outputs]), chance).tolist() == [[True, True]]


def test_each_label_has_the_threshold() -> None:
    outputs = np.array([[0.2, 0.9], [0.3, 0.1]])
    assert LABELS.readable(LABELS.above(outputs, 0.25)).tolist() == [[0, 1], [1, 0]]
    assert LABELS.readable(LABELS.above(outputs, 0.95)).tolist() == [[0, 0], [0, 0]]


OTHERS = {
    "three classes": (Classes.unscaled("distribution", 3, ("y",), ("a", "b", "c")), "classes 'a', 'b', 'c'"),
    "amounts": (Values.unscaled("any", 1, ("pay",)), "numbers, 'pay'"),
    "shares": (Values.unscaled("probability", 1, ("pay",)), "numbers, 'pay'"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_targets_take_no_threshold(name: str) -> None:
    targets, got = OTHERS[name]
    with pytest.raises(BadInput, match=f"^--threshold: expected .* got {got}; leave it out$"):
        targets.check_threshold()
    assert not targets.takes_threshold


@pytest.mark.parametrize("targets", [BINARY, PAIR, LOGARITHMS, COLUMNS, LABELS])
def test_yes_or_no_takes_a_threshold(targets: Targets) -> None:
    targets.check_threshold()


def test_amounts_are_not_decided() -> None:
    with pytest.raises(ValueError, match="values take no threshold"):
        OTHERS["amounts"][0].above(np.zeros((1, 1)), 0.5)
