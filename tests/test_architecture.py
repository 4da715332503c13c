import ast
import subprocess
import sys
from collections import Counter
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kerash_cli"

STOREYS = {
    "errors": 0,
    "decimals": 1,
    "registry": 1,
    "system": 2,
    "engine": 3,
    "tables": 4,
    "encoding": 5,
    "matrices": 5,
    "model": 6,
    "store": 6,
    "parallel": 7,
    "training": 8,
    "prediction": 9,
    "inspection": 9,
    "diagnosis": 9,
    "classic": 10,
    "export": 10,
    "evolution": 10,
    "completion": 12,
    "shell": 11,
    "views": 11,
    "doctor": 12,
    "commands": 13,
    "api": 14,
    "cli": 14,
    "__main__": 15,
    "estimators": 15,
}

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(module: Path) -> set[str]:
    """The dotted names that a module imports anywhere in it, type-checking blocks included."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(module: Path) -> set[str]:
    own = {name.split(".")[1] for name in imports(module) if name.startswith("kerash_cli.")}
    return {name for name in own if name != "__version__"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_imports_only_go_down(module: Path) -> None:
    if module == PACKAGE / "__init__.py":
        assert not rooms_imported(module)
        return
    storey = STOREYS[room(module)]
    above = {name for name in rooms_imported(module) if name != room(module) and STOREYS[name] >= storey}
    assert not above, f"{module.relative_to(ROOT)} (storey {storey}) imports {above}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions and those for types alone count too."""
    files = {
        ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): module for module in MODULES
    }
    waiting = {
        name: {each if each in files else each.rpartition(".")[0] for each in imports(file)} & files.keys() - {name}
        for name, file in files.items()
    }
    while done := {name for name, below in waiting.items() if not below & waiting.keys()}:
        waiting = {name: below for name, below in waiting.items() if name not in done}
    assert not waiting, "these import each other"


def test_every_room_has_a_storey_and_every_storey_a_room() -> None:
    assert {room(module) for module in MODULES} - {"__init__"} == STOREYS.keys()


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) == "engine"], ids=lambda module: module.name)
def test_the_engine_knows_no_files_processes_or_terminals(module: Path) -> None:
    roots = {name.split(".")[0] for name in imports(module)}
    assert not roots & {"pathlib", "subprocess", "click", "rich", "os", "sys", "io"}


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) != "views"], ids=lambda module: str(module.name))
def test_only_the_views_import_rich(module: Path) -> None:
    assert "rich" not in {name.split(".")[0] for name in imports(module)}


def test_the_command_line_starts_and_lists_the_commands_without_numpy_and_rich() -> None:
    program = (
        "import sys\n"
        "from kerash_cli.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    sys.exit(len({'numpy', 'rich', 'safetensors', 'mpi4py'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_list_names_every_package() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    found = {".".join(init.parent.relative_to(ROOT).parts) for init in PACKAGE.rglob("__init__.py")}
    assert listed == found | {"kerash_cli._bundled.data", "kerash_cli._bundled.models"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_nothing_runs_code_from_data(module: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__"}
    assert not {name.split(".")[0] for name in imports(module)} & {"pickle", "marshal", "shelve"}
    keywords = [(word.arg, ast.unparse(word.value)) for call in calls for word in call.keywords]
    assert not [word for word in keywords if word[0] == "shell"]
    assert {value for name, value in keywords if name == "allow_pickle"} <= {"False"}


LONGEST_FILE, LONGEST_FUNCTION = 500, 45
"""Lines."""


def lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


def nodes(*kinds: type[ast.AST]) -> list[tuple[str, Any]]:
    """All nodes of these kinds in the package, each with the path of its module."""
    trees = [(str(each.relative_to(PACKAGE)), ast.parse(each.read_text(encoding="utf-8"))) for each in MODULES]
    return [(path, node) for path, tree in trees for node in ast.walk(tree) if isinstance(node, kinds)]


def test_no_file_of_code_or_tests_is_long() -> None:
    files = [*MODULES, *(ROOT / "tests").rglob("*.py")]
    assert not {str(file.relative_to(ROOT)) for file in files if lines(file) > LONGEST_FILE}


def test_no_function_is_long() -> None:
    functions = nodes(ast.FunctionDef)
    long = {(path, each.name) for path, each in functions if each.end_lineno - each.lineno >= LONGEST_FUNCTION}
    assert not long


def test_a_class_name_occurs_once() -> None:
    counts = Counter(each.name for _, each in nodes(ast.ClassDef))
    assert not {name for name, count in counts.items() if count > 1}


def test_no_import_takes_another_name() -> None:
    imports = nodes(ast.Import, ast.ImportFrom)
    aliases = {(path, alias.name) for path, each in imports for alias in each.names if alias.asname}
    assert {alias for alias in aliases if alias[1] != "numpy"} == set()


def test_no_two_files_of_tests_have_the_same_name() -> None:
    """They would be the same module for pytest."""
    counts = Counter(file.name for file in (ROOT / "tests").rglob("*.py"))
    assert not [name for name, count in counts.items() if count > 1]
