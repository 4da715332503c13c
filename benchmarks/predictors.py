"""Other programs that predict with a model of kerash: one row after the other, or a table.

    python -m benchmarks.predictors rows SIDE FOLDER      answers each line of standard input with a line
    python -m benchmarks.predictors table SIDE FOLDER     predicts FOLDER/table.csv, and prints what it took

FOLDER has the files of `inference.prepare`. What it took is seconds and processor seconds, without imports; those of
kerash and of C have the loading of the model. For a table, SIDE may also be `kerash`, or any other word,
which stands for the C program.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.model.trained import TrainedModel

if TYPE_CHECKING:
    import torch

BLOCK = 50_000
"""Rows of a table that are predicted together."""

Predictor = Callable[[NDArray[np.float64]], list[str]]
"""The names of the classes for numbers (rows, columns), as they are in the table."""


def layers(trained: TrainedModel) -> Iterator[tuple[Any, Any]]:
    """Yields the weights (inputs, units) and the bias of each layer that learns."""
    for tensors in trained.network.tensors(trained.params):
        if tensors:
            yield tensors["weights"], tensors["bias"]


def torch_network(trained: TrainedModel) -> "torch.nn.Sequential":
    """Returns a network of dense layers, relu and softmax in PyTorch."""
    import torch

    modules: list[torch.nn.Module] = []
    for weights, bias in layers(trained):
        linear = torch.nn.Linear(*weights.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(weights.T.copy()), torch.from_numpy(bias)
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1], torch.nn.Softmax(dim=1))


def pytorch(folder: Path) -> Predictor:
    """Numbers are scaled by NumPy, in float64 as kerash does it."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    trained, names = _loaded(folder)
    network, scaling = torch_network(trained), trained.encoding.scaling

    def predict(x: NDArray[np.float64]) -> list[str]:
        with torch.no_grad():
            scaled = torch.from_numpy(((x - scaling.mean) / scaling.scale).astype(np.float32))
            return [names[place] for place in network(scaled).argmax(dim=1).tolist()]

    return predict


def jax(folder: Path) -> Predictor:
    """A compiled function; it takes blocks of one size without compiling again."""
    import jax
    import jax.numpy as jnp

    trained, names = _loaded(folder)
    scaling, known = trained.encoding.scaling, [tuple(map(jnp.asarray, pair)) for pair in layers(trained)]

    @jax.jit
    def network(x: Any) -> Any:
        for weights, bias in known[:-1]:
            x = jax.nn.relu(x @ weights + bias)
        return (x @ known[-1][0] + known[-1][1]).argmax(axis=1)

    def predict(x: NDArray[np.float64]) -> list[str]:
        scaled = ((x - scaling.mean) / scaling.scale).astype(np.float32)
        return [names[place] for place in np.asarray(network(scaled)).tolist()]

    return predict


def scikit_learn(folder: Path) -> Predictor:
    """The pipeline of a StandardScaler and an MLPClassifier, with the numbers of the model."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    trained, names = _loaded(folder)
    scaling, pairs = trained.encoding.scaling, list(layers(trained))
    hidden = [weights.shape[1] for weights, _ in pairs[:-1]]
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(hidden, max_iter=1))
    rows = np.zeros((len(names), len(scaling.mean)))
    network, scaler = pipeline[-1], pipeline[0].fit(rows)
    network.partial_fit(rows, names, classes=names)  # for its attributes, which are replaced
    order = [names.index(name) for name in network.classes_]
    (*known, (weights, bias)) = pairs
    known.append((weights[:, order], bias[order]))
    network.coefs_, network.intercepts_ = map(list, zip(*known, strict=True))
    scaler.mean_, scaler.scale_ = scaling.mean, scaling.scale
    return lambda x: pipeline.predict(x).tolist()


def onnxruntime(folder: Path) -> Predictor:
    """The exported file, which takes each column by its name and gives names of classes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = int(os.environ["OMP_NUM_THREADS"]), 1
    session = onnxruntime.InferenceSession(folder / "m.onnx", options)
    columns, wanted = [each.name for each in session.get_inputs()], [session.get_outputs()[0].name]

    def predict(x: NDArray[np.float64]) -> list[str]:
        (answers,) = session.run(wanted, {name: x[:, place, None] for place, name in enumerate(columns)})
        return answers[:, 0].tolist()

    return predict


SIDES: dict[str, Callable[[Path], Predictor]] = {
    "onnxruntime": onnxruntime,
    "scikit-learn": scikit_learn,
    "pytorch": pytorch,
    "jax": jax,
}


def _loaded(folder: Path) -> tuple[TrainedModel, tuple[str, ...]]:
    trained = TrainedModel.load(str(folder / "m.kerash"))
    return trained, trained.encoding.targets.classes


def rows(predict: Predictor) -> None:
    """Answers the lines after the header, each at once."""
    sys.stdin.readline()
    for line in sys.stdin:
        (name,) = predict(np.array([line.split(",")], np.float64))
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()


def table(folder: Path, predict: Predictor) -> None:
    """Reads the table with pandas and writes a line for each of its rows."""
    import pandas

    with open(folder / "answers.csv", "w", encoding="utf-8") as file:
        for block in pandas.read_csv(folder / "table.csv", chunksize=BLOCK):
            file.writelines(f"{name}\n" for name in predict(block.to_numpy(np.float64)))


def work(side: str, folder: Path) -> Callable[[], object]:
    """Returns a function that predicts the table, to `answers.csv`; all imports are done before."""
    if side in SIDES:
        import pandas  # noqa: F401

        predict = SIDES[side](folder)
        predict(np.zeros((BLOCK, TrainedModel.load(str(folder / "m.kerash")).network.features)))  # compiles
        return lambda: table(folder, predict)
    out = os.open(folder / "answers.csv", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    if side == "kerash":
        from kerash_cli import cli

        for name in ("kerash_cli.prediction.helping", "kerash_cli.commands.predict"):
            import_module(name)
        return lambda: cli.main(["predict", str(folder / "m.kerash"), str(folder / "table.csv")])
    return lambda: subprocess.run([folder / "m", folder / "table.csv"], check=True)


def main() -> None:
    task, side, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if task == "rows":
        rows(SIDES[side](folder))
        return
    told = os.dup(1)
    predict = work(side, folder)
    before, start = os.times(), perf_counter()
    with suppress(SystemExit):
        predict()
    wall, after = perf_counter() - start, os.times()
    os.write(told, json.dumps([wall, sum(after[:4]) - sum(before[:4])]).encode())


if __name__ == "__main__":
    main()
