"""A model as an ONNX file with the whole way from the cells of a row to its answer.

There is an input (rows, 1) for each column, called as the column: strings, or numbers as float64, where NaN is missing.
If the table has no names, and only numbers, there is one input `x` (rows, columns). A row that kerash would refuse has
the class "", the label -1, and NaN for probabilities and numbers.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from math import prod
from typing import Any

import numpy as np
import onnx
from numpy.typing import DTypeLike
from onnx import helper

from kerash_cli import __version__
from kerash_cli.export import formulas
from kerash_cli.export.features import Bin, Feature, Ignored, OtherWord, Ranked, ScaledNumber, Wave, Word
from kerash_cli.export.material import Material
from kerash_cli.export.onnx_graph import IR_VERSION, ML_OPSET, OPSET, TYPES, Graph, Value
from kerash_cli.export.steps import Activated, Convolved, Largest, Means, NetworkStep, Scaled, Sums, Windows

ML = "ai.onnx.ml"
ROWS = "rows"
"""Name of the number of rows."""


def write(material: Material, raw: bool = False) -> bytes:
    """Returns the file; with `raw`, only the network, with a tensor of its inputs and one of its outputs."""
    material.check_steps(".onnx", STEPS)
    made = _raw(material) if raw else _whole(material)
    graph, inputs, outputs = made
    name = "network" if raw else "model"
    body = helper.make_graph(graph.nodes, name, inputs, outputs, [*graph.constants.values()])
    opsets = [helper.make_opsetid("", OPSET)] + [helper.make_opsetid(ML, ML_OPSET)] * (not raw)
    model = helper.make_model(
        body, opset_imports=opsets, ir_version=IR_VERSION, producer_name="kerash", producer_version=__version__,
        doc_string="\n".join(material.told()),
    )  # fmt: skip
    targets = material.trained.encoding.targets
    known = {"classes": [*targets.classes], "labels": [*targets.labels]}
    helper.set_model_props(model, {key: json.dumps(names) for key, names in known.items()})
    return bytes(model.SerializeToString(deterministic=True))


Parts = tuple[Graph, list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]
"""A graph with its inputs and outputs."""


def _raw(material: Material) -> Parts:
    network, dtype = material.network, material.trained.params.dtype
    shape = [*network.shapes[0]] if network.shapes[0][:2] != (1, 1) else [network.features]
    graph = Graph(("x", "outputs"))
    y = _through(graph, "x", material.steps, dtype)
    graph.add("Flatten", y, name="outputs", axis=1)
    return graph, [_info("x", dtype, shape)], [_info("outputs", dtype, [network.outputs])]


def _info(name: str, dtype: DTypeLike, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TYPES[np.dtype(dtype).name], [ROWS, *shape])


def _whole(material: Material) -> Parts:
    inputs, dtype = material.inputs, material.trained.params.dtype
    names = [each.name or f"column {each.position + 1}" for each in inputs.columns]
    together = not inputs.header and not any(each.is_text for each in inputs.columns)
    graph = Graph(["x"] if together else names)
    infos = [
        _info(name, object if each.is_text else np.float64, [1])
        for name, each in zip(names, inputs.columns, strict=True)
    ]
    if together:
        infos = [_info("x", np.float64, [len(names)])]
    reader = _OnnxInputs(graph, material, ["x"] if together else names)
    x = reader.features(dtype)
    y = graph.add("Flatten", _through(graph, x, material.steps, dtype), axis=1)
    if material.trained.encoding.targets.kind == "values":
        y = _unscaled(graph, material, y)
    bad = graph.any([*reader.bad, graph.add("IsInf", x), graph.add("IsInf", y), graph.add("IsNaN", y)])
    return graph, infos, _answers(graph, material, y, graph.add("Not", bad))


class _OnnxInputs:
    """Makes the features of the columns; `bad` has what makes a row invalid, tensors of truth values."""

    def __init__(self, graph: Graph, material: Material, names: list[str]) -> None:
        self._graph, self._inputs, self._names = graph, material.inputs, names
        self.bad: list[Value] = []
        numbers = [index for index, each in enumerate(self._inputs.columns) if not each.is_text]
        self._place = {column: place for place, column in enumerate(numbers)}
        self._numbers = self._read([names[each] for each in numbers] if len(names) > 1 else names) if numbers else ""

    def _read(self, names: list[str]) -> Value:
        graph = self._graph
        numbers = graph.joined(names)
        for sentinel in self._inputs.sentinels:
            is_gap = graph.add("Equal", numbers, graph.constant(sentinel, np.float64))
            numbers = graph.chosen(is_gap, graph.constant(np.nan, np.float64), numbers)
        self.bad += [graph.add("IsInf", numbers)] + [graph.add("IsNaN", numbers)] * self._inputs.refuses_gaps
        return numbers

    def features(self, dtype: DTypeLike) -> Value:
        """Returns the inputs of the network, (rows, features)."""
        makers: dict[type[Feature], Callable[[list[Any]], Value]] = {
            ScaledNumber: self._scaled, Wave: self._waves, Bin: self._bins, Ranked: self._ranks,
            Ignored: self._ignored, Word: self._words, OtherWord: self._others,
        }  # fmt: skip
        order, parts = list[int](), list[Value]()
        for kind, make in makers.items():
            own = [index for index, each in enumerate(self._inputs.features) if type(each) is kind]
            if own:
                parts.append(self._graph.cast(make([self._inputs.features[index] for index in own]), dtype))
                order += own
        places = [order.index(index) for index in range(len(order))]
        self._check_words()
        return self._graph.columns(self._graph.joined(parts), places, len(places))

    def _filled(self, own: list[Any], see: Callable[[Value], Value]) -> Value:
        """Returns what `see` makes of the columns of features, with each one's fill where a number is missing."""
        graph, x = self._graph, self._values(own)
        fill = graph.constant([[each.fill for each in own]], np.float64)
        return graph.chosen(graph.add("IsNaN", x), fill, see(x))

    def _values(self, own: list[Any]) -> Value:
        return self._graph.columns(self._numbers, [self._place[each.column] for each in own], len(self._place))

    def _row(self, own: list[Any], name: str) -> Value:
        return self._graph.constant([[getattr(each, name) for each in own]], np.float64, name)

    def _scaled(self, own: list[Any]) -> Value:
        filled = self._filled(own, lambda x: x)
        return self._graph.add("Div", self._graph.add("Sub", filled, self._row(own, "mean")), self._row(own, "scale"))

    def _waves(self, own: list[Any]) -> Value:
        """Returns sin(2 pi t), and cos(2 pi t) as sin(2 pi t + pi / 2)."""
        graph, wide = self._graph, np.float64
        days = self._values(own)
        turns = graph.add("Div", days, self._row(own, "days"))
        angle = graph.add("Mul", graph.add("Sub", turns, graph.add("Floor", turns)), graph.constant(2 * np.pi, wide))
        shift = graph.constant([[np.pi / 2 if each.name == "cos" else 0.0 for each in own]], wide)
        waves = graph.add("Sin", graph.add("Add", angle, shift))
        return graph.chosen(graph.add("IsNaN", days), graph.constant(0, wide), waves)

    def _within(self, x: Value, low: Value, width: Value) -> Value:
        graph, wide = self._graph, np.float64
        places = graph.add("Div", graph.add("Sub", x, low), width)
        return graph.add("Clip", places, graph.constant(0, wide), graph.constant(1, wide))

    def _bins(self, own: list[Any]) -> Value:
        half = self._graph.constant(0.5, np.float64)
        low, width = self._row(own, "low"), self._row(own, "width")
        return self._filled(own, lambda x: self._graph.add("Sub", self._within(x, low, width), half))

    def _ranks(self, own: list[Any]) -> Value:
        """Returns the sum of how far each interval between knots is passed, times its rise."""
        return self._graph.joined([self._filled([each], partial(self._rank, each)) for each in own])

    def _rank(self, each: Ranked, x: Value) -> Value:
        graph, wide = self._graph, np.float64
        knots, normal = np.array(each.knots), np.array(each.normal)
        passed = self._within(x, graph.constant([knots[:-1]], wide), graph.constant([np.diff(knots)], wide))
        risen = graph.add("MatMul", passed, graph.constant(np.diff(normal)[:, np.newaxis], wide))
        return graph.add("Add", risen, graph.constant(normal[0], wide))

    def _ignored(self, own: list[Any]) -> Value:
        """Returns zeros, as many as there are rows: any word but none is no word of an empty list."""
        graph, column = self._graph, own[0].column
        if self._inputs.columns[column].is_text:
            zero = graph.add("Mul", self._one_hot(column, [""]), graph.constant(0))
        else:
            x = self._values(own[:1])
            is_gap = graph.add("IsNaN", x)
            zero = graph.cast(graph.add("And", is_gap, graph.add("Not", is_gap)), np.float32)
        return graph.joined([zero] * len(own))

    def _words(self, own: list[Any]) -> Value:
        by_column: dict[int, list[str]] = {}
        for each in own:
            by_column.setdefault(each.column, []).append(each.word)
        return self._graph.joined([self._one_hot(column, words) for column, words in by_column.items()])

    def _others(self, own: list[Any]) -> Value:
        return self._graph.joined([self._other(each) for each in own])

    def _other(self, each: OtherWord) -> Value:
        graph = self._graph
        known = self._one_hot(each.column, [*dict.fromkeys([*each.words, *self._missing])])
        named = graph.add("ReduceSum", known, graph.constant([1], np.int64), keepdims=1)
        return graph.add("Sub", graph.constant(1), named)

    def _one_hot(self, column: int, words: list[str]) -> Value:
        graph = self._graph
        hot = graph.add("OneHotEncoder", self._names[column], domain=ML, cats_strings=words, zeros=1)
        return graph.add("Flatten", hot, axis=1)

    @property
    def _missing(self) -> list[str]:
        return [spelling for word in self._inputs.missing for spelling in _spellings(word)]

    def _check_words(self) -> None:
        """Adds missing words to what makes a row invalid, if they do."""
        for column, each in enumerate(self._inputs.columns):
            if each.is_text and self._inputs.refuses_gaps:
                self.bad.append(self._graph.cast(self._one_hot(column, self._missing), np.float32))


