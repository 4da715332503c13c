"""Small pictures within a line of text."""

from collections.abc import Sequence

from kerash_cli.views.html.elements import Markup

WIDTH, HEIGHT = 96, 22
"""Size of a picture, in pixels of a screen."""


def histogram(counts: Sequence[int]) -> Markup:
    """Returns bars as high as the counts; what they show is in the text beside them, too."""
    most, wide = max(counts), WIDTH / len(counts)
    bars = "".join(
        f"M{place * wide:g} {HEIGHT}v-{_height(count, most):g}h{wide - 1:g}v{_height(count, most):g}z"
        for place, count in enumerate(counts)
        if count
    )
    return Markup(
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'<path d="{bars}"/></svg>'
    )


def _height(count: int, most: int) -> float:
    """Returns the height of a bar; that of few rows among many can still be seen."""
    return max(1.0, round(HEIGHT * count / most, 1))
