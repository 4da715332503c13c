"""docs/recipes.md: its scripts for other libraries, with these libraries where they are installed."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import program
import pytest
from conftest import ROOT

PAGE = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
LOG = [
    {"epoch": 1, "loss": 0.5, "validation_loss": None, "learning_rate": 0.005, "improved": True, "seconds": 0.25},
    {"epoch": 2, "loss": 0.25, "validation_loss": 0.125, "learning_rate": 0.005, "improved": False, "seconds": 0.5},
]


def script(name: str, folder: Path) -> list[str]:
    """The command of a script of the page, which is written to a folder."""
    (body,) = re.findall(rf"(?ms)^```python {name}\n(.*?)^```$", PAGE)
    (folder / name).write_text(body, encoding="utf-8")
    return [sys.executable, name]


def fed(command: list[str], folder: Path, **extra: str) -> None:
    """Runs a command with the run log on its standard input; `kerash` is this checkout."""
    environment = {**program.install(folder / "bin"), **extra}
    text = "".join(f"{json.dumps(epoch)}\n" for epoch in LOG)
    done = subprocess.run(command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_script_of_bash_goes_on_if_the_model_has_ended(tmp_path: Path) -> None:
    (body,) = re.findall(r"(?ms)^```bash ask.bash\n(.*?\n\})$", PAGE)
    (tmp_path / "kerash").write_text("#!/bin/sh\nread -r line; echo $line\n", encoding="ascii")
    (tmp_path / "kerash").chmod(0o755)
    text = f'set -euo pipefail\n{body}\nask one; wait "$model"; ask two 2>/dev/null || echo failed; echo on\n'
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", text], env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\nfailed\non\n", "")


@pytest.mark.long
@pytest.mark.skipif(not importlib.util.find_spec("tensorboard"), reason="tensorboard is not installed")
def test_tensorboard_reads_what_the_script_makes_of_a_run_log(tmp_path: Path) -> None:
    fed([*script("to_tensorboard.py", tmp_path), "runs/iris"], tmp_path)
    reader = (
        "import json, sys\n"
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
        "found = EventAccumulator('runs/iris'); found.Reload()\n"
        "tags = found.Tags()['scalars']\n"
        "print(json.dumps({tag: [[each.step, each.value] for each in found.Scalars(tag)] for tag in tags}))\n"
    )
    done = subprocess.run([sys.executable, "-c", reader], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "loss": [[1, 0.5], [2, 0.25]],
        "validation_loss": [[2, 0.125]],
        "learning_rate": [[1, pytest.approx(0.005)], [2, pytest.approx(0.005)]],
        "seconds": [[1, 0.25], [2, 0.5]],
    }


@pytest.mark.long
@pytest.mark.skipif(not importlib.util.find_spec("mlflow"), reason="mlflow is not installed")
def test_mlflow_has_what_the_script_logs_and_the_model(tmp_path: Path) -> None:
    shutil.copy(ROOT / "data/xor.data", tmp_path)
    shutil.copy(ROOT / "data/xor.label", tmp_path)
    program.right(tmp_path, "train", ROOT / "models/xor.model", "xor.data", "xor.label", "--epochs", "7", "-q")
    place = {"MLFLOW_TRACKING_URI": "mlruns", "MLFLOW_ALLOW_FILE_STORE": "true"}
    fed([*script("to_mlflow.py", tmp_path), "xor", "xor.kerash"], tmp_path, **place)
    reader = (
        "import json, mlflow\n"
        "(run,) = mlflow.search_runs(experiment_names=['xor'], output_format='list')\n"
        "history = mlflow.MlflowClient().get_metric_history(run.info.run_id, 'loss')\n"
        "files = mlflow.artifacts.list_artifacts(run_id=run.info.run_id)\n"
        "losses = [[each.step, each.value] for each in history]\n"
        "metrics, epochs = sorted(run.data.metrics), run.data.params['epochs']\n"
        "print(json.dumps([losses, epochs, metrics, [each.path for each in files]]))\n"
    )
    environment = {**program.environment(), **place}
    done = subprocess.run(
        [sys.executable, "-c", reader], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    losses, epochs, metrics, files = json.loads(done.stdout.splitlines()[-1])
    assert (losses, epochs, files) == ([[1, 0.5], [2, 0.25]], "7", ["xor.kerash"])
    assert metrics == ["learning_rate", "loss", "seconds", "validation_loss"]