MOST_LETTERS = 10


def _spellings(word: str) -> Iterator[str]:
    """Yields a word in all mixtures of small and large letters; of a long one, the usual ones."""
    letters = sum(each.lower() != each.upper() for each in word)
    if letters > MOST_LETTERS:
        yield from dict.fromkeys((word, word.upper(), word.capitalize(), word.title()))
        return
    choices = [dict.fromkeys((each.lower(), each.upper())) for each in word]
    yield from map("".join, product(*choices))


def _through(graph: Graph, x: Value, steps: list[NetworkStep], dtype: DTypeLike) -> Value:
    """Returns the outputs of the network; images are computed in float32, because ONNX Runtime has nothing else."""
    for step in steps:
        x = STEPS[type(step)](graph, x, step, dtype)
    return x


def _sums(graph: Graph, x: Value, step: Sums, dtype: DTypeLike) -> Value:
    x = graph.add("Flatten", x, axis=1)
    width, parts = prod(step.before), list[Value]()
    for block in step.blocks:
        inputs = range(block.start, block.start + len(block.weights))
        seen = graph.columns(x, inputs, width)
        parts.append(graph.add("MatMul", seen, graph.constant(block.weights, dtype, "weights")))
    return graph.add("Add", graph.joined(parts), graph.constant(step.bias, dtype, "bias"))


