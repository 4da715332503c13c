"""The network drawn: its layers from top to bottom, as wide as the logarithm of their number of outputs."""

from collections.abc import Mapping, Sequence
from math import log2, prod
from typing import Any

from kerash_cli.encoding.phrases import counted
from kerash_cli.views.charts.markup import escaped
from kerash_cli.views.html.elements import Markup, joined
from kerash_cli.views.layout import clipped

WIDTH, BOX, GAP = 360, 44, 18
"""Width of the picture, height of a layer, and space between two."""

_NARROWEST = 190
_MOST_LAYERS = 40
_LETTERS = 34


def diagram(layers: Sequence[Mapping[str, Any]]) -> Markup:
    """Returns the picture of layers, given as `Network.summary` has them; the middle of very many is left out."""
    shown = (
        [*layers]
        if len(layers) <= _MOST_LAYERS
        else [*layers[: _MOST_LAYERS // 2], None, *layers[-_MOST_LAYERS // 2 :]]
    )
    height = len(shown) * (BOX + GAP) - GAP + 4
    parts = [
        Markup('<title id="diagram-title">The network</title>'),
        Markup(f'<desc id="diagram-desc">{escaped(_description(layers))}</desc>'),
    ]
    widest = max(_size(each) for each in layers)
    for place, layer in enumerate(shown):
        top = 2 + place * (BOX + GAP)
        if place:
            parts.append(_arrow(top))
        parts.append(_omitted(top, len(layers) - _MOST_LAYERS) if layer is None else _box(layer, top, widest))
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="diagram-title diagram-desc">{joined(parts, chr(10))}</svg>'
    )


def _size(layer: Mapping[str, Any]) -> float:
    return log2(1 + prod(layer["output"]))


def _description(layers: Sequence[Mapping[str, Any]]) -> str:
    told = [f"{clipped(each['layer'], _LETTERS)}: {_shape(each)}, {each['parameters']:,} parameters" for each in layers]
    return "From the inputs to the outputs: " + "; ".join(told[:_MOST_LAYERS])


def _box(layer: Mapping[str, Any], top: int, widest: float) -> Markup:
    width = _NARROWEST + round((WIDTH - 4 - _NARROWEST) * _size(layer) / widest)
    left = (WIDTH - width) / 2
    learns = "learns" if layer["parameters"] else "still"
    figures = _shape(layer) + (f" · {layer['parameters']:,} parameters" if layer["parameters"] else "")
    return Markup(
        f'<rect class="{learns}" x="{left:g}" y="{top}" width="{width}" height="{BOX}" rx="8"/>'
        f'<text class="name" x="{WIDTH // 2}" y="{top + 19}">{escaped(clipped(layer["layer"], _LETTERS))}</text>'
        f'<text class="figures" x="{WIDTH // 2}" y="{top + 36}">{escaped(figures)}</text>'
    )


def _omitted(top: int, count: int) -> Markup:
    return Markup(f'<text class="figures" x="{WIDTH // 2}" y="{top + 27}">… {count} more layers …</text>')


def _arrow(top: int) -> Markup:
    middle = WIDTH // 2
    return Markup(f'<path class="arrow" d="M{middle} {top - GAP + 2}V{top - 4}m-4 -4l4 4l4 -4"/>')


def _shape(layer: Mapping[str, Any]) -> str:
    width, height, depth = layer["output"]
    return counted(width, "output") if height == depth == 1 else f"{width}×{height}×{depth}"
