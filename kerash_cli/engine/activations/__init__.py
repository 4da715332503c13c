"""Activations: the functions that a layer applies to its weighted sums. Importing this package registers them all.

To add one, write its function and its derivative as plain NumPy expressions in the file of its kind, and a row at the
end of that file. The tests need both formulas once more, in arithmetic of any precision. In such an expression

- no step overflows or is 0 / 0 unless the result itself is: clip before exp, a square or a quotient;
- NaN as input gives NaN, so that divergence is noticed;
- a difference that would lose digits is rewritten, or the expression is `wide`: float64 whatever the type of z;
- a product that may be subnormal has no subnormal factor: (z * h) * h with h = exp(z / 2) keeps the digits that
  z * exp(z) would lose.
"""

# This is the order in which activations are listed.
# isort: off
from kerash_cli.engine.activations import sigmoids, rectifiers, smooth_rectifiers, gates, curves, mixing

# isort: on
from kerash_cli.engine.activations.base import ACTIVATIONS, Activation, Definition

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Definition",
    "curves",
    "gates",
    "mixing",
    "rectifiers",
    "sigmoids",
    "smooth_rectifiers",
]
