"""Tables that tests write reports about."""

import csv
from pathlib import Path

HOSTILE = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "'><img src=x onerror=alert(1)>",
    "\x1b[2J\x07",
    "\u202eevil",
    "</title></style><b>",
    "&lt;&amp;",
]
"""Names that would do something in a page or a terminal."""

TRAINED = {
    "iris": ("iris.model", "species", 20),
    "digits": ("digits.model", "digit", 5),
    "diabetes": ("diabetes.model", "progression", 20),
}
"""The models of sample data: the description, the target and the epochs."""


def write_hostile(path: Path) -> None:
    """Writes a table whose columns, words and classes have hostile names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HOSTILE, "a", "kind"])
        for row in range(60):
            word = HOSTILE[row % len(HOSTILE)]
            writer.writerow([*(row * place % 7 for place in range(len(HOSTILE))), word, HOSTILE[row % 3]])
