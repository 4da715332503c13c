"""Colours of pictures, light and dark.

The hues are those of Okabe & Ito, which people with any kind of colour vision tell apart
(https://jfly.uni-koeln.de/color), made darker or lighter so that each has a contrast of 3 with the background, as
https://www.w3.org/TR/WCAG21/#non-text-contrast asks for; texts have a contrast of 4.5.
"""

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "soft": "#5a626b",
    "grid": "#e3e6ea",
    "heat": "#0072b2",
    "warm": "#d55e00",
    "0": "#7a828c",
    "1": "#0072b2",
    "2": "#d55e00",
    "3": "#00835f",
    "4": "#a8508a",
    "5": "#5e4a00",
    "6": "#3f4650",
}
"""Colours by role; those of series have numbers. `heat` and `warm` are those of the cells of matrices."""

DARK = {
    "paper": "#14171c",
    "ink": "#e8eaed",
    "soft": "#a3abb5",
    "grid": "#2c323a",
    "heat": "#0072b2",
    "warm": "#d55e00",
    "0": "#8b939d",
    "1": "#56b4e9",
    "2": "#f08a24",
    "3": "#2bc59a",
    "4": "#e09ac6",
    "5": "#f0e442",
    "6": "#d5d8dc",
}

CLASS = "kerash-chart"
"""Class of the root element of each picture."""


def style() -> str:
    """Returns the style sheet of a picture, which has the same text in all of them.

    A page may set `--chart-ink` and so on, to give the charts in it other colours. Programs that know no variables take
    nothing of it.
    """
    rules = [
        f".{CLASS}{{{_variables(LIGHT)}}}",
        f"@media (prefers-color-scheme:dark){{.{CLASS}{{{_variables(DARK)}}}}}",
        f"@media print{{.{CLASS}{{{_variables(LIGHT)}}}}}",
        *(f".{CLASS} .f-{role}{{fill:var(--c-{role})}}.{CLASS} .s-{role}{{stroke:var(--c-{role})}}" for role in LIGHT),
    ]
    return f"@supports (fill:var(--c)){{{''.join(rules)}}}"


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--c-{role}:var(--chart-{role},{colour})" for role, colour in colours.items())


def fill(role: str | int) -> str:
    """Returns the attributes that fill an element with a colour; programs without CSS take the light one."""
    return f'class="f-{role}" fill="{LIGHT[str(role)]}"'


def stroke(role: str | int) -> str:
    """Returns the attributes that draw an element's outline in a colour."""
    return f'class="s-{role}" stroke="{LIGHT[str(role)]}" fill="none"'
