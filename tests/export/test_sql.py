"""Models as queries: kerash_cli/export/sql_query.py."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from export_runs import ALL_DATABASES, DATABASES, LONG_DATABASES, export
from exported import LAYERS, modelled, samples
from program import right

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.errors import BadInput
from kerash_cli.export import formulas, sql_query
from kerash_cli.export.material import Material

NETWORKS = [
    pytest.param(name, marks=[pytest.mark.long] if place % 3 else [])
    for place, name in enumerate(
        name for name, text in LAYERS.items() if "convolution" not in text and "pooling" not in text
    )
]


@pytest.mark.parametrize("database", LONG_DATABASES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_as_a_query_has_the_same_outputs(database: str, name: str) -> None:
    model = modelled(LAYERS[name])
    x = samples(model, 7)
    header = [f"column{place + 1}" for place in range(x.shape[1])]
    query = sql_query.write(Material("m.kerash", model), "m.sql")
    names, rows = ALL_DATABASES[database](query, header, x.astype(float).tolist(), "DOUBLE PRECISION")
    targets = model.encoding.targets
    own = [place for place, each in enumerate(names) if each.startswith(("predicted", "probability"))]
    expected = model.outputs(x)
    if targets.has_probabilities:
        own, expected = own[len(targets.prediction_names()) :], targets.probabilities(expected)
    got = np.array([[row[place] for place in own] for row in rows], float)
    assert np.abs(got - expected).max() < 1e-5 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("database", LONG_DATABASES)
def test_activations_in_sql(database: str) -> None:
    """One query has them all."""
    z = np.array([0, 1, -1, 0.5, 3, -3, 7.25, -40, 40, 1e-9, 88, 710, -720, 1e4, -1e15])
    names = [name for name, definition in ACTIVATIONS.items() if not definition.mixes]
    query = " UNION ALL ".join(map(selected, names))
    _, rows = ALL_DATABASES[database](query, ["z"], [[each] for each in z.tolist()], "DOUBLE PRECISION")
    found = {(name, at): value for name, at, value in rows}
    for name in names:
        own = z[np.abs(z) < 1e3] if name in ("sinusoid", "cosine", "sinc") else z  # a large angle has no digits left
        got, expected = np.array([found[name, at] for at in own]), Activation(name)(own[:, None])[:, 0]
        assert np.all(np.abs(got - expected) <= 1e-9 * np.maximum(1, np.abs(expected))), name


def selected(name: str) -> str:
    """A query for the name of an activation, z, and the activation of z."""
    formula = formulas.formula(Activation(name))
    lines = formulas.written(formula, sql_query.SQL, {id(formulas.operand(formula)): "z"})
    below = "data"
    for label, value in lines.lines:
        below = f"(SELECT *, {value} AS {label} FROM {below} AS below)"
    return f"SELECT '{name}', z, {lines.value} FROM {below} AS below"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The query of a model whose prediction is about x, where a missing x is 5."""
    folder = tmp_path_factory.mktemp("plain")
    rows = "".join(f"{x},{word},{x}\n" for x in range(11) for word in "ab")
    (folder / "t.csv").write_text(f"x,word,y\n{rows}", encoding="ascii")
    (folder / "m.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    right(folder, "train", "m.model", "t.csv", "-t", "y", "--epochs", "400", "--lr", "0.05", "--missing", "mean", "-q")
    return export(folder, ".sql").read_text(encoding="utf-8")


def predicted(
    query: str, database: str, cells: Sequence[object], types: str = "VARCHAR", word: str | None = None
) -> list[object]:
    """What a query predicts for each cell of column x."""
    names, rows = ALL_DATABASES[database](query, ["x", "word"], [[cell, word] for cell in cells], types)
    assert names[-1] == "predicted_y"
    return [row[-1] for row in rows]


CELLS = {
    **dict.fromkeys(("3", "  3\t", "+3.0", "3.", ".3e1", "30E-1", "0003", "0.3e+1"), 3),
    **dict.fromkeys(("3e-0", "3e+000000", "3000e-3", f"3{'0' * 60}e-60", f".{'0' * 60}3e61"), 3),
    **dict.fromkeys(("1e-400", "1e-99999999999", "-0e-300", f"{'9' * 64}e-300"), 0),
    **dict.fromkeys(("", "NA", " nan ", None), 5),
    **dict.fromkeys(("three", "3,0", "0x3", "3e", "e3", ".", "--3", "3 3", "1_0", "inf", "1e60", "-1e300")),
    **dict.fromkeys(("1e400", "1e308", "2e308", f"{'9' * 64}e308", "1e99999999999")),
    **dict.fromkeys(("3'; DROP TABLE data; --", "\u00a03", "0" * 100 + "3", "٣")),
}
"""What is predicted for cells; None where kerash refuses the row."""


@pytest.mark.parametrize("database", LONG_DATABASES)
def test_a_cell_of_text_is_a_number_as_in_kerash_or_there_is_no_answer(plain: str, database: str) -> None:
    found = predicted(plain, database, [*CELLS], word="a")
    for (cell, value), got in zip(CELLS.items(), found, strict=True):
        assert got == (None if value is None else pytest.approx(value, abs=0.1)), cell


@pytest.mark.parametrize("database", LONG_DATABASES)
def test_numbers_may_be_as_large_as_the_network_can_take_them(database: str) -> None:
    model = modelled("1 1 1\ninput\ndense 1 -\n", dtype="float64")
    model.params[...] = 1e-300, 0.5
    query = sql_query.write(Material("m.kerash", model), "m.sql")
    cells = ("1e300", "-2.5e+305", "1.69e308", "0.001E311", "4e201", "-1e-300", f"{'1' * 64}e200")
    _, rows = ALL_DATABASES[database](query, ["column1"], [[cell] for cell in cells])
    assert [row[-1] for row in rows] == pytest.approx([1e-300 * float(cell) + 0.5 for cell in cells], rel=1e-9)


@pytest.mark.parametrize("database", LONG_DATABASES)
@pytest.mark.parametrize("types", ["DOUBLE PRECISION", "REAL", "INTEGER"])
def test_typed_columns_are_numbers_too(plain: str, database: str, types: str) -> None:
    found, words = predicted(plain, database, [3, None, -7], types), predicted(plain, database, ["3", None, "-7"])
    assert found == pytest.approx(words, rel=1e-12)


@pytest.mark.parametrize("database", LONG_DATABASES)
def test_a_table_without_a_column_is_an_error(plain: str, database: str) -> None:
    with pytest.raises(Exception, match="word"):
        ALL_DATABASES[database](plain, ["x"], [["3"]])


def test_names_that_sql_takes_for_equal_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("X,x,y\n" + "".join(f"{i},{i % 3},{i}\n" for i in range(12)), encoding="ascii")
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    right(tmp_path, "train", "m.model", "t.csv", "-t", "y", "--epochs", "1", "-q")
    with pytest.raises(AssertionError, match=re.escape("columns 'X' and 'x' are the same in SQL")):
        export(tmp_path, ".sql")


def test_a_layer_that_is_too_wide_is_refused() -> None:
    model = Material("m.kerash", modelled("2 1 1\ninput\ndense 1700 tanh\ndense 1 -\n"))
    with pytest.raises(BadInput, match="dense 1700 tanh: a query needs 1700 columns at once"):
        sql_query.write(model, "m.sql")


def test_too_many_weights_are_refused() -> None:
    model = Material("m.kerash", modelled("400 1 1\ninput\ndense 300 tanh\ndense 1 -\n"))
    with pytest.raises(BadInput, match=r"120,601 weights are more than the 100,000 that \.sql may have"):
        sql_query.write(model, "m.sql")


def test_many_terms_are_no_deep_expression() -> None:
    model = modelled("100 1 1\ninput\ndense 2 -\n")
    x = samples(model, 1)
    header = [f"column{place + 1}" for place in range(100)]
    query = sql_query.write(Material("m.kerash", model), "m.sql")
    _, ((*_, first, second),) = DATABASES["sqlite"](query, header, x.astype(float).tolist(), "DOUBLE")
    assert [first, second] == pytest.approx(model.outputs(x)[0].tolist(), rel=1e-4, abs=1e-4)
