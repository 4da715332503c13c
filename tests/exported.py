"""Random models over random tables, for exports: what is in the tables is what breaks programs that read them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import program

from kerash_cli import decimals
from kerash_cli.encoding import learning
from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.engine.network import Network
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.trained import TrainedModel

NAMES = (
    '"; DROP TABLE data; --', "*/ int main() {", "a,b", "say 'x'", "größe", "%d \\n $1", "two\nlines", "x", "`ls`",
    "#note", "kerash_row", "naïve ☃", "T1", "lambda", "case", "%s", "'; --", '"""', "\\", "a\tb",
)  # fmt: skip
WORDS = (
    "yes", "no", "a,b",
    'say "no"', "it's", "New\nYork", "\\n", "%s", "*/", "'; DROP TABLE t; --", "größer", "1e5", "-3",
    '"""', "??=", "NaN!", "☃", "none", "#", "`", "${x}", "{0}", "semi;colon", "007", "inf", "Yes",
)  # fmt: skip
PERIODIC = ("sinusoid", "cosine", "sinc")
"""Activations that go up and down: what they make of a large number has no digits that could agree."""
HIDDEN = sorted(name for name, each in ACTIVATIONS.items() if not each.mixes)
ODD = ("1e-300", "  7.5 ", "+.5e1", "-0", "0005", "1E2", "1e-400", "00", "3.")
HUGE = ("1e30", "-1e35", "1e300", "-1e308", "12345678.87654321", *ODD)
GAPS = ("", "NA", "nan", "n/a", "Null", "?")
BAD = (
    "1e400", "0x1F", "1_000", "inf", "-Infinity", "1,5", "twelve", "1e", "--3", "5 %", "1,234", "1 234", "1'234",
    "1.2.3", "+", ".", "1e+", "1e5.0", "\u00a03", "٣", "nan(1)", "1d5", "0b1", "½", "1e5e5", "- 3", "3;", "true", "$5",
)  # fmt: skip
"""Cells that are no number in a column of plain numbers."""


@dataclass(frozen=True)
class Drawn:
    """A table to train on, rows to predict, and the words of the training besides the files."""

    header: list[str]
    known: list[list[str]]
    new: list[list[str]]
    words: list[str]
    layers: str
    number: int
    """Position of a column of numbers."""
    line_end: str = "\n"

    @property
    def has_probabilities(self) -> bool:
        """False if numbers are predicted."""
        return not self.layers.endswith(" -\n")

    def text(self, rows: list[list[str]]) -> str:
        """A table of these rows."""
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator=self.line_end).writerows([self.header, *rows])
        return stream.getvalue()

    def train(self, folder: Path) -> Path:
        """Writes `known.csv` and `new.csv`, and the saved model, whose path is returned."""
        (folder / "m.model").write_text(f"? 1 1\ninput\n{self.layers}", encoding="utf-8")
        for name, rows in (("known.csv", self.known), ("new.csv", self.new)):
            (folder / name).write_text(self.text(rows), encoding="utf-8", newline="")
        program.right(
            folder, "train", "m.model", "known.csv", *self.words, "--epochs", "2", "-q", "-o", "m.kerash", "--header"
        )
        return folder / "m.kerash"


def draw(seed: int, rows: int = 60) -> Drawn:
    """The table and the network of that number."""
    rng = np.random.default_rng([seed, 22])
    names = [str(each) for each in rng.permutation(NAMES)]
    numbers, texts = int(rng.integers(1, 5)), int(rng.integers(0, 3))
    hidden = [str(rng.choice(HIDDEN)) for _ in range(int(rng.integers(0, 3)))]
    odd = ODD if any(each in PERIODIC for each in hidden) else HUGE
    kind = ("classes", "binary", "values", "two values", "multilabel", "one-hot")[seed % 6]
    gaps = bool(rng.random() < 0.6)
    signal = rng.normal(size=rows)
    columns, unseen = [], []
    for _ in range(numbers):
        scale = 10.0 ** rng.integers(-3, 6)
        values = (signal + rng.normal(size=rows) + rng.normal()) * scale
        columns.append([f"{value:.6g}" for value in values])
        fresh = [f"{value:.6g}" for value in rng.normal(size=rows) * scale]
        unseen.append([str(rng.choice(odd)) if rng.random() < 0.15 else cell for cell in fresh])
    for _ in range(texts):
        words = [str(each) for each in rng.permutation(WORDS)[: int(rng.integers(2, 6))]]
        words += ["yes", "yes"] * sum(decimals.number(word) is not None for word in words)  # most cells are no numbers
        columns.append([words[int(place)] for place in rng.integers(0, len(words), rows)])
        unseen.append([str(rng.choice(WORDS)) for _ in range(rows)])
    if gaps:
        for column in (*columns, *unseen):
            for row in np.flatnonzero(rng.random(rows) < 0.1):
                column[int(row)] = str(rng.choice(GAPS))
    labels, last, words = _labels(kind, signal, rng)
    used = names[: len(columns) + len(labels)]
    targets = [word for name in used[len(columns) :] for word in ("--target", name)]
    order = [int(each) for each in rng.permutation(len(used))]
    known = [list(row) for row in zip(*(([*columns, *labels])[each] for each in order), strict=True)]
    new = [list(row) for row in zip(*(([*unseen, *labels])[each] for each in order), strict=True)]
    dense = [f"dense {rng.integers(1, 7)} {each}\n" for each in hidden]
    layers = "".join(["scale\n"] * int(rng.random() < 0.2) + dense) + f"dense ? {last}\n"
    folds = seed % 5 == 3
    words += ["--folds", "3"] * folds + ["--missing", "mean"] * gaps
    words += ["--numbers", str(rng.choice(["quantile", "piecewise:4", "quantile,piecewise:3"]))] * int(
        rng.random() < 0.4
    )
    words += ["--dtype", "float64"] * int(rng.random() < 0.2)
    line_end = "\r\n" if rng.random() < 0.4 else "\n"
    return Drawn([used[each] for each in order], known, new, [*targets, *words], layers, order.index(0), line_end)


