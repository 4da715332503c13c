"""Each kind of symptom is provoked by a training, and what its line says to try helps; good trainings have none."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import advice
import numpy as np
import pytest
from conftest import ROOT, Kerash

from kerash_cli.diagnosis import TrainingCase
from kerash_cli.diagnosis.symptoms import SYMPTOMS
from kerash_cli.model.trained import TrainedModel

BUNDLED = {
    "iris": "species", "wine": "cultivar", "breast_cancer": "diagnosis", "diabetes": "progression", "digits": "digit",
    "spirals": "spiral", "square": "y", "parity3": "parity",
}  # fmt: skip
"""The target of each bundled table."""


def network(*layers: str) -> str:
    return "".join(f"{line}\n" for line in ("? 1 1", "input", *layers))


def loss(model: TrainedModel, folder: Path) -> float:
    """The loss of the rows that validate, with the saved weights."""
    return TrainingCase.of(model).best_loss


def missed(model: TrainedModel, folder: Path) -> float:
    """The share of the rarest class that is not recognised."""
    assert model.facts is not None
    return 1 - min(share for share in model.facts.recall if share is not None)


def error(model: TrainedModel, folder: Path) -> float:
    """The RMSE, or the log loss of classes, for the rows of `new.csv`, which nobody has seen."""
    with open(folder / "new.csv", encoding="ascii") as file:
        rows = np.array([*csv.reader(file)][1:], float)
    encoding = model.encoding
    x = (rows[:, :-1] - encoding.scaling.mean) / encoding.scaling.scale
    outputs = model.outputs(x.astype(np.float32)).astype(np.float64)
    if not encoding.targets.classes:
        told = outputs[:, 0] * encoding.targets.scale + encoding.targets.mean
        return float(np.sqrt(np.mean((told - rows[:, -1]) ** 2)))
    return float(-np.log(outputs[np.arange(len(rows)), rows[:, -1].astype(int)]).mean())


class Provoked(NamedTuple):
    """A training with a symptom."""

    table: str
    words: tuple[str, ...]
    model: str = ""
    """Description of the network; empty for the chosen one."""
    figure: Callable[[TrainedModel, Path], float] = loss
    """What the advice makes lower."""
    code: int = 0


def soft(*hidden: str) -> str:
    return network(*hidden, "dense ? softmax")


PROVOKED = {
    "unscaled-inputs": Provoked("wine", ("--no-standardize", "--epochs", "100")),
    "far-start": Provoked("diabetes", ("--init", "uniform", "--epochs", "100")),
    "diverged": Provoked("square", ("--optimizer", "sgd", "--epochs", "100"), code=4),
    "rate-too-large": Provoked("breast_cancer", ("--learning-rate", "0.3", "--epochs", "100")),
    "rate-too-small": Provoked("iris", ("--learning-rate", "1e-5", "--epochs", "100")),
    "dead-units": Provoked(
        "digits", ("--learning-rate", "0.3", "--epochs", "40"), soft("dense 32 relu", "dense 32 relu")
    ),
    "saturated-units": Provoked(
        "breast_cancer", ("--init", "uniform", "--epochs", "100"), soft("dense 32 tanh", "dense 32 tanh")
    ),
    "vanishing-gradients": Provoked("iris", ("--epochs", "100"), soft(*["dense 16 sigmoid"] * 10)),
    "too-few-epochs": Provoked("iris", ("--epochs", "300"), soft("dense 1 tanh")),
    "underfitting": Provoked("spirals", ()),
    "rare-class": Provoked("rare", ("--epochs", "60"), soft("dense 8 tanh"), missed),
    "overfitting": Provoked("weak", ("--epochs", "60"), soft("dense 256 relu", "dense 256 relu"), error),
    "few-rows": Provoked("few", (), "", error),
}


def made(name: str, folder: Path) -> None:
    """Writes a table that is not bundled, and more rows of it as `new.csv`."""
    rng = np.random.default_rng(5)
    rows, inputs = {"rare": (600, 4), "weak": (400, 10), "few": (90, 30)}[name]
    x = rng.standard_normal((rows + 2000, inputs))
    noise = rng.standard_normal(len(x))
    y: Any = {
        "rare": lambda: (x[:, 0] + 0.5 * x[:, 1] + 1.5 * noise > 3).astype(int),
        "weak": lambda: (x[:, 0] + 2 * noise > 0).astype(int),
        "few": lambda: x[:, 0] + x[:, 1] - x[:, 2] + 0.3 * noise,
    }[name]()
    for file, part in ((f"{name}.csv", slice(rows)), ("new.csv", slice(rows, None))):
        lines = [
            ",".join([*map(repr, own.tolist()), repr(each)])
            for own, each in zip(x[part], y[part].tolist(), strict=True)
        ]
        names = ",".join([*(f"x{i}" for i in range(inputs)), "y"])
        (folder / file).write_text("\n".join([names, *lines, ""]), encoding="ascii")


def train(provoked: Provoked, kerash: Kerash, folder: Path) -> Any:
    """Trains, and returns what became of it; the table and the model are in the folder."""
    name = provoked.table
    if name in BUNDLED:
        (folder / f"{name}.csv").write_bytes((ROOT / "data" / f"{name}.csv").read_bytes())
    else:
        made(name, folder)
    (folder / "own.model").write_text(provoked.model, encoding="ascii")
    files = ("own.model", f"{name}.csv") if provoked.model else (f"{name}.csv",)
    target = BUNDLED.get(name, "y")
    return kerash("train", *files, "--target", target, *provoked.words, "-o", f"{name}.kerash", "--log", "run.jsonl")


def test_each_kind_is_provoked() -> None:
    assert {*SYMPTOMS} == {*PROVOKED}


@pytest.mark.parametrize("kind", PROVOKED)
def test_a_symptom_is_told_and_what_it_says_to_try_helps(
    kind: str, kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    provoked = PROVOKED[kind]
    done = train(provoked, kerash, tmp_path)
    assert done.code == provoked.code, done.err
    path = f"{provoked.table}.kerash"
    line = kerash("explain", path).out.rstrip("\n") if provoked.code else done.err.splitlines()[-1]
    (found,) = json.loads(kerash("explain", path, "--json").out)["symptoms"]
    assert found["kind"] == kind
    assert line == f"{found['sentence']}; try {found['try']}"
    ran = advice.run(found["try"], tmp_path, environment)
    assert ran.code == 0, ran.err
    before, after = (TrainedModel.load(str(tmp_path / f"{provoked.table}{end}.kerash")) for end in ("", "-2"))
    assert provoked.figure(after, tmp_path) < provoked.figure(before, tmp_path)


HEALTHY = {
    "iris, chosen (README)": ("iris", "", ("--epochs", "100")),
    "iris, 16 tanh (README)": ("iris", soft("dense 16 tanh", "dropout 0.3"), ("--epochs", "100")),
    "iris, until it gets no better": ("iris", soft("dense 16 tanh"), ()),
    "iris, folds": ("iris", "", ("--folds", "5", "--epochs", "100")),
    "wine": ("wine", "", ()),
    "breast cancer": ("breast_cancer", "", ()),
    "diabetes": ("diabetes", "", ()),
    "diabetes, huber": ("diabetes", network("dense 8 tanh", "dense ? -"), ("--loss", "huber", "--epochs", "20")),
    "digits": ("digits", "", ("--epochs", "60")),
    "square": ("square", "", ()),
    "parity": ("parity3", soft("dense 16 tanh"), ("--batch-size", "8")),
    "wine, refit": ("wine", "", ("--refit",)),
    "wine, a linear network": ("wine", soft(), ()),
}


REPEATED = {"iris, until it gets no better", "breast cancer", "square", "wine, refit", "wine, a linear network"}
"""Healthy trainings that are like others, for `make check-long` alone."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in REPEATED else name for name in HEALTHY]
)
def test_nothing_is_told_about_a_good_training(name: str, kerash: Kerash, tmp_path: Path) -> None:
    table, model, words = HEALTHY[name]
    done = train(Provoked(table, words, model), kerash, tmp_path)
    assert done.code == 0
    assert "try kerash show" not in done.err
    assert done.err.splitlines()[-1].startswith(f"{table}.kerash: ")
    told = kerash("explain", f"{table}.kerash")
    assert (told.code, told.out[:21], told.err) == (0, "nothing looks off in ", "")
    assert kerash("explain", "run.jsonl").out.startswith("nothing looks off in ")


def test_nothing_is_told_about_xor(kerash: Kerash, tmp_path: Path) -> None:
    done = kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-o", "xor.kerash")
    assert done.err.splitlines()[-1].startswith("xor.kerash: accuracy 1 ")
    assert kerash("explain", "xor.kerash").out == "nothing looks off in 1000 epochs\n"


@pytest.mark.parametrize("kind", ["rate-too-small", "rate-too-large", "overfitting"])
def test_a_log_alone_shows_some_symptoms(kind: str, kerash: Kerash, tmp_path: Path) -> None:
    provoked = PROVOKED[kind]
    if kind == "rate-too-large":
        words = ("--learning-rate", "1", "--batch-size", "400", "--epochs", "30")
        provoked = Provoked("wine", words, soft("dense 32 relu", "dense 32 relu"))
    train(provoked, kerash, tmp_path)
    done = kerash("explain", "run.jsonl", "--json")
    assert done.code == 0
    assert [each["kind"] for each in json.loads(done.out)["symptoms"]] == [kind]
    assert done.err == "run.jsonl: a log tells of losses and learning rates alone; kerash explain MODEL tells more\n"
    line = kerash("explain", "run.jsonl").out
    assert "; try the same command with --" in line
