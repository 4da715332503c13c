"""A model as one SELECT for SQLite, DuckDB and PostgreSQL.

It is a chain of common table expressions, each of which computes some columns of the one before. They are materialized:
SQLite would else write the text of one into the next, and each value would be computed many times.

Cells may be text or numbers. What is in a cell is read as text: its digits become zeros, and runs of zeros one zero, so
that all plain decimals have one of 16 forms. A row that kerash would refuse has NULL as its prediction.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import pi, prod
from shlex import quote
from typing import Any

import numpy as np

from kerash_cli.engine.expressions import Recorded
from kerash_cli.errors import BadInput, shown
from kerash_cli.export import formulas
from kerash_cli.export.features import Bin, Feature, Ignored, OtherWord, Ranked, ScaledNumber, Wave, Word
from kerash_cli.export.formulas import Language, calls, compared
from kerash_cli.export.material import Material
from kerash_cli.export.steps import Activated, NetworkStep, Scaled, Sums

MOST_COLUMNS = 1600
"""Maximum number of columns of a table; PostgreSQL has 1664."""

ONE, ZERO = "CAST(1 AS DOUBLE PRECISION)", "CAST(0 AS DOUBLE PRECISION)"
"""Inputs that PostgreSQL would else take for decimals."""

MOST_WEIGHTS = 100_000
"""Maximum number of weights: a query of more than 3 MB takes databases minutes."""

TERMS = 40
"""Number of terms of a sum between brackets: databases limit how deep an expression is."""


def number(value: Any) -> str:
    """Returns a number in SQL, with an exponent: without one, DuckDB takes it for a decimal."""
    text = str(value) if isinstance(value, np.floating) else repr(float(value))
    return text if "e" in text else f"{text}e0"


def bracketed(value: Any) -> str:
    """Returns a number in SQL with brackets around a negative one: two signs would begin a comment."""
    text = number(value)
    return f"({text})" if text.startswith("-") else text


EXP = "EXP(CASE WHEN {0} < -150e0 THEN -150e0 WHEN {0} > 300e0 THEN 300e0 ELSE {0} END)"
"""The exponential within limits: to PostgreSQL, a result or a product that is nearly 0 is an error."""

SQL = Language(
    "SQL",
    {
        **formulas.INFIX,
        **compared("(CASE WHEN {0} {sign} {1} THEN 1e0 ELSE 0e0 END)", equal="=", not_equal="<>"),
        **calls(
            tanh="TANH", log="LN", sqrt="SQRT", sin="SIN", cos="COS", cosh="COSH", sinh="SINH", tan="TAN",
            arctan="ATAN", arcsinh="ASINH", absolute="ABS",
        ),
        "exp": EXP,
        "expm1": f"({EXP} - 1e0)",
        "log1p": "LN(1e0 + {0})",
        "power": "POWER({0}, {1})",
        "maximum": "(CASE WHEN {0} > {1} THEN {0} ELSE {1} END)",
        "minimum": "(CASE WHEN {0} < {1} THEN {0} ELSE {1} END)",
        "square": "({0} * {0})",
        "hypot": "SQRT({0} * {0} + {1} * {1})",
        "sign": "(CASE WHEN {0} > 0 THEN 1e0 WHEN {0} < 0 THEN -1e0 ELSE 0e0 END)",
        "minus absolute": "(-ABS({0}))",
    },
    number,
    frozenset({"exp", "expm1", "maximum", "minimum", "square", "hypot", "sign"}),
)  # fmt: skip


def text(word: str) -> str:
    """Returns a string in SQL."""
    if "\0" in word:
        raise BadInput(f"{shown(word)} has a zero byte, which SQL has no text for; try .onnx, .py or .c")
    return "'" + word.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Returns the name of a column in SQL."""
    text(name)
    return '"' + name.replace('"', '""') + '"'