def _scaled(graph: Graph, x: Value, step: Scaled, dtype: DTypeLike) -> Value:
    x, ones = (graph.reshaped(x, step.before), 2) if step.is_image else (graph.add("Flatten", x, axis=1), 0)
    factors, offsets = (graph.constant(each.reshape(-1, *[1] * ones), dtype) for each in (step.factors, step.offsets))
    return graph.add("Add", graph.add("Mul", x, factors), offsets)


def _activated(graph: Graph, x: Value, step: Activated, dtype: DTypeLike) -> Value:
    activation = step.activation
    wide = activation.definition.wide(*activation.parameters) and np.dtype(dtype) == np.float32
    x = graph.reshaped(x, step.before) if step.is_image else graph.add("Flatten", x, axis=1)
    if not wide:
        return graph.formula(formulas.formula(activation), x, dtype)
    return graph.cast(graph.formula(formulas.formula(activation), graph.cast(x, np.float64), np.float64), dtype)


def _windows(
    operator: str, graph: Graph, x: Value, step: Windows, dtype: DTypeLike, *more: Value, **others: Any
) -> Value:
    x = graph.reshaped(x, step.before)
    x = graph.cast(x, np.float32) if np.dtype(dtype) == np.float64 else x
    strides, pads = [step.stride] * 2, [step.pad] * 4
    y = graph.add(operator, x, *more, kernel_shape=[*step.kernel], strides=strides, pads=pads, **others)
    return graph.cast(y, dtype) if np.dtype(dtype) == np.float64 else y


