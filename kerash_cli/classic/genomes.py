"""Genomes: networks as folders of text files that every shell tool can read and edit.

The layout is that of 2019, plus `settings`:

    gen_NAME/
      meta.dat                    a 3x1 tensor: width and height of the last layer's weights, number of layers
      result                      the cost of the last batch of a fit, as text; missing before the first fit
      settings                    lines `model NAME`, `shape WIDTH HEIGHT DEPTH`, `bias yes` or `bias no`
      topology/layer_I/           a folder for each layer; layer_0 is the input
        meta.dat                  `ACTIVATION TYPE`, `-` for no activation, then the other words of the layer's line
        weights.dat               a tensor: width = outputs, height = inputs; only for layers that learn. For a
                                  convolution: width and height of its kernel, depth = filters * channels; for a
                                  dense layer with groups: the units and inputs of a group, depth = groups; for a
                                  scale: width = inputs, height = 1
        weights1.dat, ...         instead of weights.dat, for a dense layer whose groups are of several parts
        bias_weights.dat          a tensor: width = outputs, height = 1
        mean.dat, variance.dat    the same, for a batch normalization

Tensors are in the format of `kerash_cli.tables.formats.tensor_text`. A genome without `settings` is one of 2019: it
belongs to no particular model, takes its inputs as a row, and adds no biases. `bias_weights.dat` may be missing if
biases are not used. Other files are left alone.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kerash_cli import decimals
from kerash_cli.classic.shelf import Draft, Shelf
from kerash_cli.engine.layers import LAYERS, Layer
from kerash_cli.engine.layers.base import BadWord
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array, Shape, carve
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.mountpoint import Mountpoint, check_own
from kerash_cli.system.files import NAME, check_name, regular
from kerash_cli.tables.formats import tensor_text

SAVED = ".kerash"
"""Ending of the names of saved models."""

_FILES = {"weights": "weights.dat", "bias": "bias_weights.dat", "mean": "mean.dat", "variance": "variance.dat"}
_MOST_LAYERS = 10_000
_LONGEST = 1 << 16
_SMALL = 4096
"""Number of bytes reserved for a file of a few words."""
_SETTINGS = {"model": NAME.pattern, "shape": r"[1-9][0-9]{0,17}( [1-9][0-9]{0,17}){2}", "bias": "yes|no"}


class Genomes(Shelf):
    """The genomes of a mountpoint."""

    def __init__(self, place: Mountpoint) -> None:
        super().__init__(place, "genome", ("model", "genomes"), "gen_")


def name(word: str) -> str:
    """Returns the word if it can be a genome's name; raises BadInput if it is invalid or names a saved model."""
    if check_name(word).endswith(SAVED):
        raise BadInput(f"expected a genome's name, got {shown(word)}, the name of a saved model; try another")
    return word


