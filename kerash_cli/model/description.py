"""The model description: reading and writing the text that describes a network.

Line 1 is `WIDTH HEIGHT DEPTH` of one input sample. Each further line is a layer: its keyword, then its words
(`kerash_cli.engine.layers` has a file for each). Text after `#` is a comment, and blank lines are ignored. `?` is a
number that the data decides: one of the three sizes, or the units of the last dense layer.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Self, TypeAlias, TypeVar

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import LAYERS, Layer
from kerash_cli.engine.layers.base import BadWord, count_or_unknown, head
from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput, at, unreadable

T = TypeVar("T")

LONGEST = 1 << 18
"""Maximum number of characters of a description; a longer file is rejected."""


@dataclass(frozen=True)
class ModelDescription:
    """A network described in text. Two descriptions are equal if they mean the same thing."""

    shape: tuple[int | None, int | None, int | None]
    """Shape (depth, height, width) of a sample; None for a size written as `?`."""
    layers: tuple[Layer, ...]
    """Layers in order, `input` first."""
    source: str = field(default="<model>", compare=False)
    """Name of the file in messages."""
    lines: tuple[int, ...] = field(default=(), compare=False)
    """Line number of each layer, for messages."""

    @classmethod
    def read(cls, path: str) -> Self:
        """Reads the description in a file, or from standard input for `-`; raises BadInput if it is invalid."""
        return cls.parse(*read_text(path))

    @classmethod
    def parse(cls, text: str, source: str = "<model>") -> Self:
        """Parses a description; raises BadInput with the line of the first error."""
        if len(text) > LONGEST:
            raise BadInput(f"{at(source)}expected a model description of at most {LONGEST} characters, got more")
        lines = _meaningful(text)
        if not lines:
            raise BadInput(f"{at(source)}expected 'WIDTH HEIGHT DEPTH' and a line for each layer, got an empty file")
        (first, words), *rest = lines
        shape = _located(source, first, _parse_shape, words)
        layers = [_located(source, line, _parse_layer, words) for line, words in rest]
        description = cls(shape, tuple(layers), source, tuple(line for line, _ in rest))
        description._check_order(first)
        if None not in shape:
            description._check_shapes()
        return description

    def __str__(self) -> str:
        """Returns the canonical text, which `parse` reads back as an equal description."""
        sizes = " ".join("?" if number is None else str(number) for number in reversed(self.shape))
        return "".join(f"{line}\n" for line in (sizes, *self.layers))

    def where(self, layer: int) -> str:
        """Returns `source:line: ` for the layer with this index, to start a message with."""
        return at(self.source, self.lines[layer] if self.lines else None)

    @property
    def activation(self) -> Activation:
        """Activation of the outputs."""
        return self.layers[head(self.layers)].activation

    @property
    def features(self) -> int | None:
        """Number of inputs of a sample; None if the data decides."""
        return None if None in self.shape else prod(number or 0 for number in self.shape)

    @property
    def known_shape(self) -> Shape:
        """Shape of a sample; raises ValueError if a size is `?`."""
        if None in self.shape:
            raise ValueError("the number of inputs is not known yet")
        return tuple(number or 0 for number in self.shape)

    @property
    def outputs(self) -> int | None:
        """Number of outputs; None if the data decides."""
        if any(layer.unresolved for layer in self.layers):
            return None
        shape: Shape = tuple(number or 1 for number in self.shape)
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return prod(shape)

    @property
    def channels(self) -> int | None:
        """Number of channels of a sample if a layer works on images, else None."""
        depth, height, _ = self.known_shape
        return depth if height > 1 and any(layer.layout == "image" for layer in self.layers) else None

    def resolve(self, features: int, outputs: int) -> Self:
        """Returns the description with each `?` filled in, for samples of `features` inputs and `outputs` outputs.

        Raises BadInput if the sizes do not fit `features`, or if the layers do not fit the sizes or `outputs`.
        """
        known = prod(number or 1 for number in self.shape)
        if features % known or (features != known and None not in self.shape):
            multiple = "a multiple of " if None in self.shape else ""
            raise BadInput(f"{at(self.source)}expected {multiple}{known} inputs, got {features}")
        depth, height, width = (features // known if number is None else number for number in self.shape)
        layers = tuple(layer.resolve(outputs) if layer.unresolved else layer for layer in self.layers)
        resolved = replace(self, shape=(depth, height, width), layers=layers)
        resolved._check_shapes()
        if (got := resolved.outputs) != outputs and layers != self.layers:
            unknown = next(i for i, layer in enumerate(self.layers) if layer.unresolved)
            raise BadInput(
                f"{self.where(unknown)}expected as many outputs as there are targets, {outputs}, got {got} with "
                f"{outputs} for '?'; try global_average_pooling after this layer, or 'dense ? softmax'"
            )
        return resolved

    def _check_order(self, first_line: int) -> None:
        if not self.layers or self.layers[0].place != "first":
            line = self.lines[0] if self.lines else first_line + 1
            got = repr(str(self.layers[0])) if self.layers else "the end of the file"
            raise BadInput(f"{at(self.source, line)}expected 'input' as the first layer, got {got}")
        last = max((i for i, layer in enumerate(self.layers) if layer.learns), default=-1)
        for i, layer in enumerate(self.layers):
            if i and layer.place == "first":
                raise BadInput(f"{self.where(i)}expected {layer.keyword!r} only as the first layer, got a second one")
            if layer.place == "last" and i + 1 < len(self.layers):
                raise BadInput(
                    f"{self.where(i)}expected {layer.keyword!r} as the last layer, got '{self.layers[i + 1]}' after it"
                )
            if layer.place == "before" and i >= last:
                raise BadInput(
                    f"{self.where(i)}expected {layer.keyword!r} before a layer that learns, "
                    "got no such layer below it; try moving it further up"
                )
            if layer.unresolved and i < last:
                raise BadInput(
                    f"{self.where(i)}expected a number, got '?', which only the last layer that learns may have"
                )
        if last < 0:
            raise BadInput(f"{self.where(-1)}expected at least one layer that learns, got none; try 'dense ? softmax'")

    def _check_shapes(self) -> None:
        shape = self.known_shape
        last = head(self.layers)
        for i, layer in enumerate(self.layers):
            if layer.unresolved:
                return
            try:
                shape = layer.output_shape(shape)
            except BadInput as error:
                raise BadInput(f"{self.where(i)}{error}") from None
            in_a_row = shape[1:] == (1, 1) or shape[:2] == (1, 1)
            if i == last and layer.layout == "image" and self.activation.definition.mixes and not in_a_row:
                depth, height, width = shape
                raise BadInput(
                    f"{self.where(i)}expected a row of numbers for {self.activation} in the last layer, got an image "
                    f"of {width}x{height}x{depth}; try '-' here and 'dense ? {self.activation}' after it"
                )


def begins_description(path: str) -> bool:
    """Returns whether a file begins like a description: a line of sizes and, if more follows, the line of a layer.

    The sizes may be mistaken, if `input` and another layer follow.
    """
    try:
        lines = _meaningful(read_text(path)[0])
        keywords = [words[0][1] for _, words in lines[1:3]]
        if keywords[:1] == ["input"] and keywords[-1] in LAYERS and len(keywords) > 1:
            return True
        _parse_shape([text for _, text in lines[0][1]] if lines else [])
    except BadInput:
        return False
    return not keywords or keywords[0][0].isalpha()


def read_text(path: str) -> tuple[str, str]:
    """Returns the text of a file (`-`: standard input) and its name for messages; raises BadInput if unreadable."""
    source = "<stdin>" if path == "-" else path
    try:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as file:
            return file.read(LONGEST + 1).decode("utf-8"), source
    except OSError as error:
        advice = "it describes the network; try kerash data iris.model, which shows one"
        raise unreadable(source, error, advice) from None
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{at(source)}expected a model description, got bytes that are not UTF-8: {error.reason}"
        ) from None


Words: TypeAlias = list[tuple[int, str]]
"""Words of a line, each with its column."""


def _meaningful(text: str) -> list[tuple[int, Words]]:
    """Returns the number and the words of each line that is neither blank nor a comment."""
    numbered = enumerate(text.removeprefix("\ufeff").split("\n"), 1)
    return [
        (number, words)
        for number, line in numbered
        if (words := [(match.start() + 1, match[0]) for match in re.finditer(r"\S+", line.partition("#")[0])])
    ]


def _parse_shape(words: list[str]) -> tuple[int | None, int | None, int | None]:
    if len(words) != 3:
        looks_like_data = any("," in word for word in words)
        advice = "kerash data iris.model, which shows a model" if looks_like_data else "'? 1 1'"
        raise BadInput(f"expected 'WIDTH HEIGHT DEPTH', got {' '.join(words)!r}; try {advice}")
    sizes = []
    for position, text in enumerate(words):
        try:
            sizes.append(count_or_unknown(text))
        except BadInput as error:
            raise BadWord(f"{error} in 'WIDTH HEIGHT DEPTH'", position) from None
    if sizes.count(None) > 1:
        raise BadInput(f"expected one '?' at most, got {' '.join(words)!r}")
    width, height, depth = sizes
    return depth, height, width


def _parse_layer(words: list[str]) -> Layer:
    return LAYERS[words[0]].parse(words[1:])


def _located(source: str, line: int, parse: Callable[[list[str]], T], words: Words) -> T:
    """Parses the words of a line; errors name the line and the column."""

    try:
        return parse([text for _, text in words])
    except BadInput as error:
        column = words[getattr(error, "position", 0)][0]
        raise BadInput(f"{at(source, line, column)}{error}") from None
