"""A model as an AWK program, for gawk, mawk and any other POSIX awk."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import pi, prod
from shlex import quote

import numpy as np

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.expressions import Recorded
from kerash_cli.engine.tensors import Array
from kerash_cli.export import formulas, frames, programs
from kerash_cli.export.features import Bin, Feature, Ignored, OtherWord, Ranked, ScaledNumber, Wave, Word
from kerash_cli.export.formulas import Language, calls, compared
from kerash_cli.export.material import WIDTH, Material
from kerash_cli.export.programs import StepWriters, WrittenStep, quoted
from kerash_cli.export.steps import Activated, NetworkStep, Scaled, Sums

AWK = Language(
    "AWK",
    {
        **formulas.INFIX,
        **compared(),
        **calls(
            exp="exponential", tanh="tanh", log="log", sqrt="sqrt", sin="sin", cos="cos", cosh="cosh", sinh="sinh",
            arcsinh="arcsinh", absolute="absolute", square="square", sign="sign",
        ),
        "log1p": "log(1 + {0})",
        "expm1": "(exponential({0}) - 1)",
        "tan": "(sin({0}) / cos({0}))",
        "arctan": "atan2({0}, 1)",
        "power": "({0} ^ {1})",
        "hypot": "hypot({0}, {1})",
        "maximum": "largest({0}, {1})",
        "minimum": "smallest({0}, {1})",
        "minus absolute": "(-absolute({0}))",
    },
)  # fmt: skip

_REDUCTIONS = {
    "reduce maximum": ("{0} = z[1]", "{0} = largest({0}, {1})"),
    "reduce minimum": ("{0} = z[1]", "{0} = smallest({0}, {1})"),
    "reduce add": ("{0} = 0", "{0} += {1}"),
}
"""Start of a sum or an extreme of z, and the way it goes on."""

HELPERS = (
    "largest",
    "smallest",
    "absolute",
    "sign",
    "exponential",
    "tanh",
    "cosh",
    "sinh",
    "arcsinh",
    "hypot",
    "square",
)
"""Parts of the frame that formulas call."""


def write(material: Material, output: str) -> str:
    """Returns the program."""
    material.check_steps(".awk", STEPS)
    material.check_missing(".awk")
    usage = (
        f"awk -f {quote(output)} table.csv > predictions.csv",
        f"awk -v proba=1 -f {quote(output)} < table.csv",
    )
    about = [f"# {line}".rstrip() for line in material.about(*usage)]
    parts, features = frames.parts("awk"), _features(material)
    network, weights = _network(material.steps)
    body = "".join([features, network, _answer(material)])
    called = [name for name in ("scaled", "wave", "bin", "rank") if f" {_CALLED.get(name, name)}(" in body]
    called += ["within"] * bool({"bin", "rank"} & {*called})
    called += [
        name
        for name, kind in (("block", Sums), ("rescale", Scaled))
        if any(isinstance(s, kind) for s in material.steps)
    ]
    helpers = [name for name in HELPERS if f"{name}(" in body]
    helpers += ["exponential"] * ("exponential" not in helpers and bool({"tanh", "cosh", "sinh"} & {*helpers}))
    return "".join([
        "#!/usr/bin/awk -f\n", *(f"{line}\n" for line in about), "\n", parts["start"], *_table(material), "}\n\n",
        features, network, _answer(material), *(parts[name] for name in (*called, "head", *helpers)), "\n",
        parts["main"], "# The weights: W1, B1 and so on are those of the first step of the network.\n",
        f"BEGIN {{\n{weights}}}\n",
    ])  # fmt: skip


_CALLED = {"bin": "piece"}
"""Parts of the frame that are not called as the function in them."""


def _table(material: Material) -> Iterator[str]:
    """Yields the lines about the table."""
    inputs, network = material.inputs, material.network
    single = material.trained.params.dtype.itemsize == 4
    yield f"    DELIMITER = {quoted(inputs.delimiter)}\n"
    yield f"    HEADER = {int(inputs.header)}  # whether columns are found by the names in a header\n"
    yield f"    WIDTH = {inputs.width}\n    COLUMNS = {len(inputs.columns)}\n    INPUTS = {network.features}\n"
    yield f"    OUTPUTS = {network.outputs}\n    REFUSES_GAPS = {int(inputs.refuses_gaps)}\n"
    yield f"    LARGEST = {float(np.finfo(np.float32 if single else np.float64).max)!r}\n"
    yield f'    put(TARGET, "{" ".join(str(place + 1) for place in inputs.targets)}")\n'
    for word in inputs.missing:
        yield f"    MISSING[{quoted(word)}]  # is a missing value, in small or large letters\n"
    for sentinel in inputs.sentinels:
        yield f"    SENTINELS[{sentinel!r}]\n"
    for number, each in enumerate(inputs.columns, 1):
        facts = {"NAME": quoted(each.name), "PLACE": each.position + 1, "TEXT": int(each.is_text)}
        yield f"    {'; '.join(f'{fact}[{number}] = {value}' for fact, value in facts.items())}\n"
        for word in each.gaps:
            yield f"    GAPS[{number}, {quoted(word)}]\n"


def _features(material: Material) -> str:
    """Returns the function that makes the inputs X of the values V."""
    lines, arrays = list[str](), list[str]()
    for number, each in enumerate(material.inputs.features, 1):
        if isinstance(each, Ranked):
            arrays += _put(f"KNOTS{number}", np.array(each.knots)) + _put(f"NORMAL{number}", np.array(each.normal))
        lines.append(f"    X[{number}] = {_feature(each, str(number))}\n")
    known = f"BEGIN {{\n{''.join(arrays)}}}\n\n" if arrays else ""
    head = "# The inputs X of the network, given the value V of each column.\nfunction features() {\n"
    return f"{known}{head}{''.join(lines)}}}\n\n"


def _feature(each: Feature, number: str) -> str:
    value = f"V[{each.column + 1}]"
    if isinstance(each, ScaledNumber):
        return f"scaled({value}, {each.mean!r}, {each.scale!r}, {each.fill!r})"
    if isinstance(each, Wave):
        return f"wave({value}, {each.days!r}, {0 if each.name == 'sin' else repr(pi / 2)})"
    if isinstance(each, Bin):
        return f"piece({value}, {each.low!r}, {each.width!r}, {each.fill!r})"
    if isinstance(each, Ranked):
        return f"rank({value}, KNOTS{number}, NORMAL{number}, {each.fill!r})"
    if isinstance(each, Word):
        return f"({value} == {quoted(each.word)})"
    if isinstance(each, OtherWord):
        return f"({' && '.join(f'{value} != {quoted(word)}' for word in ('', *each.words))})"
    assert isinstance(each, Ignored), "a kind of feature without AWK"
    return "0"


def _network(steps: list[NetworkStep]) -> tuple[str, str]:
    """Returns the function of the network with those of its activations, and the weights."""
    written = programs.network(steps, STEPS, "# {}", "X", lambda x, number: f"H{number}")
    weights = "".join(line for name, values in written.constants for line in _put(name, values))
    last = f"    for (i = 1; i <= OUTPUTS; i++)\n        Y[i] = {written.outputs}[i]\n"
    head = "# The outputs Y of the network, given its inputs X.\nfunction network(    i) {\n"
    return f"{written.functions}{head}{written.body}{last}}}\n\n", weights


def _put(name: str, values: Array) -> list[str]:
    """Returns the lines that put numbers into an array."""
    lines, line = list[str](), ""
    for word in (str(each) for each in values.ravel()):
        if len(line) + len(word) > WIDTH - 20:
            lines.append(line)
            line = ""
        line += f" {word}" if line else word
    return [f'    put({name}, "{each}")\n' for each in (*lines, line)]


def _sums(step: Sums, number: str) -> WrittenStep:
    constants = {f"B{number}": step.bias}
    lines = [f"begin({{y}}, B{number})"]
    for index, block in enumerate(step.blocks, 1):
        inputs, units = block.weights.shape
        name = f"W{number}" if len(step.blocks) == 1 else f"W{number}_{index}"
        constants[name] = block.weights
        lines.append(f"add_block({{x}}, {block.start + 1}, {inputs}, {{y}}, {block.first + 1}, {units}, {name})")
    return WrittenStep(lines, constants)


def _scaled(step: Scaled, number: str) -> WrittenStep:
    numbers = prod(step.before) // len(step.factors)
    factors, offsets = (np.repeat(each, numbers) for each in (step.factors, step.offsets))
    return WrittenStep(
        [f"rescale({{x}}, F{number}, O{number})"], {f"F{number}": factors, f"O{number}": offsets}, swaps=False
    )


def _activated(step: Activated, number: str) -> WrittenStep:
    name, count = f"{step.activation.name}_{number}", prod(step.before)
    function = activation(step.activation, name)
    if step.activation.definition.mixes:
        return WrittenStep([f"{name}({{x}}, {count})"], {}, function, swaps=False)
    lines = [f"for (i = 1; i <= {count}; i++)", f"    {{x}}[i] = {name}({{x}}[i])"]
    return WrittenStep(lines, {}, function, swaps=False)


def activation(activated: Activation, name: str) -> str:
    """Returns the function of an activation in AWK."""
    formula = formulas.formula(activated)
    z = formulas.operand(formula)
    head = f"# {activated}: {activated.definition.formula}\n"
    if activated.definition.mixes:
        return f"{head}{_mixing(formula, name)}"
    lines = formulas.written(formula, AWK, {id(z): "z"} if z else {})
    own = f",    {', '.join(name for name, _ in lines.lines)}" if lines.lines else ""
    body = "".join(f"    {name} = {value}\n" for name, value in lines.lines)
    return f"{head}function {name}(z{own}) {{\n{body}    return {lines.value}\n}}\n\n"


def _mixing(formula: Recorded, name: str) -> str:
    """Returns a function that changes `count` numbers."""
    z = formulas.operand(formula)
    known, own, body = {id(z): "z[i]"}, ["i"], list[str]()
    for number, each in enumerate(formulas.reductions(formula), 1):
        start, further = _REDUCTIONS[each.name]
        body.append(f"    {start.format(f'r{number}')}\n")
        own.append(f"r{number}")
        body += _loop(each.operands[0], known, own, partial(further.format, f"r{number}"))
        known[id(each)] = f"r{number}"
    body += _loop(formula, known, own, "z[i] = {}".format)
    return f"function {name}(z, count,    {', '.join(dict.fromkeys(own))}) {{\n{''.join(body)}}}\n\n"


def _loop(value: Recorded, known: Mapping[int, str], own: list[str], use: Callable[[str], str]) -> list[str]:
    """Returns a loop over z; `own` gets the names of its variables."""
    lines = formulas.written(value, AWK, known)
    own += [name for name, _ in lines.lines]
    each = [f"        {name} = {text}\n" for name, text in lines.lines]
    return ["    for (i = 1; i <= count; i++) {\n", *each, f"        {use(lines.value)}\n", "    }\n"]


STEPS: StepWriters = {
    Sums: _sums,
    Scaled: _scaled,
    Activated: _activated,
}


def _answer(material: Material) -> str:
    """Returns the function that prints the answer."""
    from kerash_cli.prediction.answers import table_lines

    targets, single = material.trained.encoding.targets, material.trained.params.dtype.itemsize == 4
    digits, known = (9 if single else 17), list[str]()
    value = "Y[i]"
    if targets.kind == "values":
        known += _put("SCALE", targets.scale) + _put("MEAN", targets.mean)
        value = "Y[i] * SCALE[i] + MEAN[i]"
    for number, line in enumerate(table_lines([[each] for each in targets.classes], ","), 1):
        known.append(f"    CLASS[{number}] = {quoted(line[:-1])}\n")
    p = "exponential(Y[i])" if targets.output == "log distribution" else "Y[i]"
    complement = f'        printf "%.{digits}g,", 1 - Y[1]\n' if targets.kind == "binary" else ""
    shares = (
        f"    if (proba) {{\n{complement}        for (i = 1; i <= OUTPUTS; i++)\n"
        f'            printf "%s%.{digits}g", (i > 1 ? "," : ""), {p}\n        print ""\n        return\n    }}\n'
    )
    refused = '    if (proba)\n        fail("this model predicts numbers, and has no probabilities")\n'
    check = f"    for (i = 1; i <= OUTPUTS; i++) {{\n        check(Y[i])\n{_IN_RANGE[targets.kind == 'values']}    }}\n"
    start = f"BEGIN {{\n{''.join(known)}}}\n\n" if known else ""
    return (
        f"{start}# Prints the answer, or probabilities, given the outputs Y.\nfunction answer(    i, best) {{\n{check}"
        f"{refused if targets.kind == 'values' else shares}{_ANSWERS[targets.kind].replace('VALUE', value)}}}\n\n"
    )


_IN_RANGE = ("", "        if (is_infinite(Y[i] * SCALE[i] + MEAN[i]))\n            check(2 * LARGEST)\n")
_LIKELIEST = """    best = 1
    for (i = 2; i <= OUTPUTS; i++)
        if (Y[i] > Y[best])
            best = i
    print CLASS[best]
"""


def _each(form: str, value: str) -> str:
    return f'    for (i = 1; i <= OUTPUTS; i++)\n        printf "%s{form}", (i > 1 ? "," : ""), {value}\n    print ""\n'


_ANSWERS = {
    "classes": _LIKELIEST,
    "one-hot": _LIKELIEST,
    "binary": "    print CLASS[(Y[1] > 0.5) + 1]\n",
    "multilabel": _each("%d", "(Y[i] > 0.5)"),
    "values": _each("%.17g", "VALUE"),
}
"""Lines that print the answer, by the kind of targets."""
