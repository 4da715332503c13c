"""A model as a Python file that needs only NumPy."""

from collections.abc import Callable
from functools import partial
from shlex import quote
from typing import Any

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array
from kerash_cli.export import formulas, frames, programs
from kerash_cli.export.features import Bin, Feature, Ignored, OtherWord, Ranked, ScaledNumber, Wave, Word
from kerash_cli.export.formulas import Language, calls, compared
from kerash_cli.export.material import Material, filled
from kerash_cli.export.programs import StepWriters, WrittenStep
from kerash_cli.export.steps import Activated, Convolved, Largest, Means, NetworkStep, Scaled, Sums, Windows

NUMPY = Language(
    "Python",
    {
        **formulas.INFIX,
        **compared("(1.0 * ({0} {sign} {1}))"),
        **calls(
            exp="np.exp", tanh="np.tanh", log="np.log", log1p="np.log1p", sqrt="np.sqrt", sin="np.sin", cos="np.cos",
            cosh="np.cosh", sinh="np.sinh", tan="np.tan", arctan="np.arctan", arcsinh="np.arcsinh",
            absolute="np.abs", square="np.square", sign="np.sign", expm1="np.expm1",
        ),
        **{name: formulas.pair(f"np.{name}") for name in ("maximum", "minimum", "hypot", "copysign", "power")},
        "minus absolute": "(-np.abs({0}))",
        "reduce maximum": "np.max({0}, axis=1, keepdims=True)",
        "reduce minimum": "np.min({0}, axis=1, keepdims=True)",
        "reduce add": "np.sum({0}, axis=1, keepdims=True)",
    },
)  # fmt: skip

_FEATURES: dict[type[Feature], tuple[str, Callable[[Any], tuple[object, ...]]]] = {
    ScaledNumber: ("scaled", lambda each: (each.mean, each.scale, each.fill)),
    Wave: ("wave", lambda each: (each.days,)),
    Bin: ("piece", lambda each: (each.low, each.width, each.fill)),
    Ranked: ("rank", lambda each: (each.knots, each.normal, each.fill)),
    Word: ("is_word", lambda each: (each.word,)),
    OtherWord: ("is_other_word", lambda each: each.words),
    Ignored: ("ignored", lambda each: ()),
}
"""The function of each kind of feature, and its arguments."""

_PARTS = {"piece": "bin", "is_word": "word", "is_other_word": "other"}
"""Parts of the frame that are not called as the function in them."""


def write(material: Material, output: str) -> str:
    """Returns the program."""
    material.check_steps(".py", STEPS)
    usage = (f"python3 {quote(output)} table.csv > predictions.csv", f"python3 {quote(output)} --proba < table.csv")
    about = [f"# {line}".rstrip() for line in material.about(*usage)]
    parts, used = frames.parts("python"), {_FEATURES[type(each)][0] for each in material.inputs.features}
    steps = material.steps
    images = {name: kind for kind, name in _IMAGES.items()}
    chosen = [_PARTS.get(name, name) for name, _ in _FEATURES.values() if name in used]
    chosen += [name for name, kind in images.items() if any(isinstance(step, kind) for step in steps)]
    network, weights = _network(steps)
    outputs = (
        "network(x).astype(float) * SCALE + MEAN"
        if material.trained.encoding.targets.kind == "values"
        else "network(x)"
    )
    start = 'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))\n'
    return "".join([
        "#!/usr/bin/env python3\n", *(f"{line}\n" for line in about), "\n",
        parts["top"], _table(material), parts["cells"], *(parts[each] for each in chosen), _data(material), network,
        _answers(material), parts["main"].replace("network(x)", outputs), weights, "\n", start,
    ])  # fmt: skip


_IMAGES: dict[type[NetworkStep], str] = {Windows: "windows", Convolved: "convolve", Largest: "largest", Means: "means"}
"""Parts of the frame for steps on images."""


def _table(material: Material) -> str:
    """Returns the constants about the table."""
    inputs = material.inputs
    constants = {
        "DELIMITER": inputs.delimiter,
        "HEADER": inputs.header,
        "WIDTH": inputs.width,
        "TARGETS": [*inputs.targets],
        "POSITIONS": [each.position for each in inputs.columns],
        "MISSING": inputs.missing,
        "SENTINELS": inputs.sentinels,
        "REFUSES_GAPS": inputs.refuses_gaps,
        "HAS_PROBABILITIES": material.trained.encoding.targets.has_probabilities,
    }
    comments = {
        "HEADER": "whether the table has a header, by whose names columns are found",
        "TARGETS": "where the table had its answers, which need not be there",
        "MISSING": "cells, in lower case, that are missing values",
        "SENTINELS": "numbers that are missing values",
    }
    lines = [
        f"{name} = {value!r}" + (f"  # {comments[name]}" if name in comments else "")
        for name, value in constants.items()
    ]
    return "\n" + "\n".join(lines) + f"\nTYPE = np.{material.trained.params.dtype.name}\n"


def _data(material: Material) -> str:
    """Returns the columns and the inputs."""
    inputs = material.inputs
    columns = [
        f"    ({each.name!r}, {'word' if each.is_text else 'number'}, {each.gaps!r}),\n" for each in inputs.columns
    ]
    features = []
    for feature in inputs.features:
        name, arguments = _FEATURES[type(feature)]
        wave = [f"np.{feature.name}"] if isinstance(feature, Wave) else []
        words = [str(feature.column), name, *wave, *map(repr, arguments(feature))]
        features.append(f"    ({', '.join(words)}),\n")
    return (
        "# The name of each column, how its cells are read, and words for missing values in it alone.\n"
        f"COLUMNS = [\n{''.join(columns)}]\n\n"
        "# The inputs of the network: the number of the column in COLUMNS, a function, and its further arguments.\n"
        f"INPUTS = [\n{''.join(features)}]\n\n"
    )