def _convolved(graph: Graph, x: Value, step: Convolved, dtype: DTypeLike) -> Value:
    weights, bias = graph.constant(step.weights, name="weights"), graph.constant(step.bias, name="bias")
    return _windows("Conv", graph, x, step, dtype, weights, bias)


def _largest(graph: Graph, x: Value, step: Largest, dtype: DTypeLike) -> Value:
    return _windows("MaxPool", graph, x, step, dtype)


def _means(graph: Graph, x: Value, step: Means, dtype: DTypeLike) -> Value:
    return _windows("AveragePool", graph, x, step, dtype, count_include_pad=0)


STEPS: dict[type[NetworkStep], Callable[[Graph, Value, Any, DTypeLike], Value]] = {
    Sums: _sums,
    Scaled: _scaled,
    Activated: _activated,
    Convolved: _convolved,
    Largest: _largest,
    Means: _means,
}
"""Functions that add the nodes of each kind of step."""


def _answers(graph: Graph, material: Material, y: Value, valid: Value) -> list[onnx.ValueInfoProto]:
    """Adds what makes answers of the network's outputs (rows, outputs), and returns the outputs of the model."""
    targets, dtype = material.trained.encoding.targets, material.trained.params.dtype
    names = [graph.name(name) for name in targets.prediction_names()]
    if targets.kind == "values":
        for target, name in enumerate(names):
            own = graph.columns(y, [target], targets.outputs)
            graph.chosen(valid, own, graph.constant(np.nan, np.float64), name=name)
        return [_info(name, np.float64, [1]) for name in names]
    likely = graph.name("probabilities")
    p = graph.add("Exp", y) if targets.output == "log distribution" else y
    both = p
    if targets.kind == "binary":
        wide = graph.cast(p, np.float64)
        both = graph.joined([graph.cast(graph.add("Sub", graph.constant(1, np.float64), wide), dtype), p])
    graph.chosen(valid, both, graph.constant(np.nan, dtype), name=likely)
    infos = [_info(likely, dtype, [len(targets.classes) or targets.outputs])]
    is_yes = graph.cast(graph.add("Greater", y, graph.constant(0.5, dtype)), np.int64)
    if targets.kind == "multilabel":
        for label, name in enumerate(names):
            own = graph.columns(is_yes, [label], targets.outputs)
            graph.chosen(valid, own, graph.constant(-1, np.int64), name=name)
        return [*(_info(name, np.int64, [1]) for name in names), *infos]
    place = is_yes if targets.kind == "binary" else graph.add("ArgMax", y, axis=1, keepdims=1)
    word = graph.add("Gather", graph.constant(targets.classes, object, "classes"), place, axis=0)
    graph.chosen(valid, word, graph.constant([""], object), name=names[0])
    return [_info(names[0], object, [1]), *infos]


def _unscaled(graph: Graph, material: Material, y: Value) -> Value:
    """Returns numbers in the targets' own units, as float64."""
    targets = material.trained.encoding.targets
    scale, mean = (graph.constant([each], np.float64) for each in (targets.scale, targets.mean))
    return graph.add("Add", graph.add("Mul", graph.cast(y, np.float64), scale), mean)
