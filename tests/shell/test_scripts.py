"""Scripts as they were written for the original, whose `source` lines find the functions of shell-init."""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import shells
from conftest import ROOT
from shells import SHELLS, Run
from tensor_text import parsed

from kerash_cli.model.trained import TrainedModel

pytestmark = pytest.mark.parametrize("shell", SHELLS)

STYLE = """
source ./kera.sh
init_fs
store_model "my_model" ../data/test_model ../data/test_data ../data/test_label
create_genome "default" "${MODEL}/my_model.model"
fit 25 "default" 4 4 10 0.1
evolve_from_scratch 2 1 xor_ev ../data/test_data ../data/test_label 1 3
"""


@pytest.fixture
def source(shell: str, tmp_path: Path) -> Path:
    """A folder src/ with kera.sh, beside the data of the slides."""
    source, data = tmp_path / "src", tmp_path / "data"
    source.mkdir()
    data.mkdir()
    (source / "kera.sh").write_text(shells.INIT.format(shell=shell))
    for ending in ("model", "data", "label"):
        folder = "models" if ending == "model" else "data"
        shutil.copy(ROOT / folder / f"xor.{ending}", data / f"test_{ending}")
    return source


@pytest.fixture
def run(shell: str, source: Path) -> Run:
    """Runs a script there, where mounting a tmpfs is believed to have succeeded."""
    mount = Path(shells.environment(source)["PATH"].partition(":")[0], "mount")
    mount.write_text("#!/bin/sh\n")
    mount.chmod(0o755)
    return partial(shells.run, shell, folder=source, init=False)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_script_in_the_style_of_2019(run: Run, source: Path) -> None:
    done = run(STYLE)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    batch = re.compile(r"Epoch: +\d+ Batch: +\d+ cost: \d\.\d{6} accuracy: +\d+\.\d%")
    assert [bool(batch.fullmatch(line)) for line in lines[:25]] == [True] * 25
    assert lines[25:27] == ["2 1 1", "input"]
    assert lines[-1] == "dense 1 sigmoid"
    layer = "model/genomes/gen_default/topology/layer_{}/{}.dat"
    expected = {
        "model/my_model.model",
        *(f"model/my_model/{axis}_{part}.npy" for axis in "xy" for part in ("train", "val")),
    }
    expected |= {f"model/genomes/gen_default/{name}" for name in ("meta.dat", "result")}
    expected |= {layer.format(i, name) for i in (1, 2) for name in ("meta", "weights", "bias_weights")}
    expected.add(layer.format(0, "meta"))
    assert expected <= tree(source / "kerash_mountpoint")
    assert (source / "xor_ev.evolve").is_dir()
    model = TrainedModel.load(str(source / "xor_ev.kerash"))
    assert model.network.features == 2
    described = (source / "kerash_mountpoint/model/my_model.model").read_text()
    assert described == (ROOT / "models/xor.model").read_text()


def test_what_was_there_of_the_same_name_is_replaced(run: Run, tmp_path: Path) -> None:
    once = run(STYLE)
    again = run(f"{STYLE}\ncreate_genome default my_model; create_genome default ../data/test_model")
    assert (again.code, again.out) == (once.code, once.out)


def test_predict_leaves_what_each_layer_makes(run: Run, source: Path) -> None:
    (source / "sample").write_text("2 1 1\n0.5\n-1\n")
    script = """
        gen_id=default; predict sample
        for i in 0 1 2; do for kind in activity activation; do cp "$(predict_name $i $kind)" .; done; done
        matrix_mul 3< 0_activation.dat 4< "$MODEL/genomes/gen_default/topology/layer_1/weights.dat" > z
        matrix_similar 1e-12 3< z 4< 1_activity.dat && matrix_apply activ_sigmoid < z > a
        matrix_similar 1e-12 3< a 4< 1_activation.dat && matrix_load < 2_activation.dat; echo "${array[@]}"
        predict nothing; echo $?; gen_id=; predict sample; echo $?
    """
    done = run(STYLE.partition("fit ")[0] + script)
    number, *statuses = done.out.split()
    assert statuses == ["1", "1"]
    assert [line.startswith("Error: ") for line in done.err.splitlines()[-2:]] == [True, True]
    a = np.array([[0.5, -1.0]])
    for i in (1, 2):
        weights = source / f"kerash_mountpoint/model/genomes/gen_default/topology/layer_{i}/weights.dat"
        a = 1 / (1 + np.exp(-a @ parsed(weights.read_bytes())[0]))
    assert float(number) == pytest.approx(float(a[0, 0]), rel=1e-12)


def test_evolution_goes_on_with_a_genome(run: Run, source: Path) -> None:
    script = """
        evolve_from_model default my_model 1 1; echo $?
        evolve_from_model default other 1 0; echo $?
        evolve_from_model nothing my_model 1 1; echo $?
        evolve_from_model x; echo $?
    """
    done = run(STYLE.partition("evolve_from_scratch")[0] + script)
    lines = done.out.splitlines()[25:]
    assert lines[:2] == ["2 1 1", "input"]
    assert [line for line in lines if re.fullmatch(r"\d", line)] == ["0", "0", "1", "1"]
    assert {path.name for path in source.glob("*.kerash")} == {"my_model.kerash", "other.kerash"}
    assert "called 'nothing'; try kerash list\n" in done.err
    assert done.err.endswith("got 1 words\n")


def test_errors_are_one_line_and_1(run: Run) -> None:
    lines = [
        "store_model a b", "store_model m nothing ../data/test_data ../data/test_label", "create_genome g nothing",
        "create_genome ../g my_model", "fit 1 nothing 4 1 1 0.1", "fit x", "evolve_from_scratch 2", "init_fs x",
        "end_fs", "predict x",
    ]  # fmt: skip
    done = run("source ./kera.sh\n" + "\n".join(f"{line}; echo $?" for line in lines))
    assert done.out == "1\n" * len(lines)
    assert done.err.count("\n") == done.err.count("Error: ") == len(lines)


@pytest.mark.parametrize("mounts", [True, False], ids=["a mount", "no right to mount"])
def test_the_variables_lead_to_what_init_fs_made(shell: str, source: Path, mounts: bool) -> None:
    settings = shells.environment(source)
    if not mounts:
        refusing = Path(settings["PATH"].partition(":")[0], "mount")
        refusing.write_text("#!/bin/sh\necho 'mount: only root can' >&2\nexit 1\n")
        refusing.chmod(0o755)
    script = """
        source ./kera.sh
        init_fs 16 2>said; store_model m ../data/test_model ../data/test_data ../data/test_label
        create_genome g "$MODEL/m.model" && fit 1 g 4 1 1 0.1 && ls "$MODEL/genomes"; tmp_name 2 >/dev/null
        echo "$MOUNTPOINT"; end_fs; echo $?; [ -e "$MODEL" ] || echo gone; cat said
    """
    namespace = ["unshare", "-Urm", "sh", "-c", f'{shutil.which("mount")} -t tmpfs none /dev/shm && exec "$@"', "sh"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")
    done = subprocess.run(
        [*namespace, *shells.command(shell), "-c", script], cwd=source, env=settings, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    _, genome, place, status, gone, told = done.stdout.splitlines()
    assert (genome, status, gone) == ("gen_g", "0", "gone")
    assert place == "./kerash_mountpoint" if mounts else place.startswith("/dev/shm/kerash-")
    assert ("only root can" in told) == (not mounts)
    assert not (source / "kerash_mountpoint").exists()