@dataclass(frozen=True)
class Genome:
    """A network with its parameters in float64."""

    description: ModelDescription
    tensors: tuple[Mapping[str, Array], ...]
    """The tensors of each layer by name, including biases that are not used."""
    bias: bool = False
    """True if biases are used."""
    model: str | None = None
    """Name of the stored model that the genome was made for, if any."""
    result: float | None = None
    """Cost of the last batch that the genome was fitted to; None before the first fit."""

    @classmethod
    def random(cls, description: ModelDescription, model: str | None, bias: bool, seed: int) -> "Genome":
        """Returns a new genome; the parameters that it will learn are drawn uniformly from [0, 1), as in 2019."""
        network = Network(description.layers, description.known_shape)
        params = network.initial(seed, np.dtype(np.float64), "zeros")
        for i, layer in enumerate(carve(params[: network.learnt], network.param_shapes)):
            layer.flat[:] = generator(seed, Key.INITIAL, i).random(layer.flat.size)
        return cls(description, tuple(network.tensors(params)), bias, model)

    @classmethod
    def read(cls, folder: Path) -> "Genome":
        """Reads the genome in a folder; raises BadInput with file and line of the first error."""
        settings = _settings(folder / "settings")
        number = _layers(folder)
        _own(folder / "topology")
        layers, tensors = zip(*(_read_layer(_own(folder / _layer(i))) for i in range(number)), strict=True)
        first = next((next(iter(own.values())) for own in tensors if own), None)
        sizes = settings.get("shape") or f"{1 if first is None else first.shape[1]} 1 1"
        try:
            description = ModelDescription.parse("\n".join([sizes, *map(str, layers)]))
        except BadInput as error:
            reason = str(error).partition(": ")[2]
            raise BadInput(f"{at(str(folder / 'topology'))}{reason}") from None
        bias = settings.get("bias") == "yes"
        fitting = _fitting(description, tensors, bias, folder)
        return cls(description, fitting, bias, settings.get("model"), _result(folder / "result"))

    @staticmethod
    def model_of(folder: Path) -> str | None:
        """Returns the name of the stored model that the genome in a folder belongs to; reads only its settings."""
        return _settings(folder / "settings").get("model")

    @property
    def network(self) -> Network:
        """The network of the genome's layers, with or without biases."""
        return Network(self.description.layers, self.description.known_shape, self.bias)

    @property
    def params(self) -> Array:
        """A new vector with the parameters in use."""
        network = self.network
        params = np.empty(network.size)
        for own, views in zip(self.tensors, network.tensors(params), strict=True):
            for name, view in views.items():
                view[...] = own[name]
        return params

    def fitted(self, params: Array, result: float) -> "Genome":
        """Returns a genome with the given parameters and their cost `result`; unused biases stay the same."""
        layers = self.network.tensors(params.copy())
        tensors = tuple({**own, **fitted} for own, fitted in zip(self.tensors, layers, strict=True))
        return replace(self, tensors=tensors, result=result)

    def sizes(self) -> dict[str, int]:
        """Returns an upper limit on the size of each of the genome's files, in bytes."""
        sizes = dict.fromkeys(("meta.dat", "settings", *(["result"] if self.result is not None else [])), _SMALL)
        for i, layer in enumerate(self.tensors):
            sizes[f"{_layer(i)}/meta.dat"] = _SMALL
            sizes |= {
                f"{_layer(i)}/{_file(name)}": tensor_text.rendered_bytes(_in_file(each.shape))
                for name, each in layer.items()
            }
        return sizes

    @property
    def bytes(self) -> int:
        """Upper limit on the size of the genome's folder, in bytes."""
        return sum(self.sizes().values())

    def write(self, draft: Draft) -> None:
        """Writes the genome's files; raises ValueError if a parameter is NaN or infinite."""
        for i, (layer, tensors) in enumerate(zip(self.description.layers, self.tensors, strict=True)):
            draft.write(f"{_layer(i)}/meta.dat", f"{_meta(layer)}\n".encode())
            for name, tensor in tensors.items():
                draft.write(f"{_layer(i)}/{_file(name)}", tensor_text.render(tensor.reshape(_in_file(tensor.shape))))
        last = next(next(iter(each.values())) for each in reversed(self.tensors) if each)
        _, height, width = _in_file(last.shape)
        draft.write("meta.dat", f"3 1 1\n{width}\n{height}\n{len(self.tensors)}\n".encode())
        shape = " ".join(map(str, reversed(self.description.known_shape)))
        model = [f"model {self.model}"] if self.model else []
        lines = [*model, f"shape {shape}", f"bias {'yes' if self.bias else 'no'}"]
        draft.write("settings", "".join(f"{line}\n" for line in lines).encode())
        if self.result is not None:
            draft.write("result", f"{self.result!r}\n".encode())


def _layers(folder: Path) -> int:
    """Returns the number of layers of the genome in a folder."""
    path = folder / "meta.dat"
    with _opened(path) as file:
        meta = tensor_text.read(file, str(path))
    number = int(meta.flat[-1])
    if meta.shape != (1, 1, 3) or not 1 < number <= _MOST_LAYERS or number != meta.flat[-1]:
        raise BadInput(f"{at(str(path))}expected width, height and number of layers, got other values")
    if (further := folder / _layer(number)).exists():
        raise BadInput(f"{at(str(further))}expected {number} layers as in meta.dat, got more")
    return number


def _own(path: Path) -> Path:
    """Returns `path`; raises BadInput unless it is a folder (not a link) that belongs to this user."""
    try:
        check_own(path)
    except FileNotFoundError:
        raise BadInput(f"{at(str(path))}this folder is missing, and the genome needs it") from None
    return path


def _read_layer(folder: Path) -> tuple[Layer, dict[str, Array]]:
    """Reads a layer and its tensors from a folder; layers that do not learn have none."""
    path = folder / "meta.dat"
    lines = _lines(path)
    words = lines[0][1].split(" ") if lines else []
    if len(lines) != 1 or len(words) < 2:
        raise BadInput(f"{at(str(path), 1)}expected 'ACTIVATION TYPE' in one line, got {shown(' '.join(words))}")
    activation, keyword, *others = words
    try:
        kind = LAYERS[keyword]
        names = _names(folder, max(word.count(",") + 1 for word in ["", *others])) if kind.learns else []
        learnt = {name: _read_tensor(folder / _file(name)) for name in names}
        fields = [field.name for field in kind.words()]
        named = {"activation": activation}
        if learnt and "units" in fields:
            named["units"] = str(_units(learnt, grouped=bool(others)))
        if "activation" not in fields and activation != "-":
            raise BadInput(f"expected '-' as the activation of {keyword!r}, got {shown(activation)}")
        rest = iter(others)
        given = [named[field] if field in named else next(rest, None) for field in fields]
        layer = kind.parse([word for word in given if word is not None] + list(rest))
    except BadInput as error:
        if str(error).startswith(str(folder)):
            raise
        # A usage would be that of the line in a description.
        reason = error.reason if isinstance(error, BadWord) else error
        raise BadInput(f"{at(str(path), lines[0][0])}{reason}") from None
    return layer, learnt


