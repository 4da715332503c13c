"""The faults that `make mutants` plants, and whether it tells those that a test notices from the others."""

import ast
import os
import sys
from collections import Counter
from pathlib import Path

import program
import pytest
from conftest import ROOT

from mutants import reach
from mutants.accepted import FILE, accepted, key
from mutants.faults import Fault, faults
from mutants.related import covering, modules
from mutants.trials import Scratch

SOURCE = '''"""A module: 1 + 1 in its docstring is no fault."""

MOST = 3


def least(a: int, b: "int | None" = 2, *, upto: bool = True) -> int:
    """The smaller one."""
    if a < MOST and not b:
        raise ValueError(f"expected {a + 1}")
    return min(a, b + 1)
'''


def planted(folder: Path, source: str = SOURCE) -> list[Fault]:
    (folder / "kerash_cli").mkdir(exist_ok=True)
    (folder / "kerash_cli/a.py").write_text(source, encoding="utf-8")
    return faults(folder, "kerash_cli/a.py")


def test_faults_are_planted_in_what_runs(tmp_path: Path) -> None:
    found = {(fault.line, fault.before, fault.after) for fault in planted(tmp_path)}
    assert found == {
        (3, "3", "4"),
        (3, "3", "2"),
        (6, "2", "3"),
        (6, "2", "1"),
        (6, "True", "False"),
        (8, "a < MOST and not b", "(a < MOST or not b)"),
        (8, "a < MOST and not b", "(not b)"),
        (8, "a < MOST and not b", "(a < MOST)"),
        (8, "a < MOST and not b", "(not (a < MOST and (not b)))"),
        (8, "a < MOST", "(a <= MOST)"),
        (8, "a < MOST", "(a >= MOST)"),
        (8, "not b", "b"),
        (9, 'raise ValueError(f"expected {a + 1}")', "pass"),
        (10, "return min(a, b + 1)", "return None"),
        (10, "min(a, b + 1)", "max(a, b + 1)"),
        (10, "b + 1", "(b - 1)"),
        (10, "1", "2"),
        (10, "1", "0"),
    }


@pytest.mark.parametrize("module", ["kerash_cli/training/checkpoint.py", "kerash_cli/engine/layers/convolution.py"])
def test_a_source_with_a_fault_is_another_program(module: str) -> None:
    source = (ROOT / module).read_bytes()
    found = faults(ROOT, module)
    assert len(found) > 100
    for fault in found[::25]:
        assert ast.dump(ast.parse(fault.planted(source))) != ast.dump(ast.parse(source)), fault


def test_every_accepted_survivor_is_a_fault_that_can_be_planted() -> None:
    reasons = accepted(FILE.read_text(encoding="utf-8"))
    files = {place.partition(": ")[0] for place in reasons}
    possible = {key(fault) for file in files for fault in faults(ROOT, file)}
    assert reasons.keys() - possible == set(), "mend or remove these"
    assert all(len(reason) > 20 for reason in reasons.values())


def test_a_module_is_tried_with_the_tests_of_its_name_or_else_of_its_folder() -> None:
    assert covering(ROOT, "kerash_cli/engine/schedules.py") == ["tests/engine/test_schedules.py"]
    assert "tests/engine/test_images.py" in covering(ROOT, "kerash_cli/engine/layers/average_pooling.py")
    assert "tests/commands/test_evolve.py" not in covering(ROOT, "kerash_cli/evolution/search.py")
    assert "tests/training/test_loop.py" in covering(ROOT, "kerash_cli/training/loop.py")
    assert "kerash_cli/engine/layers/dense.py" in modules(ROOT, ["kerash_cli/engine"])


@pytest.mark.long
def test_what_a_test_notices_is_told_from_what_none_does(tmp_path: Path) -> None:
    found = planted(
        tmp_path, "def larger(a, b):\n    n = 0\n    while n < 1:\n        n += 1\n    return a if a > b else b\n"
    )
    (tmp_path / "kerash_cli/__init__.py").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text(
        "import subprocess\nfrom pathlib import Path\n\nfrom kerash_cli.a import larger\n\n\n"
        "def test_one():\n"
        "    if larger(1, 2) != 2:\n"
        "        left = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "        Path('left').write_text(str(left.pid))\n"
        "    assert larger(1, 2) == 2\n    assert larger(2, 1) == 2\n\n\n"
        "def test_that_fails_as_it_is():\n    assert larger(1, 2) == 3\n",
        encoding="utf-8",
    )
    copy = Scratch(tmp_path, tmp_path.parent / "copy")
    found_by = copy.reached(["kerash_cli/a.py"], ["tests/test_a.py"], 1)
    assert found_by.failed == {"tests/test_a.py::test_that_fails_as_it_is"}
    assert set(found_by.lines["kerash_cli/a.py"]) == {2, 3, 4, 5}
    copy.compile()
    noticed = Counter({(fault.before, fault.after): bool(copy.noticed(fault, found_by, 30)) for fault in found})
    assert noticed["a > b", "(a <= b)"]
    assert noticed["return a if a > b else b", "return None"]
    assert noticed["n += 1", "pass"]  # without end
    with pytest.raises(ProcessLookupError):  # what a test had started in a session of its own is gone
        os.kill(int((copy.folder / "left").read_text(encoding="ascii")), 0)
    assert not noticed["a > b", "(a >= b)"]  # the same where they are equal
    assert (copy.folder / "kerash_cli/a.py").read_bytes() == (tmp_path / "kerash_cli/a.py").read_bytes()


SERVING = """
import os
from served import least
def called(test):
    os.environ["PYTEST_CURRENT_TEST"] = f"{test} (call)"
    least(1, 2)
called("first")
if os.fork():
    os.wait()
else:
    called("second")
    called("third")
"""


def test_a_process_that_serves_several_tests_tells_them_apart(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_bytes(Path(reach.__file__).read_bytes())
    (tmp_path / "served.py").write_text("def least(a, b):\n    return min(a, b)\n", encoding="ascii")
    (tmp_path / "reach").mkdir()
    where = {"MUTANTS_REACH": str(tmp_path / "reach"), "MUTANTS_FILES": str(tmp_path / "served.py")}
    where |= {"PYTHONPATH": str(tmp_path), "PYTEST_CURRENT_TEST": ""}
    environment = {**program.environment(), **where}
    assert program.finished([sys.executable, "-c", SERVING], tmp_path, environment).code == 0
    lines = [file.read_text(encoding="utf-8").splitlines() for file in (tmp_path / "reach").iterdir()]
    told = {line.split("\t")[1] for file in lines for line in file}
    assert told == {"first", "second", "third"}


PROTECTED = """
from mutants.trials import protect_devices
import os
protect_devices()
with open("/dev/null", "w") as nothing:
    nothing.write("gone")
os.mkfifo("/dev/planted")
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can replace what is in /dev")
def test_a_fault_replaces_no_device(tmp_path: Path) -> None:
    done = program.finished([sys.executable, "-c", PROTECTED], tmp_path, program.environment())
    assert done.err.splitlines()[-1].startswith("OSError: [Errno 30] Read-only file system")