class Stages:
    """A chain of common table expressions under construction; each has the row's number and how bad the row is."""

    def __init__(self, row: str) -> None:
        self.row, self.texts, self._count, self._last = row, list[str](), 0, ""

    def begin(self, name: str, body: str) -> None:
        """Adds an expression that is written by hand."""
        self.texts.append(f"{name} AS MATERIALIZED (\n{body})")
        self._last = name

    def add(self, title: str, columns: Mapping[str, str], kept: Sequence[str] = (), bad: str = "bad") -> None:
        """Adds columns, given by name, and those of the last stage that are `kept`."""
        if len(columns) + len(kept) > MOST_COLUMNS:
            needed = f"{title}: a query needs {len(columns) + len(kept)} columns at once"
            raise BadInput(f"{needed}, and databases have {MOST_COLUMNS} at most; try .onnx, .py or .c")
        self._count += 1
        lines = [f"{value} AS {name}" if value != name else name for name, value in columns.items()]
        bad = "bad" if bad == "bad" else f"{bad} AS bad"
        every = [", ".join([self.row, bad, *kept]), *lines]
        body = f"    -- {title}\n    SELECT " + ",\n        ".join(every) + f"\n    FROM {self._last}\n"
        self.begin(f"stage{self._count}", body)


def write(material: Material, output: str) -> str:
    """Returns the query."""
    material.check_steps(".sql", STEPS)
    if (weights := material.trained.params.size) > MOST_WEIGHTS:
        most = f"more than the {MOST_WEIGHTS:,} that .sql may have"
        raise BadInput(f"{material.name}: {weights:,} weights are {most}; try .onnx or .c")
    material.check_missing(".sql")
    _check_names(material)
    usage = (
        f"sqlite3 -csv :memory: '.import --csv table.csv data' {quote(f'.read {output}')}",
        f"duckdb -csv -c \"CREATE TABLE data AS FROM 'table.csv'\" -f {quote(output)}",
        f"psql -f {quote(output)}",
    )
    about = [f"-- {line}".rstrip() for line in material.about(*usage)]
    more = [
        "--",
        "-- The table is called data: change its name in the line FROM data. A row that can't be predicted has NULL.",
    ]
    names = {each.name.casefold() for each in material.inputs.columns}
    row = next(name for name in ("row_number", *(f"row_number_{i}" for i in range(9999))) if name not in names)
    stages = Stages(row)
    _read(material, stages)
    signal = [f"i{place}" for place in range(1, material.network.features + 1)]
    for index, step in enumerate(material.steps, 1):
        signal = STEPS[type(step)](step, stages, signal, f"h{index}")
    ending = _answer(material, stages, signal)
    return "\n".join([*about, *more, "WITH", ",\n".join(stages.texts), ending, ""])


def _check_names(material: Material) -> None:
    """Raises BadInput if names of columns differ by small and capital letters alone: SQL takes them for equal."""
    seen: dict[str, str] = {}
    for each in material.inputs.columns:
        other = seen.setdefault(each.name.casefold(), each.name)
        if other != each.name:
            raise BadInput(f"columns {shown(other)} and {shown(each.name)} are the same in SQL; try .onnx, .py or .c")


DIGITS = "'0123456789'"
FORMS, EXPONENT_FORMS = (
    ", ".join(f"'{sign}{digits}{end}'" for sign, digits in product(("", "-"), ("0", "0.", "0.0", ".0")))
    for end in ("", "e0")
)
"""Texts that `_form` makes of plain decimals, without an exponent and with one."""


def _read(material: Material, stages: Stages) -> None:
    """Adds the stages from the table to the inputs of the network."""
    inputs, row = material.inputs, stages.row
    stages.begin("numbered", f"    SELECT ROW_NUMBER() OVER () AS {row}, source.*\n    FROM data AS source\n")
    names = [each.name if inputs.header else f"column{each.position + 1}" for each in inputs.columns]
    cells = {
        f"cell{place}": f"TRIM(CAST(numbered.{identifier(name)} AS TEXT), ' \t')" for place, name in enumerate(names, 1)
    }
    stages.add("the cells as text", cells, bad="0")
    missing = ", ".join(map(text, inputs.missing))
    present = {}
    for place, each in enumerate(inputs.columns, 1):
        own = f" OR cell{place} IN ({', '.join(map(text, each.gaps))})" if each.gaps else ""
        present[f"c{place}"] = f"CASE WHEN LOWER(cell{place}) IN ({missing}){own} THEN NULL ELSE cell{place} END"
    stages.add("NULL for missing values", present)
    words = [f"c{place}" for place, each in enumerate(inputs.columns, 1) if each.is_text]
    numbers = [place for place, each in enumerate(inputs.columns, 1) if not each.is_text]
    if numbers:
        forms = {f"form{place}": _form(f"c{place}") for place in numbers}
        exponents = {f"e{place}": _exponent(f"c{place}") for place in numbers}
        stages.add("the form of numbers, and their exponents", {**forms, **exponents}, list(present))
        stages.add("the numbers", {f"x{place}": _value(place) for place in numbers}, list(present))
        limited = {f"x{place}": _limited(f"x{place}", place, material) for place in numbers}
        wrong = [_wrong(place, material) for place in numbers]
        stages.add("numbers that are not too large", limited, list(present), f"bad + {total(wrong)}")
    gaps = [f"CASE WHEN {each} IS NULL THEN 1 ELSE 0 END" for each in [*words, *(f"x{place}" for place in numbers)]]
    features = {f"i{place}": _feature(each) for place, each in enumerate(inputs.features, 1)}
    stages.add("the inputs of the network", features, bad=f"bad + {total(gaps)}" if inputs.refuses_gaps else "bad")


