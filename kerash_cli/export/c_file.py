"""A model as a C file that needs only the standard library."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod
from shlex import quote

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.expressions import Recorded
from kerash_cli.engine.tensors import Array
from kerash_cli.export import formulas, frames, programs
from kerash_cli.export.features import Bin, Feature, Ignored, OtherWord, Ranked, ScaledNumber, Wave, Word
from kerash_cli.export.formulas import Language, calls, compared
from kerash_cli.export.material import Material, filled
from kerash_cli.export.programs import StepWriters, WrittenStep
from kerash_cli.export.steps import Activated, Convolved, Largest, Means, NetworkStep, Scaled, Sums, Windows

C = Language(
    "C",
    {
        **formulas.INFIX,
        **compared(),
        **calls(
            exp="exp", tanh="tanh", log="log", log1p="log1p", sqrt="sqrt", sin="sin", cos="cos", cosh="cosh",
            sinh="sinh", tan="tan", arctan="atan", arcsinh="asinh", absolute="fabs", expm1="expm1",
        ),
        **{name: formulas.pair(name) for name in ("hypot", "copysign")},
        "power": "pow({0}, {1})",
        "maximum": "fmax({0}, {1})",
        "minimum": "fmin({0}, {1})",
        "square": "({0} * {0})",
        "sign": "(({0} > 0) - ({0} < 0))",
        "minus absolute": "(-fabs({0}))",
    },
)  # fmt: skip

_REDUCTIONS = {
    "reduce maximum": ("-INFINITY", "{0} = fmax({0}, {1});"),
    "reduce minimum": ("INFINITY", "{0} = fmin({0}, {1});"),
    "reduce add": ("0", "{0} += {1};"),
}
"""Start of a sum or an extreme, and the way it goes on."""


def text(word: str) -> str:
    """Returns a string in C; `?` is escaped, since `??=` is another character."""
    return programs.quoted(word, '"\\?')


def write(material: Material, output: str) -> str:
    """Returns the program."""
    material.check_steps(".c", STEPS)
    material.check_missing(".c")
    program = quote(f"./{output.removesuffix('.c')}")
    usage = (
        f"cc -O2 -o {quote(output.removesuffix('.c'))} {quote(output)} -lm",
        f"{program} table.csv > predictions.csv",
        f"{program} --proba < table.csv",
    )
    about = [f" * {line}".replace("*/", "* /").rstrip() for line in material.about(*usage)]
    parts, steps = frames.parts("c"), material.steps
    chosen = [name for name, kinds in _PARTS.items() if any(isinstance(step, kinds) for step in steps)]
    network, weights = _network(steps)
    return "".join([
        "/*\n", *(f"{line}\n" for line in about), " */\n\n", parts["top"], *_table(material), parts["reader"],
        *(parts[name] for name in chosen), weights, network, *_answers(material), parts["main"],
    ])  # fmt: skip


_PARTS: dict[str, tuple[type[NetworkStep], ...]] = {
    "block": (Sums,),
    "scale": (Scaled,),
    "image": (Windows,),
    "convolve": (Convolved,),
    "pool": (Largest, Means),
}
"""Parts of the frame, and the steps that need them."""


def _words(words: tuple[str, ...]) -> str:
    return f"{{{', '.join([*map(text, words), 'NULL'])}}}"


def _table(material: Material) -> Iterator[str]:
    """Yields the constants about the table, the columns and the inputs."""
    inputs, network = material.inputs, material.network
    delimiter = {"\t": "'\\t'", "'": "'\\''", "\\": "'\\\\'"}.get(inputs.delimiter, f"'{inputs.delimiter}'")
    size = max(prod(shape) for shape in network.shapes)
    constants = {
        "DELIMITER": delimiter,
        "HEADER": int(inputs.header),
        "WIDTH": inputs.width,
        "COLUMNS": len(inputs.columns),
        "INPUTS": len(inputs.features),
        "OUTPUTS": network.outputs,
        "SIZE": size,
        "REFUSES_GAPS": int(inputs.refuses_gaps),
        "HAS_PROBABILITIES": int(material.trained.encoding.targets.has_probabilities),
        "TARGETS": len(inputs.targets),
    }
    yield "".join(f"#define {name} {value}\n" for name, value in constants.items())
    real = "float" if material.trained.params.dtype.itemsize == 4 else "double"
    yield f"\ntypedef {real} real;\n\n"
    yield f"static const int targets[] = {{{', '.join(map(str, inputs.targets or (0,)))}}};\n"
    yield f"static const char *const missing[] = {_words(inputs.missing)};\n"
    yield f"static const double sentinels[] = {{{', '.join(map(repr, inputs.sentinels or ())) or 'NAN'}}};\n"
    yield "static const char *const no_words[] = {NULL};\n"
    columns = list[str]()
    for number, each in enumerate(inputs.columns):
        gaps = f"gaps{number}" if each.gaps else "no_words"
        if each.gaps:
            yield f"static const char *const {gaps}[] = {_words(each.gaps)};\n"
        columns.append(f"    {{{text(each.name)}, {each.position}, {int(each.is_text)}, {gaps}}},\n")
    yield f"\nstatic const struct column columns[COLUMNS] = {{\n{''.join(columns)}}};\n\n"
    lines = list[str]()
    for number, feature in enumerate(inputs.features):
        definitions, line = _feature(feature, str(number))
        yield definitions
        lines.append(f"    {{{line}}},\n")
    yield f"\nstatic const struct input inputs[INPUTS] = {{\n{''.join(lines)}}};\n"


def _feature(each: Feature, number: str) -> tuple[str, str]:
    """Returns the arrays of a feature and its line in the table of inputs."""
    none, no_words = "0, 0, 0", "no_words, NULL, NULL, 0"
    if isinstance(each, ScaledNumber):
        return "", f"{each.column}, SCALED, {each.mean!r}, {each.scale!r}, {each.fill!r}, {no_words}"
    if isinstance(each, Wave):
        return "", f"{each.column}, {'SINE' if each.name == 'sin' else 'COSINE'}, {each.days!r}, 0, 0, {no_words}"
    if isinstance(each, Bin):
        return "", f"{each.column}, PIECE, {each.low!r}, {each.width!r}, {each.fill!r}, {no_words}"
    if isinstance(each, Ranked):
        arrays = "".join(
            f"static const double {name}{number}[] = {{\n{filled([*map(repr, values)], '    ')}\n}};\n"
            for name, values in (("knots", each.knots), ("normal", each.normal))
        )
        tables = f"no_words, knots{number}, normal{number}, {len(each.knots)}"
        return arrays, f"{each.column}, RANK, 0, 0, {each.fill!r}, {tables}"
    if isinstance(each, Word | OtherWord):
        words = (each.word,) if isinstance(each, Word) else each.words
        kind = "WORD" if isinstance(each, Word) else "OTHER_WORD"
        array = f"static const char *const words{number}[] = {_words(words)};\n"
        return array, f"{each.column}, {kind}, {none}, words{number}, NULL, NULL, 0"
    assert isinstance(each, Ignored), "a kind of feature without C"
    return "", f"{each.column}, IGNORED, {none}, {no_words}"


def _network(steps: list[NetworkStep]) -> tuple[str, str]:
    """Returns the function of the network with those of its activations, and the weights."""
    functions, body, constants, outputs = programs.network(
        steps, STEPS, "/* {} */", "a", lambda x, _: {"a": "b", "b": "a"}[x]
    )
    counter = "    int i;\n" if "    for (i" in body else ""
    unused = "    (void)b;\n" if outputs == "a" and "b, " not in body else ""
    head = "static const double *network(double *a, double *b)\n"
    about = "/* Returns the outputs for the inputs in `a`; `b` is memory. */\n"
    network = f"{functions}{about}{head}{{\n{counter}{unused}{body}    return {outputs};\n}}\n\n"
    return network, "".join(_array(name, values) for name, values in constants)


def _array(name: str, values: Array) -> str:
    suffix = "f" if values.dtype.itemsize == 4 else ""
    numbers = [_literal(str(each)) + suffix for each in values.ravel()]
    return f"static const real {name}[] = {{\n{filled(numbers, '    ')}\n}};\n"


def _literal(number: str) -> str:
    """Returns a number that C takes for a floating-point one."""
    return number if set(number) & set(".e") else f"{number}.0"


def _sums(step: Sums, number: str) -> WrittenStep:
    constants = {f"B{number}": step.bias}
    lines = [f"begin({{y}}, {prod(step.after)}, B{number});"]
    for index, block in enumerate(step.blocks, 1):
        inputs, units = block.weights.shape
        name = f"W{number}" if len(step.blocks) == 1 else f"W{number}_{index}"
        constants[name] = block.weights
        lines.append(f"add_block({{x}} + {block.start}, {inputs}, {units}, {name}, {{y}} + {block.first});")
    return WrittenStep(lines, constants)


def _scaled(step: Scaled, number: str) -> WrittenStep:
    channels = len(step.factors)
    numbers = prod(step.before) // channels
    line = f"scale({{x}}, {channels}, {numbers}, F{number}, O{number});"
    return WrittenStep([line], {f"F{number}": step.factors, f"O{number}": step.offsets}, swaps=False)


def _activated(step: Activated, number: str) -> WrittenStep:
    name, numbers = f"{step.activation.name}_{number}", prod(step.before)
    function = activation(step.activation, name)
    if not step.activation.definition.mixes:
        lines = [f"for (i = 0; i < {numbers}; i++)", f"    {{x}}[i] = {name}({{x}}[i]);"]
        return WrittenStep(lines, {}, function, swaps=False)
    places = numbers // step.mixed
    if places == 1:
        return WrittenStep([f"{name}({{x}}, {step.mixed}, 1);"], {}, function, swaps=False)
    lines = [f"for (i = 0; i < {places}; i++)", f"    {name}({{x}} + i, {step.mixed}, {places});"]
    return WrittenStep(lines, {}, function, swaps=False)


def activation(activated: Activation, name: str) -> str:
    """Returns the function of an activation in C."""
    formula = formulas.formula(activated)
    z = formulas.operand(formula)
    head = f"/* {activated}: {activated.definition.formula} */\n"
    if activated.definition.mixes:
        return f"{head}{_mixing(formula, name)}"
    lines = formulas.written(formula, C, {id(z): "z"} if z else {})
    body = "".join(f"    double {name} = {value};\n" for name, value in lines.lines)
    return f"{head}static double {name}(double z)\n{{\n{body}    return {lines.value};\n}}\n\n"


def _mixing(formula: Recorded, name: str) -> str:
    """Returns a function that changes `count` numbers, which are `step` apart."""
    z = formulas.operand(formula)
    known = {id(z): "z[i * step]"}
    declared, body = list[str](), list[str]()
    for number, each in enumerate(formulas.reductions(formula), 1):
        start, further = _REDUCTIONS[each.name]
        declared.append(f"r{number} = {start}")
        body += _loop(each.operands[0], known, partial(further.format, f"r{number}"))
        known[id(each)] = f"r{number}"
    body += _loop(formula, known, "z[i * step] = {};".format)
    return (
        f"static void {name}(double *z, int count, int step)\n{{\n    double {', '.join(declared)};\n    int i;\n"
        f"{''.join(body)}}}\n\n"
    )


def _loop(value: Recorded, known: Mapping[int, str], use: Callable[[str], str]) -> list[str]:
    lines = formulas.written(value, C, known)
    own = [f"        double {name} = {text};\n" for name, text in lines.lines]
    return ["    for (i = 0; i < count; i++) {\n", *own, f"        {use(lines.value)}\n", "    }\n"]


def _windows(step: Windows) -> str:
    numbers = (*step.before, *step.kernel, step.stride, step.pad, *step.after[1:])
    return f"(struct windows){{{', '.join(map(str, numbers))}}}"


def _convolved(step: Convolved, number: str) -> WrittenStep:
    line = f"convolve({{x}}, {_windows(step)}, {step.after[0]}, W{number}, B{number}, {{y}});"
    return WrittenStep([line], {f"W{number}": step.weights, f"B{number}": step.bias})


def _pooled(step: Windows, number: str) -> WrittenStep:
    return WrittenStep([f"pool({{x}}, {_windows(step)}, {int(isinstance(step, Means))}, {{y}});"])


STEPS: StepWriters = {
    Sums: _sums,
    Scaled: _scaled,
    Activated: _activated,
    Convolved: _convolved,
    Largest: _pooled,
    Means: _pooled,
}


def _answers(material: Material) -> Iterator[str]:
    """Yields the functions for numbers in their own unit, and for printing answers."""
    from kerash_cli.prediction.answers import table_lines

    targets = material.trained.encoding.targets
    value = "outputs[i]"
    if targets.kind == "values":
        for name, values in (("scales", targets.scale), ("means", targets.mean)):
            yield f"static const double {name}[] = {{\n{filled([repr(float(each)) for each in values], '    ')}\n}};\n"
        value = "outputs[i] * scales[i] + means[i]"
    yield f"\nstatic double unscaled(const double *outputs, int i)\n{{\n    return {value};\n}}\n\n"
    if targets.classes:
        lines = ",\n".join(f"    {text(line)}" for line in table_lines([[each] for each in targets.classes], ","))
        yield f"static const char *const classes[] = {{\n{lines},\n}};\n\n"
    yield "static void print_answer(const double *outputs, int proba)\n{\n"
    digits = 9 if material.trained.params.dtype.itemsize == 4 else 17
    p = "exp(outputs[i])" if targets.output == "log distribution" else "outputs[i]"
    if targets.kind == "values":
        yield f"    int i;\n    (void)proba;\n{_each('%.17g', 'unscaled(outputs, i)')}}}\n\n"
        return
    first = f'        printf("%.{digits}g,", 1 - outputs[0]);\n' if targets.kind == "binary" else ""
    shares = _each(f"%.{digits}g", p).replace("    ", "        ", 1).replace("\n    ", "\n        ")
    yield f"    int i{', best = 0' * (not first and bool(targets.classes))};\n"
    yield f"    if (proba) {{\n{first}{shares}        return;\n    }}\n{_ANSWERS[targets.kind]}}}\n\n"


def _each(form: str, value: str) -> str:
    """Returns the lines that print a value for each output."""
    lines = ("for (i = 0; i < OUTPUTS; i++)", f'    printf("%s{form}", i ? "," : "", {value});', "putchar('\\n');")
    return "".join(f"    {line}\n" for line in lines)


_LIKELIEST = """    for (i = 1; i < OUTPUTS; i++)
        if ((real)outputs[i] > (real)outputs[best])
            best = i;
    fputs(classes[best], stdout);
"""
_ANSWERS = {
    "classes": _LIKELIEST,
    "one-hot": _LIKELIEST,
    "binary": "    fputs(classes[(real)outputs[0] > 0.5], stdout);\n",
    "multilabel": _each("%d", "(real)outputs[i] > 0.5"),
}
"""Lines that print the answer, by the kind of targets."""
