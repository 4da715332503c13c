"""The optional packages: those of setup.cfg, and what becomes of broken ones."""

import sys
from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path

import pytest
from conftest import ROOT

from kerash_cli.doctor import extras, import_trial, packages
from kerash_cli.doctor.findings import Fact, Patient, Remark
from kerash_cli.doctor.import_trial import ImportTrial
from kerash_cli.doctor.packages import EXTRAS, OptionalPackage

REFUSAL = "raise RuntimeError('cannot load /opt/secret/lib/libx.so: no such file\\nmore')"
BROKEN = {
    "refuses": (REFUSAL, "RuntimeError: cannot load libx.so: no such file"),
    "leaves": ("raise SystemExit(3)", "SystemExit: 3"),
    "prints": ('print(\'["fine", ["noise"]]\')', ""),
    "dies": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "the import kills Python (SIGSEGV)"),
    "ends": ("import os; os._exit(4)", "the import ends Python (exit code 4)"),
    "fine": ("", ""),
}


def tried(folder: Path, monkeypatch: pytest.MonkeyPatch, modules: Mapping[str, str]) -> Patient:
    """A patient whose extras are these modules, in their order."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    own = {name: OptionalPackage(name, "1", name, "tests") for name in modules}
    for module in (extras, import_trial):
        monkeypatch.setattr(module, "EXTRAS", own)
        monkeypatch.setattr(module, "installed", lambda package: "1.0")
    return Patient(None, ImportTrial())


def test_the_extras_are_those_of_the_package_with_their_earliest_versions() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = {name: lines.split("\n")[1:] for name, lines in config["options.extras_require"].items()}
    assert EXTRAS.keys() == listed.keys() - {"all", "dev", "dev-long", "docs"}
    for name, (package, least, *_) in EXTRAS.items():
        (line,) = listed[name]
        assert line.split(";")[0] == (f"{package}>={least}" if least else package)
    needed = config["options"]["install_requires"].split()
    assert needed == [f"{name}>={least}" for name, least in packages.PACKAGES.items()]


def test_a_broken_package_is_a_remark_and_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = tried(tmp_path, monkeypatch, {name: text for name, (text, _) in BROKEN.items()})
    with patient.imports:
        found = [*extras.extras(patient)]
    told = {each.name: each.text for each in found if isinstance(each, Fact)}
    assert told == {name: f"{name} 1.0{', broken' if said else ''}" for name, (_, said) in BROKEN.items()}
    assert [each.text for each in found if isinstance(each, Remark)] == [
        f"{name} 1.0 can't be imported ({said}); try pip install --force-reinstall {name}"
        for name, (_, said) in BROKEN.items()
        if said
    ]


def test_an_import_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_trial, "SECONDS", 0.3)
    patient = tried(tmp_path, monkeypatch, {"hangs": "import time; time.sleep(60)", "later": ""})
    with patient.imports as imports:
        assert imports.errors()["hangs"] == "the import takes more than 0 s"
        assert imports.errors()["later"].startswith("not tried")


def test_nothing_is_imported_where_it_would_fail_for_want_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_trial.memory, "available", lambda: 10**8)
    patient = tried(tmp_path, monkeypatch, {"dies": BROKEN["dies"][0]})
    with patient.imports:
        assert [*extras.extras(patient)] == [
            Fact("dies", "dies 1.0, not tried: too little memory", {"package": "dies", "version": "1.0", "error": None})
        ]


def test_a_package_that_is_missing_or_old_has_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = tried(tmp_path, monkeypatch, {"old": "", "new": "", "missing": ""})
    monkeypatch.setattr(extras, "installed", {"old": "0.9.9", "new": "1.0rc1"}.get)
    with patient.imports:
        found = [*extras.extras(patient)]
    assert [each.text for each in found] == [
        "old 0.9.9, too old",
        "old 0.9.9 is too old for kerash, which needs 1; try pip install 'kerash[old]'",
        "new 1.0rc1",
        "missing, for tests: pip install 'kerash[missing]'",
    ]


def test_a_python_with_zstandard_of_its_own_needs_no_package() -> None:
    assert ("zstd" in extras.BUILT_IN) == (sys.version_info >= (3, 14))
