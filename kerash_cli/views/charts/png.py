"""Pictures of charts as PNG: their SVG, drawn by resvg, which the extra `plot` installs."""

from collections.abc import Sequence

from kerash_cli.errors import BadInput, pip_install
from kerash_cli.views.charts.chart import Chart
from kerash_cli.views.charts.svg import FONTS, NAMESPACE, stacked

ZOOM = 2.0
"""Pixels for each unit of a picture."""
FAMILIES = (
    "DejaVu Sans",
    "Liberation Sans",
    "Noto Sans",
    "FreeSans",
    "Ubuntu",
    "Cantarell",
    "Open Sans",
    "Nimbus Sans",
)
"""Fonts without serifs, of which one is used if the picture's own ones are missing."""


def check() -> None:
    """Raises BadInput if resvg is not installed."""
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        install = pip_install("kerash[plot]")
        raise BadInput(f"a PNG needs resvg; try {install}, or a file that ends in .svg") from None


def png(charts: Sequence[Chart]) -> bytes:
    """Returns one picture of the charts, one below the other; raises BadInput if resvg or a font is missing."""
    check()
    from resvg_py import svg_to_bytes

    family = next(filter(_draws, FAMILIES), None)
    if family is None:  # resvg would leave out all texts, and say nothing
        raise BadInput("a PNG needs a font, and none was found; try a file that ends in .svg, or install DejaVu Sans")
    return bytes(svg_to_bytes(svg_string=stacked(charts, styled=False), zoom=ZOOM, sans_serif_family=family))


def _draws(family: str) -> bool:
    """Returns whether a letter leaves a trace, with the picture's own fonts or else this one."""
    from resvg_py import svg_to_bytes

    opening = f'<svg xmlns="{NAMESPACE}" width="20" height="20"><text y="16" font-family="{FONTS}">'
    letter, blank = (
        svg_to_bytes(svg_string=f"{opening}{text}</text></svg>", sans_serif_family=family) for text in "M "
    )
    return bytes(letter) != bytes(blank)