def array(values: Array) -> str:
    """Returns an array in Python."""
    if values.ndim > 1 and values.size:
        rows = ",\n".join(
            f"    [{filled([str(x) for x in row], '     ').strip().rstrip(',')}]"
            for row in values.reshape(len(values), -1)
        )
        reshaped = f".reshape{values.shape}" if values.ndim > 2 else ""
        return f"np.array([\n{rows},\n], TYPE){reshaped}"
    return f"np.array([\n{filled([str(x) for x in values.ravel()], '    ')}\n], TYPE)"


def _network(steps: list[NetworkStep]) -> tuple[str, str]:
    """Returns the functions of the network and of its activations, and the weights."""
    written = programs.network(steps, STEPS, "# {}", "x", lambda x, _: x, _shaped)
    weights = "".join(f"{name} = {array(values)}\n" for name, values in written.constants)
    head = 'def network(x):\n    """Returns the outputs (rows, outputs) for inputs (rows, inputs)."""\n'
    return f"{written.functions}{head}{written.body}    return x.reshape(len(x), -1)\n\n\n", weights


def _shaped(last: NetworkStep | None, step: NetworkStep) -> list[str]:
    """Returns the line that gives x the shape that a step needs; none if x has it after the last step."""
    shape = last.after if last and last.is_image else ()  # empty for a row
    if step.is_image:
        return [f"x = x.reshape(-1, {', '.join(map(str, step.before))})"] * (shape != step.before)
    return ["x = x.reshape(len(x), -1)"] * bool(shape)


def _sums(step: Sums, number: str) -> WrittenStep:
    if step.is_whole:
        constants = {f"W{number}": step.blocks[0].weights, f"B{number}": step.bias}
        return WrittenStep([f"x = x @ W{number} + B{number}"], constants)
    constants = {f"B{number}": step.bias}
    lines = [f"y = np.tile(B{number}, (len(x), 1))"]
    for index, block in enumerate(step.blocks, 1):
        inputs, units = block.weights.shape
        constants[f"W{number}_{index}"] = block.weights
        seen = f"x[:, {block.start}:{block.start + inputs}]"
        lines.append(f"y[:, {block.first}:{block.first + units}] += {seen} @ W{number}_{index}")
    return WrittenStep([*lines, "x = y"], constants)


def _scaled(step: Scaled, number: str) -> WrittenStep:
    constants = {f"F{number}": step.factors, f"O{number}": step.offsets}
    shaped = "[:, None, None]" if step.is_image else ""
    return WrittenStep([f"x = x * F{number}{shaped} + O{number}{shaped}"], constants)


def _activated(step: Activated, number: str) -> WrittenStep:
    name = f"{step.activation.name}_{number}"
    return WrittenStep([f"x = {name}(x).astype(TYPE)"], {}, activation(step.activation, name))


def activation(activated: Activation, name: str) -> str:
    """Returns the function of an activation in Python."""
    formula = formulas.formula(activated)
    z = formulas.operand(formula)
    lines = formulas.written(formula, NUMPY, {id(z): "z"} if z else {})
    wide = activated.definition.wide(*activated.parameters)
    body = ["    z = z.astype(np.float64)\n"] if wide else []
    body += [f"    {name} = {text}\n" for name, text in lines.lines]
    head = f"def {name}(z):\n    # {activated}: {activated.definition.formula}\n"
    return f"{head}{''.join(body)}    return {lines.value}\n\n\n"


def _convolved(step: Convolved, number: str) -> WrittenStep:
    line = f"x = convolve(x, W{number}, B{number}, {step.stride}, {step.pad})"
    return WrittenStep([line], {f"W{number}": step.weights, f"B{number}": step.bias})


def _pooled(name: str, step: Windows, number: str) -> WrittenStep:
    return WrittenStep([f"x = {name}(x, {step.kernel}, {step.stride}, {step.pad})"])


STEPS: StepWriters = {
    Sums: _sums,
    Scaled: _scaled,
    Activated: _activated,
    Convolved: _convolved,
    Largest: partial(_pooled, "largest"),
    Means: partial(_pooled, "means"),
}


def _answers(material: Material) -> str:
    """Returns the functions that make answers and probabilities of outputs."""
    targets = material.trained.encoding.targets
    head = 'def answers(outputs):\n    """Returns the cells of the answer for each row."""\n'
    if targets.kind == "values":
        scale, mean = (array(each).replace("TYPE", "np.float64") for each in (targets.scale, targets.mean))
        return f"SCALE = {scale}\nMEAN = {mean}\n\n\n{head}    return outputs.tolist()\n\n\n"
    given = "np.exp(outputs.astype(np.float64)).astype(TYPE)" if targets.output == "log distribution" else "outputs"
    if targets.kind == "binary":
        given = f"np.hstack([1 - {given}.astype(np.float64), {given}]).astype(TYPE)"
    text = 'def probabilities(outputs):\n    """Returns the probability of each class or label for each row."""\n'
    text += f"    return {given}\n\n\n"
    if targets.kind == "multilabel":
        return f"{text}{head}    return (outputs > 0.5).astype(int).tolist()\n\n\n"
    names = f"CLASSES = [\n{filled([repr(each) for each in targets.classes], '    ')}\n]\n\n\n"
    chosen = "(outputs[:, 0] > 0.5).astype(int)" if targets.kind == "binary" else "outputs.argmax(axis=1)"
    return f"{names}{text}{head}    return [[CLASSES[place]] for place in {chosen}]\n\n\n"
