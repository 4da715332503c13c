"""The examples of docs/python.md: what they print, and their types."""

import doctest
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs/python.md").read_text("utf-8").replace("\n```", "\n\n```")  # an empty line ends what is printed


def test_the_examples_print_what_the_page_shows(tmp_path: Path, in_tmp_path: None) -> None:
    pytest.importorskip("sklearn")
    shutil.copy(ROOT / "data/iris.csv", tmp_path)
    found = doctest.DocTestParser().get_doctest(PAGE, {}, "python.md", None, None)
    assert len(found.examples) > 20
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    printed: list[str] = []
    runner.run(found, out=printed.append)
    assert not printed, "".join(printed)


@pytest.mark.long
def test_the_examples_are_typed(tmp_path: Path) -> None:
    """Neither scikit-learn nor its data have types."""
    (tmp_path / "examples.py").write_text(doctest.script_from_examples(PAGE), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--disable-error-code=import-untyped", "examples.py"]
    done = subprocess.run(command, cwd=tmp_path, env=typed(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


WRONG = {
    'api.train("iris.csv", target="species", epoch=3)': "call-arg",
    'api.train("iris.csv", target="species", epochs="many")': "arg-type",
    'api.load("iris.kerash").predict_probability("iris.csv")': "attr-defined",
    'api.evaluate("iris.kerash", 3)': "arg-type",
}


@pytest.mark.long
def test_wrong_calls_are_errors_of_types(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("\n".join(["from kerash_cli import api", *WRONG, ""]), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "wrong.py"]
    done = subprocess.run(command, cwd=tmp_path, env=typed(), capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line.rpartition("[")[2].rstrip("]") for line in lines] == [*WRONG.values()], done.stdout


def typed() -> dict[str, str]:
    """The environment in which mypy finds this checkout."""
    import program

    return {**program.environment(), "MYPYPATH": str(ROOT)}