def _value(place: int) -> str:
    """Returns the number in a cell, NULL if there is none; PostgreSQL stops at one that is too large or too small."""
    whole, power = f"CAST(c{place} AS DOUBLE PRECISION)", f"e{place}"
    digits = f"CAST(RTRIM(RTRIM(RTRIM(c{place}, {DIGITS}), '+-'), 'eE') AS DOUBLE PRECISION)"
    return (
        f"CASE WHEN form{place} IN ({FORMS}) THEN {whole}\n"
        f"            WHEN form{place} NOT IN ({EXPONENT_FORMS}) THEN NULL\n"
        f"            WHEN {power} BETWEEN -200 AND 200 THEN {whole}\n"
        f"            WHEN {power} < 0 THEN 0e0\n"
        f"            WHEN {power} <= 400 AND ABS({digits}) * POWER(10e0, {power} - 308) < 1.7976931348623157e0\n"
        f"            THEN {digits} * POWER(10e0, {power} - 150) * 1e150 END"
    )


def _exponent(cell: str) -> str:
    """Returns the exponent at the end of a number, 999 if it has more than three digits."""
    before = f"RTRIM({cell}, {DIGITS})"
    digits = f"LTRIM(SUBSTR({cell}, LENGTH({before}) + 1), '0')"
    size = f"CASE WHEN LENGTH({digits}) > 3 THEN 999 ELSE CAST('0' || {digits} AS INTEGER) END"
    return f"CASE WHEN {before} LIKE '%-' THEN -1 ELSE 1 END * {size}"


def _wrong(place: int, material: Material) -> str:
    """Returns 1 if a cell is no number, or too large a one."""
    largest = number(_limit(place, material))
    return f"CASE WHEN (c{place} IS NOT NULL AND x{place} IS NULL) OR ABS(x{place}) > {largest} THEN 1 ELSE 0 END"


def _limit(place: int, material: Material) -> float:
    """Returns how large a number in a column may be, so that its input is no larger than kerash's type can hold."""
    largest = float(np.finfo(material.trained.params.dtype).max)
    own = [each for each in material.inputs.features if each.column == place - 1 and isinstance(each, ScaledNumber)]
    with np.errstate(over="ignore"):
        return min([1.7e308, *(largest * each.scale * (1 - 1e-9) - abs(each.mean) for each in own)])


def _limited(x: str, place: int, material: Material) -> str:
    """Returns a number, NULL if it is a word for a missing one or too large."""
    gaps = [f"{x} = {bracketed(sentinel)}" for sentinel in material.inputs.sentinels]
    return f"CASE WHEN {' OR '.join([*gaps, f'ABS({x}) > {number(_limit(place, material))}'])} THEN NULL ELSE {x} END"


def _form(cell: str) -> str:
    """Returns the form of a cell: 0 for each run of at most 64 digits, - for a sign, no sign of an exponent."""
    form = f"REPLACE(LOWER({cell}), '+', '-')"
    for digit in "123456789":
        form = f"REPLACE({form}, '{digit}', '0')"
    for _ in range(6):
        form = f"REPLACE({form}, '00', '0')"
    return f"REPLACE({form}, 'e-', 'e')"


