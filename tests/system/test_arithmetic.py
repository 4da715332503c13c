"""The fingerprint of the arithmetic, and what is said when work goes on where it is another one."""

import json
import platform
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Kerash
from program import PROCESS, finished

from kerash_cli.model import archive
from kerash_cli.system import arithmetic
from kerash_cli.system.blas import openblas

OTHER = "0123456789abcdef"
ASKING = "from kerash_cli.system.arithmetic import fingerprint; print(fingerprint())"
XOR = ("data/xor.data", "data/xor.label")

needs_openblas = pytest.mark.skipif(
    openblas() is None or platform.machine() != "x86_64", reason="needs OpenBLAS on x86-64, whose kernels can be chosen"
)


def asked(environment: dict[str, str], **variables: str) -> str:
    """The fingerprint of a new process with these variables."""
    done = finished([sys.executable, "-c", ASKING], ROOT, {**environment, "OPENBLAS_NUM_THREADS": "1", **variables})
    assert (done.code, done.err) == (0, "")
    return done.out.strip()


def test_two_processes_with_the_same_arithmetic_have_the_same_fingerprint(environment: dict[str, str]) -> None:
    first = asked(environment)
    assert arithmetic.is_recorded(first)
    assert asked(environment) == first


@needs_openblas
def test_the_fingerprint_tells_kernels_and_instructions_apart(environment: dict[str, str]) -> None:
    kernels = [asked(environment, OPENBLAS_CORETYPE=name) for name in ("Nehalem", "Haswell")]
    names = "X86_V4 X86_V3 AVX512F AVX512_SKX AVX2 FMA3"  # those of NumPy 2.4, and those before
    plain = asked(environment, OPENBLAS_CORETYPE="Nehalem", NPY_DISABLE_CPU_FEATURES=names, PYTHONWARNINGS="ignore")
    assert len({*kernels, plain}) == 3


def test_the_version_shows_the_fingerprint_of_a_run(environment: dict[str, str], kerash: Kerash) -> None:
    shown = finished([*PROCESS, "--version", "-v"], ROOT, environment).out.splitlines()[-1]
    assert kerash("train", ROOT / "models/xor.model", *XOR, "-o", "m.kerash", "--epochs", "2", "-q").code == 0
    known = json.loads(kerash("show", "m.kerash", "--json").out)["training"]["arithmetic"]
    assert shown == f"arithmetic: {known}"
    assert kerash("show", "m.kerash").out.splitlines()[-2] == f"arithmetic {known}"


def test_work_goes_on_with_one_line_about_each_other_arithmetic() -> None:
    own = arithmetic.fingerprint()
    assert arithmetic.doubts("c", "") == arithmetic.doubts("c", own) == []
    (line,) = arithmetic.doubts("c", f"{OTHER} {own}")
    assert line.startswith(f"c: begun on other arithmetic ({OTHER} {own}, here {own})")
    assert arithmetic.joined("") == arithmetic.joined(own) == own
    assert arithmetic.joined(OTHER) == arithmetic.joined(f"{OTHER} {own}") == f"{OTHER} {own}"


@pytest.mark.parametrize("value", ["", "0123", OTHER.upper(), f"{OTHER}\n", f"{OTHER}  {OTHER}", 3, None, [OTHER]])
def test_only_fingerprints_are_accepted_from_a_file(value: object) -> None:
    assert not arithmetic.is_recorded(value)
    assert arithmetic.is_recorded(f"{OTHER} {OTHER}")


def begun_elsewhere(path: Path, value: object) -> None:
    """Rewrites a checkpoint as if it had been made on other arithmetic, or by kerash 0.1.0 if the value is None."""
    record, tensors = archive.load(path)
    del record["arithmetic"]
    path.write_bytes(archive.pack(tensors, record if value is None else {**record, "arithmetic": value}))