def _names(folder: Path, parts: int) -> list[str]:
    """Returns the names of a layer's tensors: its weights, in so many parts, and those of others that are there."""
    weights = [f"weights{i + 1}" for i in range(parts)] if parts > 1 else ["weights"]
    return weights + [name for name in ("bias", "mean", "variance") if os.path.lexists(folder / _FILES[name])]


def _units(learnt: Mapping[str, Array], grouped: bool) -> int:
    """Returns the units of a dense layer with these tensors; if it is grouped, each part's depth counts its groups."""
    weights = [tensor for name, tensor in learnt.items() if name.startswith("weights")]
    return sum(tensor.shape[-1] * (len(tensor) if grouped else 1) for tensor in weights)


def _fitting(
    description: ModelDescription, tensors: Sequence[Mapping[str, Array]], bias: bool, folder: Path
) -> tuple[Mapping[str, Array], ...]:
    """Returns the tensors in the layers' shapes, with zeros for missing biases if biases are not used.

    Raises BadInput if any other tensor is missing, or if one has the wrong shape.
    """
    fitting = []
    network = Network(description.layers, description.known_shape)
    for i, (own, shapes) in enumerate(zip(tensors, network.tensor_shapes, strict=True)):
        layer: dict[str, Array] = {}
        for name, shape in shapes.items():
            path = str(folder / _layer(i) / _file(name))
            if name not in own and (bias or name != "bias"):
                what = "bias weights, as settings say" if name == "bias" else name
                raise BadInput(f"{at(path)}this file is missing, and should hold {what}")
            tensor: Array = own[name] if name in own else np.zeros(shape)
            if _in_file(tensor.shape) != _in_file(shape):
                expected = f"'{_sizes(_in_file(shape))}' to match the layer before"
                raise BadInput(f"{at(path, 1)}expected {expected}, got '{_sizes(_in_file(tensor.shape))}'")
            layer[name] = tensor.reshape(shape)
        fitting.append(layer)
    return tuple(fitting)


def _read_tensor(path: Path) -> Array:
    with _opened(path) as file:
        return tensor_text.read(file, str(path))


def _settings(path: Path) -> dict[str, str]:
    """Returns the settings by their first words; an empty dictionary if there is no such file."""
    settings: dict[str, str] = {}
    for number, line in _lines(path) if os.path.lexists(path) else []:
        key, _, value = line.partition(" ")
        if key in settings or key not in _SETTINGS or not re.fullmatch(_SETTINGS[key], value):
            known = ", ".join(_SETTINGS)
            raise BadInput(
                f"{at(str(path), number)}expected at most one valid line for each of {known}, got {shown(line)}"
            )
        settings[key] = value
    return settings


def _result(path: Path) -> float | None:
    if not os.path.lexists(path):
        return None
    lines = _lines(path)
    value = decimals.number(lines[0][1]) if lines else None
    if value is None or len(lines) > 1:
        raise BadInput(f"{at(str(path), 1)}expected one decimal number, the last cost, got something else")
    return value


def _lines(path: Path) -> list[tuple[int, str]]:
    """Returns the number and the text of each non-blank line of a small file, with single spaces between words."""
    with _opened(path) as file:
        content = file.read(_LONGEST + 1)
    try:
        if len(content) > _LONGEST:
            raise ValueError("a longer file")
        lines = content.removeprefix(b"\xef\xbb\xbf").decode("ascii").split("\n")
    except ValueError:
        raise BadInput(f"{at(str(path), 1)}expected a few words of ASCII, got something else") from None
    told = ((number, " ".join(re.findall(r"[^ \t]+", line.removesuffix("\r")))) for number, line in enumerate(lines, 1))
    return [(number, words) for number, words in told if words]


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb", opener=regular)
    except FileNotFoundError:
        raise BadInput(f"{at(str(path))}this file is missing, and the genome needs it") from None
    except OSError as error:
        raise BadInput(f"{at(str(path))}can't be read as a file of a genome ({error.strerror})") from None


def _meta(layer: Layer) -> str:
    """Returns a layer's activation, keyword and other words except its units: `sigmoid dense`."""
    words = dict(zip((field.name for field in layer.words()), str(layer).split(" ")[1:], strict=False))
    activation = words.pop("activation", "-")
    words.pop("units", None)
    return " ".join([activation, layer.keyword, *words.values()])


def _file(name: str) -> str:
    """Returns the name of a tensor's file."""
    return _FILES.get(name, f"{name}.dat")


def _layer(index: int) -> str:
    return f"topology/layer_{index}"


def _in_file(shape: Shape) -> Shape:
    """Returns the shape (depth, height, width) that a vector, a matrix or a convolution's kernels have in a file."""
    return (prod(shape[:-2]), *(1, *shape)[-2:])


def _sizes(shape: Shape) -> str:
    """Returns the first line of a tensor file: width, height, depth."""

    return " ".join(map(str, reversed(shape)))
