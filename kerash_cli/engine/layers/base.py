"""The base class of layers: a layer is a line of a model file, and compiles itself into calls.

To add a layer, write one file in this folder: a frozen dataclass whose fields, in order, are the words of its line,
each made with `word(parse)`; give it its keyword (`class Dense(Layer, keyword="dense")`) and import it in `__init__`.
Parsing, printing, usage text, equality and mutation come from the fields.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from math import prod
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array, Calls, Indices, Shape, Tensors, Views
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry

LAYERS: Registry[type["Layer"]] = Registry("layer")

IDENTITY = Activation("identity")

SHOWN_LETTERS = 80
"""Maximum number of letters of a layer's line where many lines are shown, each as wide as the widest."""


@dataclass
class Mode:
    """Mode of a plan: `training` or not; the seed, step and chunk determine all random numbers of its layers."""

    training: bool = False
    seed: int = 0
    step: int = 0
    chunk: int = 0

    def random(self, layer: int) -> "np.random.Generator":
        """Returns the generator for a layer's draws in this chunk of this step, the same in every worker."""
        return generator(self.seed, Key.MASK, self.step, self.chunk, layer)


class BadWord(BadInput):
    """An invalid word in a line: its index (0 for the keyword), and the reason, to which the message adds the usage."""

    def __init__(self, reason: str, position: int, usage: str = "") -> None:
        super().__init__(f"{reason} (usage: {usage})" if usage else reason)
        self.position, self.reason = position, reason


def word(parse: Callable[[str], Any], **default: Any) -> Any:
    """Declares a field that is one word of the line; `parse` reads it, or raises BadInput."""
    return field(metadata={"parse": parse}, **default)


class Own(NamedTuple):
    """A layer's own part of a plan: its tensors, its memory, and its `number` among the layers.

    `grads` has the same names as `params`. While training, a layer writes its measurements of the batch to `buffers`;
    otherwise `buffers` holds the learnt values. `cache` has the arrays that `cache_shapes` and `scratch_shapes` name.
    Temporaries and constants come from `memory`.
    """

    params: Tensors
    grads: Tensors
    buffers: Tensors
    cache: Views
    mode: Mode
    number: int
    memory: Allocator


