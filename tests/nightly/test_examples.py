"""The examples of docs/nightly.md, run as cron, systemd and make run them: no HOME, no PATH, no terminal."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from processes import ended, read_until

PAGE = (ROOT / "docs" / "nightly.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```(?:text|ini|make)\n(.*?)^```$", PAGE)


def block(word: str) -> str:
    """The example with that word in it."""
    (found,) = (each for each in BLOCKS if word in each)
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the files of the page in `srv/iris`, and the program in `opt/kerash/bin`."""
    program, folder = tmp_path / "opt/kerash/bin/kerash", tmp_path / "srv/iris"
    program.parent.mkdir(parents=True)
    folder.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m kerash_cli "$@"\n', encoding="ascii")
    program.chmod(0o755)
    (folder / "iris.csv").write_bytes((ROOT / "data/iris.csv").read_bytes())
    (folder / "iris.model").write_bytes((ROOT / "models/iris.model").read_bytes())
    return tmp_path


def moved(text: str, place: Path) -> str:
    """The text with its folders in that place."""
    return text.replace("/opt/", f"{place}/opt/").replace("/srv/", f"{place}/srv/")


def bare(line: str, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What becomes of a line of sh in an environment with nothing in it, and without a terminal."""
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        start_new_session=True,
        check=False,
    )


def test_the_line_of_the_crontab_runs_night_after_night(place: Path) -> None:
    schedule, line = block("30 2 * * *").strip()[:10], moved(block("30 2 * * *").strip()[11:], place)
    assert schedule == "30 2 * * *"
    assert "%" not in line  # which means a new line in a crontab
    log, model = place / "srv/iris/nightly.log", place / "srv/iris/iris.kerash"
    assert bare(line, place).returncode == 0, log.read_text()
    first = model.read_bytes()
    assert bare(line, place).returncode == 0
    assert model.read_bytes() == first
    assert len(log.read_text().splitlines()) == 2
    with (place / "srv/iris/iris.csv").open("a") as data:
        data.write("5.0,3.4,1.5,0.2,setosa\n")
    assert bare(line, place).returncode == 2
    assert "from other data (iris.csv has changed" in log.read_text()
    assert model.read_bytes() == first


def test_the_unit_runs_is_stopped_and_killed_and_goes_on(place: Path) -> None:
    unit = dict(re.findall(r"(?m)^([A-Za-z]+)=(.*)$", moved(block("[Service]"), place)))
    assert (unit["Type"], unit["SuccessExitStatus"]) == ("oneshot", "143")
    folder, command = Path(unit["WorkingDirectory"]), shlex.split(unit["ExecStart"])
    long = [*command[:-1], "--epochs", "100000", "--patience", "100000", "--every", "1"]
    epochs = []
    for number in (signal.SIGTERM, signal.SIGKILL):
        process = subprocess.Popen(
            long, cwd=folder, env={}, stdout=-1, stderr=-1, stdin=subprocess.DEVNULL, bufsize=0, start_new_session=True
        )
        read_until(process, "epoch ")
        process.send_signal(signal.SIGUSR1)
        read_until(process, "epoch ")
        process.send_signal(number)
        assert ended(process)[0] == (143 if number == signal.SIGTERM else -9)
        epochs.append(stands(place, folder))
    assert epochs == sorted(epochs)
    last = str(epochs[-1] + 5)
    words = ["--epochs", last, "--patience", "100000", "-q"]
    done = subprocess.run(
        [*command[:-1], "--epochs", "100001", *words[2:], "--time", "1s"], cwd=folder, env={}, check=False
    )
    assert done.returncode == 0
    assert stands(place, folder) >= epochs[-1]


def stands(place: Path, folder: Path) -> int:
    """The epoch of the checkpoint."""
    shown = [str(place / "opt/kerash/bin/kerash"), "show", "iris.ckpt", "--json"]
    return int(json.loads(subprocess.run(shown, cwd=folder, env={}, capture_output=True, check=True).stdout)["epoch"])


def test_the_rule_of_make_keeps_the_earlier_model_when_the_new_one_is_poor(place: Path) -> None:
    folder, path = place / "srv/iris", f"{place}/opt/kerash/bin:/usr/bin:/bin"
    (folder / "Makefile").write_text(block("--fail-under"), encoding="ascii")
    done = bare("make", folder, PATH=path)
    assert done.returncode == 0, done.stderr
    first = (folder / "iris.kerash").read_bytes()
    (folder / "iris.model").write_text("4 1 1\ninput\ndropout 0.9\ndense 3 softmax\n", encoding="ascii")
    poor = re.sub("-o new", "--epochs 1 --learning-rate 1e-6 -o new", block("--fail-under"))
    (folder / "Makefile").write_text(poor, encoding="ascii")
    done = bare("make", folder, PATH=path)
    assert (done.returncode, "Error 7" in done.stderr) == (2, True), done.stderr
    assert (folder / "iris.kerash").read_bytes() == first
    assert bare("make -q", folder, PATH=path).returncode == 1
