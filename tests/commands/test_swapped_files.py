"""Commands that take a model and a table say how to swap the two, and the line that they print works."""

import shlex
from pathlib import Path

import pytest
from conftest import Kerash

COMMANDS = (
    "predict", "evaluate", "importance --repeats 1", "report", "repro", "explain", "compare m.kerash", "compare"
)  # fmt: skip
"""Commands before the words DATA MODEL; compare also takes another model after them."""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_and_a_model_that_are_swapped_are_told_with_the_right_command(
    command: str, kerash: Kerash, tmp_path: Path
) -> None:
    rows = "".join(f"{each},{each % 2}\n" for each in range(12))
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "t.csv").write_text(f"x,y\n{rows}", encoding="ascii")
    kerash("train", "some/t.csv", "--target", "y", "--epochs", "1", "-q", "-o", "m.kerash")
    words = [*command.split(), "some/t.csv", "m.kerash"]
    if command == "compare":
        words = ["compare", "some/t.csv", "m.kerash", "m.kerash"]
    done = kerash(*words)
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("m.kerash is a saved model, and some/t.csv is a table; try kerash ")
    assert kerash(*shlex.split(done.error.partition("; try kerash ")[2])).code == 0