@pytest.mark.parametrize("value", [OTHER, None])
def test_a_resumed_run_says_that_its_checkpoint_is_of_other_arithmetic(
    kerash: Kerash, tmp_path: Path, value: str | None
) -> None:
    train = ("train", ROOT / "models/xor.model", *XOR, "-o", "m.kerash", "--checkpoint", "c")
    assert kerash(*train, "--epochs", "3").code == 0
    begun_elsewhere(tmp_path / "c", value)
    shown = kerash("show", "c.kerash").out if (tmp_path / "c").rename(tmp_path / "c.kerash") else ""
    assert (OTHER in shown) == (value is not None)
    train = (*train[:-1], "c.kerash")
    for epochs in ("5", "7"):  # what was begun elsewhere stays so
        done = kerash(*train, "--epochs", epochs, "--resume")
        assert done.code == 0
        assert done.err.count("begun on other arithmetic") == (value is not None)
    own = arithmetic.fingerprint()
    known = archive.load(tmp_path / "m.kerash").record["training"]["arithmetic"].split()
    assert known[:-1] == ([OTHER] if value else [])
    assert len(known[-1]) == len(own)


def test_a_checkpoint_with_an_invalid_fingerprint_is_damaged(kerash: Kerash, tmp_path: Path) -> None:
    train = ("train", ROOT / "models/xor.model", *XOR, "-o", "m.kerash", "--checkpoint", "c.kerash", "--epochs")
    assert kerash(*train, "3").code == 0
    begun_elsewhere(tmp_path / "c.kerash", "\033[31m")
    for words in ((*train, "5", "--resume"), ("show", "c.kerash")):
        done = kerash(*words)
        assert done.code == 5
        assert "\033" not in done.error


def test_a_model_with_an_invalid_fingerprint_is_damaged(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("train", ROOT / "models/xor.model", *XOR, "-o", "m.kerash", "--epochs", "2").code == 0
    record, tensors = archive.load(tmp_path / "m.kerash")
    record["training"]["arithmetic"] = "none"
    (tmp_path / "m.kerash").write_bytes(archive.pack(tensors, record))
    assert kerash("show", "m.kerash").code == 5


SEARCH = ("evolve", "2", "1", "s", *XOR, "2")


def test_a_search_that_goes_on_elsewhere_says_so(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    """The line about the other arithmetic is the first one of the history that this process adds."""
    elsewhere = {**environment, "OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": ""}
    assert finished([*PROCESS, *SEARCH, "1"], tmp_path, elsewhere).code == 0
    done = kerash(*SEARCH, "2")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in (tmp_path / "s.evolve/history.jsonl").read_bytes().splitlines()]
    noted = [line["arithmetic"] for line in lines if "arithmetic" in line]
    assert lines[0]["arithmetic"] == noted[0]
    assert archive.load(tmp_path / "s.kerash").record["training"]["arithmetic"] == " ".join(noted)
    if asked(environment) == asked(elsewhere):
        pytest.skip("this processor has no other kernels")
    assert len(noted) == 2
    assert "generation" in next(line for line in lines if line.get("arithmetic") == noted[1])
    assert done.err.count("s.evolve: begun on other arithmetic") == 1
    assert kerash(*SEARCH, "3").err.count("s.evolve: begun on other arithmetic") == 1


def test_a_search_without_fingerprints_goes_on_without_a_word(kerash: Kerash, tmp_path: Path) -> None:
    """Histories of before have none."""
    from kerash_cli.evolution import history

    assert kerash(*SEARCH, "1").code == 0
    path, digest, lines = tmp_path / "s.evolve/history.jsonl", "", []
    for line in path.read_bytes().splitlines():
        record = {name: value for name, value in json.loads(line).items() if name not in ("arithmetic", "digest")}
        digest = history._digest(record, digest)
        lines.append(history._line({**record, "digest": digest}))
    path.write_bytes(b"".join(lines))
    (tmp_path / "s.evolve/winner.json").unlink()
    shutil.rmtree(tmp_path / "s.evolve/weights")
    done = kerash(*SEARCH, "2")
    assert done.code == 0, done.err
    assert "arithmetic" not in done.err
    assert sum("arithmetic" in json.loads(line) for line in path.read_bytes().splitlines()) == 1


def test_it_computes_with_every_number_type_that_networks_have() -> None:
    for dtype in (np.dtype("float32"), np.dtype("float64")):
        results = list(arithmetic._results(dtype))
        assert {each.dtype for each in results} == {dtype}
        assert all(np.isfinite(each).all() for each in results)