class Layer(ABC):
    """A layer computes nothing itself: `forward` and `backward` return calls with operands and outputs bound.

    The batch is always the last axis. The shapes of a layer's arrays depend on its `layout`:

    - "row": x is (features + 1, n), with a last row of ones as the input of a bias; out, a and da are (outputs, n), and
      dx is (features, n); features are in the order of a tensor file;
    - "image": x, out, a, da, dx are (height, depth, width, n);
    - "any": as for "row", but features are in the order of the layer before.
    """

    keyword: ClassVar[str]
    activation: Activation = IDENTITY
    """Activation that is applied to the outputs; a layer whose line names an activation declares a field for it."""
    place: ClassVar[str] = "anywhere"
    """Allowed place in a network: "first", "last", "before" (somewhere before a layer that learns) or "anywhere"."""
    learns: ClassVar[bool] = False
    """True if the layer has parameters that are learnt by gradient descent."""
    layout: ClassVar[str] = "row"
    """Order of the layer's inputs and outputs in memory: "row", "image" or "any"."""
    alone: ClassVar[bool] = False
    """True if samples must be computed one by one, because a result's last digits depend on its place in the batch."""
    stacks: ClassVar[bool] = False
    """True if one plan can serve several networks, whose batches lie side by side."""
    fewest_rows: ClassVar[int] = 1
    """Smallest batch that this layer trains well on; a smaller last batch joins the one before."""

    def __init_subclass__(cls, keyword: str | None = None) -> None:
        if keyword:
            cls.keyword = keyword
            LAYERS.add(keyword, cls)

    @classmethod
    def words(cls) -> tuple[Field[Any], ...]:
        """Returns the fields for the words after the keyword."""
        return tuple(item for item in fields(cls) if item.metadata)  # type: ignore[arg-type]

    @classmethod
    def usage(cls) -> str:
        """Returns the form of the layer's line, such as `dense UNITS ACTIVATION`, with optional words in brackets."""
        return " ".join([cls.keyword, *(_usage(item) for item in cls.words())])

    @classmethod
    def parse(cls, words: list[str]) -> Self:
        """Returns the layer that the words after the keyword describe; raises BadInput if they are invalid."""
        most, least = len(cls.words()), sum(item.default is MISSING for item in cls.words())
        if not least <= len(words) <= most:
            raise BadInput(f"expected '{cls.usage()}', got {' '.join([cls.keyword, *words])!r}")
        values = []
        for position, (item, text) in enumerate(zip(cls.words(), words, strict=False), 1):
            try:
                values.append(item.metadata["parse"](text))
            except BadInput as error:
                raise BadWord(str(error), position, cls.usage()) from None
        return cls(*values)

    def __str__(self) -> str:
        values = [(getattr(self, item.name), item.default) for item in self.words()]
        while values and values[-1][0] == values[-1][1]:
            values.pop()
        return " ".join([self.keyword, *("?" if value is None else str(value) for value, _ in values)])

    @property
    def short(self) -> str:
        """The layer's line for a table or a list of calls, without the rest of many groups."""
        line = str(self)
        return line if len(line) <= SHOWN_LETTERS else f"{line[: SHOWN_LETTERS - 3]}..."

    @property
    def unresolved(self) -> bool:
        """True if a word is `?`, which stands for a number that the data decides."""
        return any(getattr(self, item.name) is None for item in self.words())

    def resolve(self, outputs: int) -> Self:
        """Returns the layer with `outputs` in place of each `?`."""
        unknown = {item.name: outputs for item in self.words() if getattr(self, item.name) is None}
        return replace(self, **unknown)  # type: ignore[type-var]

    def linear(self) -> Self:
        """Returns the layer without its activation."""
        return replace(self, activation=IDENTITY)  # type: ignore[type-var]

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The output's shape (depth, height, width), given the input's; raises BadInput if `shape` does not fit."""

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        """Returns the shapes of the layer's parameters by name; a network without biases leaves out `bias`."""
        return {}

    def buffer_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        """Returns the shapes of the layer's running means, which are learnt without a gradient."""
        return {}

    def initialize(  # noqa: B027 (most layers learn nothing)
        self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]
    ) -> None:
        """Sets `tensors`, which hold zeros, to their initial values; draw(shape, fan_in, fan_out) returns weights."""

    def forget(self, tensors: Mapping[str, Array], features: Indices) -> None:  # noqa: B027 (most have no weights)
        """Sets the weights of these inputs to 0, if each input of the layer has weights of its own."""

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        """Returns the shapes of the arrays that the layer keeps from forward to backward, for n samples."""
        return {}

    def scratch_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        """Returns the shapes of arrays used only within forward or within backward, in memory that all layers share."""
        return {}

    def least_rows(self, shape: Shape) -> int:
        """Returns the size of the smallest batch that the layer can learn anything from."""
        return 1

    def flops(self, shape: Shape) -> int:
        """Returns the number of floating-point operations in a sample's forward pass; a multiply-add counts as two."""
        return prod(self.output_shape(shape))

    def transparent(self, training: bool) -> bool:
        """Returns whether the output is the input itself, so that there is nothing to compute."""
        return False

    def reach(self, part: Shape, shape: Shape) -> Shape | None:
        """Returns the part of an input of `shape` from which alone the layer computes this part of its output.

        Parts begin where the image begins. None if the layer needs the whole input.
        """
        return None

    def keeps_apart(self, shape: Shape) -> bool:
        """Returns whether any of the layer's units can be computed without the others, from `of_units` alone."""
        return False

    def of_units(self, units: slice, tensors: Views) -> tuple[Self, Views]:
        """Returns the layer with these units alone, and what of the layer's `tensors` belongs to them."""
        return self, {name: tensor[..., units] for name, tensor in tensors.items()}

    @abstractmethod
    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        """Returns the calls that write the layer's outputs for x to `out`."""

    @abstractmethod
    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        """Returns the calls that write dL/dparams to `own.grads`, and dL/dx to `dx` unless `dx` is None.

        `a` is the output of `forward`; `da` is dL/da, and may be overwritten.
        """


class Transparent(Layer):
    """A layer that learns nothing and passes its input on unchanged; a subclass may change it while training."""

    stacks = True

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def flops(self, shape: Shape) -> int:
        return 0

    def transparent(self, training: bool) -> bool:
        return True

    def keeps_apart(self, shape: Shape) -> bool:
        return True

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        return []

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        return []


def head(layers: Sequence[Layer]) -> int:
    """Returns the index of the last layer that computes something; the network ends in its activation."""
    return max((i for i, layer in enumerate(layers) if not layer.transparent(False)), default=0)


def count(text: str) -> int:
    """Reads a whole number of 1 or more."""
    if not re.fullmatch(r"0*[1-9][0-9]{0,17}", text, re.ASCII):
        raise BadInput(f"expected a whole number of 1 or more, got {text!r}")
    return int(text.lstrip("0"))  # Python reads 4,300 digits at most


def count_or_zero(text: str) -> int:
    """Reads a whole number of 0 or more."""
    return 0 if re.fullmatch(r"0+", text, re.ASCII) else count(text)


def count_or_unknown(text: str) -> int | None:
    """Reads a whole number of 1 or more; returns None for `?`, which stands for a number that the data decides."""
    return None if text == "?" else count(text)


def no_activation(text: str) -> Activation:
    """Reads `-`, the identity: the only activation that a layer may name if it computes nothing."""
    if text != "-":
        raise BadInput(f"expected '-', got {text!r}")
    return IDENTITY


def _usage(item: Field[Any]) -> str:
    name = item.name.upper()
    return name if item.default is MISSING else f"[{name}]"
