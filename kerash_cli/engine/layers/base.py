"""What a layer is: a line of the model file that knows how to compile itself.

To add a layer, write one file in this folder: a frozen dataclass whose fields, in order, are the words of its line,
each made with `word(parse)`; give it its keyword (`class Dense(Layer, keyword="dense")`) and import it in `__init__`.
Parsing, printing, usage text, equality and mutation come from the fields.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array, Calls, Shape, Tensors
from kerash_cli.errors import BadInput
from kerash_cli.registry import Registry

LAYERS: Registry[type["Layer"]] = Registry("layer")

IDENTITY = Activation("identity")


@dataclass
class Mode:
    """Training or not, and where in the run: the key of everything random that a layer draws."""

    training: bool = False
    seed: int = 0
    step: int = 0
    chunk: int = 0

    def random(self, layer: int) -> "np.random.Generator":
        """A generator for this layer's draws in this chunk of this step: the same for whoever computes it."""
        return generator(self.seed, Key.MASK, self.step, self.chunk, layer)


class BadWord(BadInput):
    """A word of a layer's line that can't be what it should be; `position` 0 is the keyword."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def word(parse: Callable[[str], Any], **default: Any) -> Any:
    """A field that is one word of the line, read by `parse`, which raises BadInput saying what it expected."""
    return field(metadata={"parse": parse}, **default)


class Layer(ABC):
    """A layer computes nothing itself: `forward` and `backward` return calls with operands and outputs bound.

    The batch is the last axis throughout: x (features + 1, n), whose last row is all ones, the input of a bias.
    """

    keyword: ClassVar[str]
    place: ClassVar[str] = "anywhere"
    """Where in a network it may stand: "first", "last", "before" another layer that learns, or "anywhere"."""
    learns: ClassVar[bool] = False

    def __init_subclass__(cls, keyword: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if keyword:
            cls.keyword = keyword
            LAYERS.add(keyword, cls)

    @classmethod
    def words(cls) -> tuple[Field[Any], ...]:
        """The fields that are the words after the keyword."""
        return fields(cls)  # type: ignore[arg-type]

    @classmethod
    def usage(cls) -> str:
        """`dense UNITS ACTIVATION`; what may be left out stands in brackets."""
        return " ".join([cls.keyword, *(_usage(item) for item in cls.words())])

    @classmethod
    def parse(cls, words: list[str]) -> Self:
        """The layer of `words`, those after the keyword; BadInput names what it expected."""
        most, least = len(cls.words()), sum(item.default is MISSING for item in cls.words())
        if not least <= len(words) <= most:
            raise BadInput(f"expected '{cls.usage()}', got {' '.join([cls.keyword, *words])!r}")
        values = []
        for position, (item, text) in enumerate(zip(cls.words(), words, strict=False), 1):
            try:
                values.append(item.metadata["parse"](text))
            except BadInput as error:
                raise BadWord(f"{error} (the line is '{cls.usage()}')", position) from None
        return cls(*values)

    def __str__(self) -> str:
        values = [(getattr(self, item.name), item.default) for item in self.words()]
        while values and values[-1][0] == values[-1][1]:
            values.pop()
        return " ".join([self.keyword, *("?" if value is None else str(value) for value, _ in values)])

    @property
    def unresolved(self) -> bool:
        """Whether a word is `?`, what the data decides."""
        return any(getattr(self, item.name) is None for item in self.words())

    def resolve(self, outputs: int) -> Self:
        """The layer with `outputs` for each `?`."""
        unknown = {item.name: outputs for item in self.words() if getattr(self, item.name) is None}
        return replace(self, **unknown)  # type: ignore[type-var]

    def linear(self) -> Self:
        """The layer with the identity for its activation."""
        return replace(self, activation=IDENTITY)  # type: ignore[type-var]

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """The shape of one output sample, (depth, height, width), for an input of `shape`; BadInput if it has none."""

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        """What is learnt with a gradient; a tensor named `bias` is left out of a network without biases."""
        return {}

    def cache_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        """Per-sample memory between forward and backward; the network adds the batch axis."""
        return {}

    def flops(self, shape: Shape) -> int:
        """Floating-point operations of one sample's forward pass, a multiply-add counted as two."""
        return prod(self.output_shape(shape))

    def transparent(self, training: bool) -> bool:
        """Whether the output is the input itself, so that nothing is to be computed."""
        return False

    @abstractmethod
    def forward(self, x: Array, out: Array, params: Tensors, cache: Tensors, mode: Mode, index: int) -> Calls:
        """Calls that write the outputs of x (features + 1, n) to out (outputs, n); `index` is the layer's own."""

    @abstractmethod
    def backward(
        self, x: Array, a: Array, da: Array, dx: Array | None, params: Tensors, grads: Tensors, cache: Tensors
    ) -> Calls:
        """Calls that overwrite grads with dL/dparams and dx (features, n), where it is asked for, with dL/dx.

        a is what forward wrote, da (outputs, n) is dL/da and may be overwritten.
        """


class Transparent(Layer):
    """A layer whose output is its input: it computes nothing and learns nothing."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def flops(self, shape: Shape) -> int:
        return 0

    def transparent(self, training: bool) -> bool:
        return True

    def forward(self, x: Array, out: Array, params: Tensors, cache: Tensors, mode: Mode, index: int) -> Calls:
        return []

    def backward(
        self, x: Array, a: Array, da: Array, dx: Array | None, params: Tensors, grads: Tensors, cache: Tensors
    ) -> Calls:
        return []


def head(layers: Sequence[Layer]) -> int:
    """The index of the last layer that computes something: its activation is what the outputs come through."""
    return max((i for i, layer in enumerate(layers) if not layer.transparent(False)), default=0)


def count(text: str) -> int:
    """A whole number from 1."""
    if not re.fullmatch(r"0*[1-9][0-9]{0,17}", text, re.ASCII):
        raise BadInput(f"expected a whole number from 1, got {text!r}")
    return int(text.lstrip("0"))  # Python reads 4,300 digits at most


def count_or_unknown(text: str) -> int | None:
    """A whole number from 1, or None for `?`, what the data decides."""
    return None if text == "?" else count(text)


def no_activation(text: str) -> Activation:
    """The identity, written `-`: the only word that a layer without arithmetic takes."""
    if text != "-":
        raise BadInput(f"expected '-', got {text!r}")
    return IDENTITY


def _usage(item: Field[Any]) -> str:
    name = item.name.upper()
    return name if item.default is MISSING else f"[{name}]"