def _feature(each: Feature) -> str:
    x, c = f"x{each.column + 1}", f"c{each.column + 1}"
    if isinstance(each, ScaledNumber):
        return f"(COALESCE({x}, {number(each.fill)}) - {bracketed(each.mean)}) / {number(each.scale)}"
    if isinstance(each, Wave):
        turn, phase = f"{x} / {number(each.days)}", 0 if each.name == "sin" else pi / 2
        return f"COALESCE(SIN({number(2 * pi)} * ({turn} - FLOOR({turn})) + {number(phase)}), 0e0)"
    if isinstance(each, Bin):
        low, high = bracketed(each.low), bracketed(each.low + each.width)
        within = f"({x} - {low}) / {number(each.width)} - 0.5e0"
        ends = f"WHEN {x} <= {low} THEN -0.5e0 WHEN {x} >= {high} THEN 0.5e0"
        return f"CASE WHEN {x} IS NULL THEN {number(each.fill)} {ends} ELSE {within} END"
    if isinstance(each, Ranked):
        return _rank(each, x)
    if isinstance(each, Word):
        return f"CASE WHEN {c} = {text(each.word)} THEN {ONE} ELSE {ZERO} END"
    if isinstance(each, OtherWord):
        known = ", ".join(map(text, each.words))
        return f"CASE WHEN {c} IS NULL OR {c} IN ({known}) THEN {ZERO} ELSE {ONE} END"
    assert isinstance(each, Ignored), "a kind of feature without SQL"
    return ZERO


def _rank(each: Ranked, x: str) -> str:
    lines = [
        f"CASE WHEN {x} IS NULL THEN {number(each.fill)}",
        f"            WHEN {x} <= {number(each.knots[0])} THEN {number(each.normal[0])}",
    ]
    ends = zip(each.knots, each.knots[1:], each.normal, each.normal[1:], strict=False)
    for low, high, first, last in ends:
        slope = f"({x} - {bracketed(low)}) / {number(high - low)} * {bracketed(last - first)}"
        lines.append(f"            WHEN {x} < {number(high)} THEN {number(first)} + {slope}")
    return "\n".join([*lines, f"            ELSE {number(each.normal[-1])} END"])


def total(terms: list[str]) -> str:
    """Returns the sum of terms, in brackets of a few terms each."""
    if len(terms) <= TERMS:
        return " + ".join(terms)
    parts = [terms[start : start + TERMS] for start in range(0, len(terms), TERMS)]
    return total([f"({' + '.join(part)})" for part in parts])


def _sums(step: Sums, stages: Stages, signal: list[str], name: str) -> list[str]:
    terms = [[number(each)] for each in step.bias]
    for block in step.blocks:
        for place, row in enumerate(block.weights):
            for unit, weight in enumerate(row):
                if weight:
                    terms[block.first + unit].append(f"{bracketed(weight)} * {signal[block.start + place]}")
    names = [f"{name}_{unit}" for unit in range(1, len(terms) + 1)]
    stages.add(step.title, dict(zip(names, map(total, terms), strict=True)))
    return names


def _scaled(step: Scaled, stages: Stages, signal: list[str], name: str) -> list[str]:
    numbers = prod(step.before) // len(step.factors)
    pairs = zip(np.repeat(step.factors, numbers), np.repeat(step.offsets, numbers), strict=True)
    values = [
        f"{bracketed(f)} * {x}" + (f" + {bracketed(o)}" if o else "") for x, (f, o) in zip(signal, pairs, strict=True)
    ]
    names = [f"{name}_{unit}" for unit in range(1, len(signal) + 1)]
    stages.add(step.title, dict(zip(names, values, strict=True)))
    return names


def _activated(step: Activated, stages: Stages, signal: list[str], name: str) -> list[str]:
    """Adds the stages of an activation: a value that is used twice is a stage, and so is a sum over all units."""
    formula = formulas.formula(step.activation)
    z = formulas.operand(formula)
    kept: list[str] = list(signal)
    known: list[dict[int, str]] = [{id(z): each} for each in signal]
    title = f"{step.title}: {step.activation.definition.formula}"
    for number_of, each in enumerate(formulas.reductions(formula), 1):
        kept, names = _written(each.operands[0], stages, known, kept, f"{name}r{number_of}", title)
        joint = _reduced(each.name, stages, names, kept, f"{name}r{number_of}", title)
        kept.append(joint)
        for own in known:
            own[id(each)] = joint
    _, names = _written(formula, stages, known, kept, name, title)
    return names


def _written(
    value: Recorded, stages: Stages, known: list[dict[int, str]], kept: list[str], name: str, title: str
) -> tuple[list[str], list[str]]:
    """Adds the stages of a value for each unit; returns the columns to keep for others, and those of the value."""
    written = [formulas.written(value, SQL, own, f"{name}t") for own in known]
    places = range(1, len(written) + 1)
    temporary = list[str]()
    for index in range(len(written[0].lines)):
        own = {}
        for place, lines in zip(places, written, strict=True):
            label, expression = lines.lines[index]
            own[f"{label}_{place}"] = _with_places(expression, lines, place)
        stages.add(title, own, [*kept, *temporary])
        temporary += own
    names = [f"{name}_{place}" for place in places]
    values = [_with_places(lines.value, lines, place) for place, lines in zip(places, written, strict=True)]
    stages.add(title, dict(zip(names, values, strict=True)), kept)
    return kept, names


