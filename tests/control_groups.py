"""Control groups that a test writes, in place of those of this machine."""

from pathlib import Path

import pytest

from kerash_cli.system import cgroups


def groups(folder: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: dict[str, str]) -> None:
    """Has control groups looked for in a folder, and `own` say which are this process's."""
    for name, text in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    (folder / "own").write_text(own)
    monkeypatch.setattr(cgroups, "ROOT", str(folder / "cgroup"))
    monkeypatch.setattr(cgroups, "OWN", str(folder / "own"))