def _labels(kind: str, signal: np.ndarray, rng: np.random.Generator) -> tuple[list[list[str]], str, list[str]]:
    """The label columns, the last activation, and further words of the command."""
    if kind in ("classes", "binary"):
        names = [str(each) for each in rng.permutation(WORDS)[: 2 if kind == "binary" else 4]]
        codes = np.digitize(signal, np.quantile(signal, np.linspace(0, 1, len(names) + 1)[1:-1]))
        last = "sigmoid" if kind == "binary" else str(rng.choice(["softmax", "softmax", "logsoftmax", "softmin"]))
        return [[names[int(code)] for code in codes]], last, []
    if kind in ("values", "two values"):
        targets = []
        for _ in range(1 if kind == "values" else 2):
            scale, mean = 10.0 ** rng.integers(-3, 5), float(rng.choice([0, 5e6]))
            targets.append([f"{value * scale + mean:.12g}" for value in signal + rng.normal(size=len(signal))])
        return targets, "-", []
    if kind == "multilabel":
        return [[str(int(value > 0.3)) for value in signal], [str(int(value < 0)) for value in signal]], "sigmoid", []
    codes = np.digitize(signal, [-0.5, 0.5])
    return [[str(int(code == each)) for code in codes] for each in range(3)], "softmax", []


def predictions(folder: Path, *words: str, table: str = "new.csv") -> list[list[str]]:
    """What `kerash predict` says of each row of a table; nothing of one that it refuses."""
    done = program.run(folder, "predict", "m.kerash", table, "--on-error", "empty", *words)
    assert done.code == 0, done.err
    return rows_of(done.out)


def rows_of(text: str) -> list[list[str]]:
    """The cells of each line of predictions."""
    return list(csv.reader(io.StringIO(text, newline="")))


def modelled(text: str, seed: int = 0, dtype: str = "float32", spread: float = 0.7) -> TrainedModel:
    """A model of this description with random weights, whose inputs are plain numbers."""
    description = ModelDescription.parse(text)
    network = Network(description.layers, description.known_shape)
    rng = np.random.default_rng(seed)
    params = (rng.normal(size=network.size) * spread).astype(dtype)
    for layer in network.tensors(params):
        if "variance" in layer:
            layer["variance"][...] = np.abs(layer["variance"]) + 0.1
    output = description.activation.output
    encoding = learning.plain(network.features, network.outputs, output)
    training = {"settings": {}, "sha256": {}, "epochs": 0, "best_epoch": 0, "stopped": "genome", "metrics": None}
    return TrainedModel(description, network, params, encoding, {**training, "scored_on": "training"})


def samples(model: TrainedModel, rows: int = 20, scale: float = 2.0) -> np.ndarray:
    """Random inputs of a model, some of them 0."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(rows, model.network.features)) * scale
    x[0] = 0
    return x.astype(model.params.dtype)


LAYERS = {
    "dense": "5 1 1\ninput\ndense 4 tanh\ndense 3 softmax\n",
    "groups": "6 1 1\ninput\ndense 6 relu 3\ndense 3 -\n",
    "groups that see some": "6 1 1\ninput\ndense 9 tanh 1-2+5-6:3,2x1-3:3\ndense 3 -\n",
    "groups one after the other": "6 1 1\ninput\ndense 8 tanh 2x2:3,2:2\ndense 2 sigmoid\n",
    "scale": "5 1 1\ninput\nscale\ndense 4 tanh\nscale\ndense 2 -\n",
    "dropout, output": "5 1 1\ninput\ndropout 0.5\ndense 4 -\noutput sigmoid\n",
    "output of softmax": "5 1 1\ninput\ndense 4 tanh\noutput softmax\n",
    "batch normalization of a row": "5 1 1\ninput\ndense 4 -\nbatch_normalization relu\ndense 2 -\n",
    "an image": "6 5 2\ninput\nconvolution relu 3 1 1 3 3\nmax_pooling - 2 0 2 2\nflatten\ndense 3 softmax\n",
    "strides": "7 6 1\ninput\nconvolution tanh 3 2 2 2 3\naverage_pooling tanh 2 1 2 3\ndense 2 -\n",
    "padding": "5 4 2\ninput\nmax_pooling - 1 1 3 2\naverage_pooling - 1 1 2 3\ndense 3 sigmoid\n",
    "normalized channels": "4 4 2\ninput\nbatch_normalization tanh\nconvolution softmax 3 1 0 2 2\ndense 2 -\n",
    "scaled pixels": "4 3 2\ninput\nscale\nconvolution - 3 1 0 2 2\nglobal_average_pooling gelu\ndense 2 softmax\n",
    "softmax of all": "2 2 2\ninput\nconvolution relu 2 1 1 2 2\noutput softmax\n",
    "one channel": "5 1 1\ninput\nconvolution softmax 1 1 0 2 1\nbatch_normalization tanh\ndense 2 -\n",
    "softmax of a row": "5 1 1\ninput\nbatch_normalization softmax\ndense 2 -\n",
    "means of channels": "4 3 2\ninput\nconvolution srelu 4 1 0 1 1\nglobal_average_pooling\noutput logsoftmax\n",
}
"""Descriptions in which all layers occur."""


def with_activation(word: str) -> str:
    """A description with an activation in the middle and at the end."""
    return f"4 1 1\ninput\ndense 5 {word}\ndense 3 {word}\n"