def _with_places(expression: str, lines: formulas.Lines, place: int) -> str:
    """Returns an expression in which names of intermediate results are those of a unit."""
    labels = "|".join(re.escape(label) for label, _ in lines.lines)
    return re.sub(rf"\b({labels})\b", rf"\1_{place}", expression) if labels else expression


def _reduced(operation: str, stages: Stages, names: list[str], kept: list[str], name: str, title: str) -> str:
    """Adds the stages of the sum or the extreme of columns, and returns its name; extremes are found in pairs."""
    if operation == "reduce add":
        stages.add(title, {name: total(names)}, kept)
        return name
    sign, level = (">" if operation == "reduce maximum" else "<"), 0
    while len(names) > 1:
        level += 1
        pairs = {}
        for place in range(0, len(names), 2):
            label = name if len(names) == 2 else f"{name}m{level}_{place // 2 + 1}"
            first, last = names[place], names[min(place + 1, len(names) - 1)]
            pairs[label] = first if first == last else f"CASE WHEN {first} {sign} {last} THEN {first} ELSE {last} END"
        stages.add(title, pairs, kept)
        names = list(pairs)
    if names[0] != name:
        stages.add(title, {name: names[0]}, kept)
    return name


STEPS: dict[type[NetworkStep], Callable[[Any, Stages, list[str], str], list[str]]] = {
    Sums: _sums,
    Scaled: _scaled,
    Activated: _activated,
}


def _answer(material: Material, stages: Stages, signal: list[str]) -> str:
    """Adds the last stages, and returns the SELECT that follows them."""
    targets, largest = material.trained.encoding.targets, float(np.finfo(material.trained.params.dtype).max)
    columns = dict(_answers(material, signal, "best"))
    if targets.kind in ("classes", "one-hot"):
        _reduced("reduce maximum", stages, signal, signal, "best", "the likeliest class")
        signal = [*signal, "best"]
    wrong = [f"CASE WHEN ABS({each}) <= {number(largest)} THEN 0 ELSE 1 END" for each in signal]
    named = {f"a{place}": value for place, value in enumerate(columns.values(), 1)}
    stages.add("the answer", named, bad=f"bad + {total(wrong)}")
    lines = [
        f"CASE WHEN answered.bad = 0 THEN answered.{own} END AS {identifier(name)}"
        for own, name in zip(named, columns, strict=True)
    ]
    last = stages.texts[-1].split(" ", 1)[0]
    every = ",\n    ".join(["SELECT numbered.*", *lines])
    return (
        f"{every}\nFROM numbered\n"
        f"JOIN {last} AS answered ON answered.{stages.row} = numbered.{stages.row}\nORDER BY numbered.{stages.row};"
    )


def _answers(material: Material, signal: list[str], best: str) -> Iterator[tuple[str, str]]:
    """Yields the name and the value of each column of the answer."""
    targets = material.trained.encoding.targets
    names = targets.prediction_names()
    if targets.kind == "values":
        for name, y, scale, mean in zip(names, signal, targets.scale, targets.mean, strict=True):
            yield name, f"{y} * {number(scale)} + {bracketed(mean)}"
        return
    shares = [EXP.format(y) if targets.output == "log distribution" else y for y in signal]
    if targets.kind == "binary":
        no, yes = map(text, targets.classes)
        yield names[0], f"CASE WHEN {signal[0]} > 0.5e0 THEN {yes} ELSE {no} END"
        shares = [f"1e0 - {signal[0]}", signal[0]]
    elif targets.kind == "multilabel":
        for name, y in zip(names, signal, strict=True):
            yield name, f"CASE WHEN {y} > 0.5e0 THEN 1 ELSE 0 END"
    else:
        cases = "\n            ".join(
            f"WHEN {y} = {best} THEN {text(word)}" for y, word in zip(signal, targets.classes, strict=True)
        )
        yield names[0], f"CASE {cases} END"
    for name, share in zip(targets.classes or targets.labels, shares, strict=True):
        yield f"probability_{name}", share
