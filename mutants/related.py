"""Which test files could notice a fault in a module."""

import ast
from pathlib import Path

PACKAGE = "kerash_cli"


def modules(root: Path, paths: list[str]) -> list[str]:
    """The Python files among these paths and in the folders among them, relative to the root."""
    found: list[Path] = []
    for path in paths:
        place = root / path
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return [str(each.resolve().relative_to(root)) for each in found]


def covering(root: Path, module: str) -> list[str]:
    """The tests that mirror a module or its folder; where there are none, those of what imports it."""
    path = Path(module).relative_to(PACKAGE)
    found = _mirrors(root, path)
    if not found:
        name = ".".join(Path(module).with_suffix("").parts)
        found = [test for test in sorted((root / "tests").rglob("test_*.py")) if _imports(test, name)]
        for command in sorted((root / PACKAGE / "commands").glob("*.py")):
            found += _mirrors(root, command.relative_to(root / PACKAGE)) if _imports(command, name) else []
    return list(dict.fromkeys(str(each.relative_to(root)) for each in found))


def _mirrors(root: Path, path: Path) -> list[Path]:
    """tests/engine/test_losses.py for engine/losses.py; where there is none of its name, all in tests/engine."""
    own = sorted((root / "tests" / path.parent).glob(f"test_{path.stem.strip('_')}*.py"))
    if own or len(path.parts) == 1 or path.parts[0] == "commands":
        return own
    return sorted((root / "tests" / path.parts[0]).rglob("test_*.py"))


def _imports(file: Path, name: str) -> bool:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module == name:
            return True
        if isinstance(node, ast.ImportFrom) and any(f"{node.module}.{each.name}" == name for each in node.names):
            return True
        if isinstance(node, ast.Import) and any(each.name == name for each in node.names):
            return True
    return False
