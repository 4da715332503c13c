"""The page of `kerash report`: what is in it, that it is whole and the same each time, and that no name in it acts."""

import json
from pathlib import Path
from typing import Any

import program
import pytest
from conftest import Kerash
from pages import faults, found, name, parsed, texts
from reports import TRAINED, write_hostile


def reported(kerash: Kerash, folder: Path, which: str, *words: str) -> str:
    """The page about a model of sample data."""
    model, target, epochs = TRAINED[which]
    data = f"data/{which}.csv"
    kerash("train", f"models/{model}", data, "--target", target, "-q", "--epochs", str(epochs), "-o", f"{which}.kerash")
    done = kerash("report", f"{which}.kerash", data, *words)
    assert (done.code, done.out) == (0, ""), done.err
    return (folder / f"{which}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("which", TRAINED)
def test_a_report_is_one_small_page_that_needs_nothing_else(kerash: Kerash, tmp_path: Path, which: str) -> None:
    text = reported(kerash, tmp_path, which)
    assert [*faults(text)] == []
    assert len(text.encode()) < 1_000_000
    root = parsed(text)
    headings = [texts(each) for each in found(root, "h2")]
    assert headings[:3] == ["How good it is", "What it relies on", "The data"]
    assert [texts(each) for each in found(found(root, "nav")[0], "a")] == headings
    assert f"Report on {which}.kerash" in texts(found(root, "h1")[0])


def tables(text: str) -> dict[str, list[list[str]]]:
    """The cells of each table, by its caption."""
    return {
        texts(found(each, "caption")[0]): [
            [texts(cell) for cell in found(row, "th", "td")] for row in found(each, "tr")
        ]
        for each in found(parsed(text), "table")
    }


def test_its_figures_are_those_of_evaluate_and_importance(kerash: Kerash, tmp_path: Path) -> None:
    text = reported(kerash, tmp_path, "diabetes")
    scores = json.loads(kerash("evaluate", "diabetes.kerash", "data/diabetes.csv", "--json").out)
    figures = tables(text)["Figures, beside those of a naive guess"]
    shown = {row[0]: row[1:] for row in figures}
    assert shown["rmse"] == [f"{scores['rmse']:.4g}", f"{scores['baseline']['rmse']:.4g}"]
    assert shown["r2"][0] == f"{scores['r2']:.4g}"
    expected = json.loads(kerash("importance", "diabetes.kerash", "data/diabetes.csv", "--json").out)
    rows = tables(text)["Columns by their importance"][1:]
    assert rows == [
        [each["column"], f"{each['mean']:.3g}", f"{each['low']:.3g} to {each['high']:.3g}"]
        for each in expected["columns"]
    ]
    assert "tc and ldl (0.9)" in text


def test_classes_have_their_figures_and_the_confusion_matrix_is_there_for_readers_of_screens(
    kerash: Kerash, tmp_path: Path
) -> None:
    found = tables(reported(kerash, tmp_path, "iris"))
    scores = json.loads(kerash("evaluate", "iris.kerash", "data/iris.csv", "--json").out)
    figures = {row[0]: row[1:] for row in found["Figures, beside those of a naive guess"]}
    low, high = scores["interval"]
    assert figures["95 % interval"] == [f"{low:.3g} to {high:.3g}", ""]
    assert figures["accuracy"] == [f"{scores['accuracy']:.4g}", "0.3333"]
    by_class = found["Figures by class"]
    assert by_class[0] == ["class", "precision", "recall", "f1", "support"]
    assert by_class[1] == ["setosa", *(f"{scores['classes']['setosa'][name]:.4g}" for name in by_class[0][1:])]
    header, *rows = found["Confusion: a row for each class as it is, a column for each as it was predicted"]
    assert header == ["class", "setosa", "versicolor", "virginica"]
    counts = zip(header[1:], scores["confusion"], strict=True)
    assert rows == [[name, *map(str, row)] for name, row in counts]


def test_its_commands_name_the_files_that_the_model_was_trained_on_or_say_which_they_are(
    kerash: Kerash, tmp_path: Path
) -> None:
    kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-q", "--epochs", "3", "-o", "xor.kerash")
    kerash("report", "xor.kerash", "data/xor.data", "data/xor.label")
    page = (tmp_path / "xor.html").read_text(encoding="utf-8")
    assert "kerash train - xor.data xor.label --epochs 3" in page
    assert "kerash repro xor.kerash xor.data xor.label" in page
    (tmp_path / "other.csv").write_text("0,1\n1,1\n", encoding="ascii")
    (tmp_path / "other.label").write_text("1\n0\n", encoding="ascii")
    kerash("report", "xor.kerash", "other.csv", "other.label")
    page = (tmp_path / "xor.html").read_text(encoding="utf-8")
    assert "kerash train - DATA LABEL --epochs 3" in page
    assert "DATA is the file with sha256 " in page
    assert "kerash repro" not in page


CHARTS = {
    "iris": [
        *("Confusion matrix", "ROC curve", "Precision and recall", "Calibration", "Importance"),
        *("The network", "Weights of layer 1", "Learning curve", "Validation accuracy"),
    ],
    "diabetes": [
        *("progression: predicted over true", "progression: residuals", "progression: residuals over predictions"),
        *("Importance", "The network", "Weights of layer 1", "Learning curve", "Validation rmse"),
    ],
}


@pytest.mark.parametrize("which", CHARTS)
def test_its_charts_are_those_that_suit_the_model(kerash: Kerash, tmp_path: Path, which: str) -> None:
    root = parsed(reported(kerash, tmp_path, which))
    pictures = [each for each in found(root, "svg") if each.attrib.get("aria-hidden") != "true"]
    assert [texts(found(each, "title")[0]) for each in pictures] == CHARTS[which]
    assert {each.attrib["role"] for each in pictures} == {"img"}


def test_a_learning_rate_is_drawn_if_it_changes_and_filters_if_the_inputs_are_an_image(
    kerash: Kerash, tmp_path: Path
) -> None:
    rows = "".join(f"{','.join(str((row * place) % 5) for place in range(1, 17))},{row % 2}\n" for row in range(12))
    (tmp_path / "t.csv").write_text(rows, encoding="ascii")
    (tmp_path / "m.model").write_text("4 4 1\ninput\nconvolution relu 2 1 1 3 3\ndense ? softmax\n", encoding="ascii")
    words = ["--target", "17", "-q", "--epochs", "3", "--schedule", "cosine", "-o", "m.kerash"]
    assert kerash("train", "m.model", "t.csv", *words).code == 0
    assert kerash("report", "m.kerash", "t.csv").code == 0
    titles = [texts(each) for each in found(parsed((tmp_path / "m.html").read_text(encoding="utf-8")), "title")]
    assert "Learning rate" in titles
    assert "Filters of layer 1" in titles
    assert "Weights of layer 1" not in titles


def test_it_says_what_was_off_with_a_command_that_works(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "diabetes.csv").write_bytes((tmp_path / "data/diabetes.csv").read_bytes())
    words = ["--target", "progression", "--no-standardize", "-q", "--epochs", "20", "-o", "d.kerash"]
    assert kerash("train", "diabetes.csv", *words).code == 0
    assert kerash("report", "d.kerash", "diabetes.csv").code == 0
    root = parsed((tmp_path / "d.html").read_text(encoding="utf-8"))
    assert "What was off" in [texts(each) for each in found(root, "h3")]
    assert "The inputs are not scaled: the largest has a root mean square of 192" in texts(root)
    command = texts(found(root, "code")[0])
    done = program.shell(f"{program.function()}{command} -q", tmp_path)
    assert done.code == 0, done.err
    assert "--no-standardize" not in command


def test_it_has_the_figures_of_a_cross_validation(kerash: Kerash, tmp_path: Path) -> None:
    words = ["--target", "species", "--cv", "3", "-q", "--epochs", "3", "-o", "iris.kerash"]
    done = kerash("train", "data/iris.csv", *words)
    accuracy = next(line.split() for line in done.out.splitlines() if line.startswith("accuracy"))
    assert kerash("report", "iris.kerash", "data/iris.csv").code == 0
    rows = tables((tmp_path / "iris.html").read_text(encoding="utf-8"))["Cross-validation: 3 folds"]
    assert rows[0] == ["figure", "mean", "deviation", "95 % interval"]
    assert rows[1][:3] == accuracy[:3]
    assert [float(each) for each in rows[1][3].split(" to ")] == pytest.approx(
        [float(accuracy[3]), float(accuracy[5])], rel=1e-2
    )


def test_it_says_what_a_column_holds_and_that_rows_are_known(kerash: Kerash, tmp_path: Path) -> None:
    text = reported(kerash, tmp_path, "iris")
    header, *rows = tables(text)["Columns of the table"]
    assert header == ["column", "kind", "shape", "values", "missing", "different", "becomes"]
    assert rows[0] == ["sepal_length", "number", "", "4.3 to 7.9", "0", "35", "1 input, standardised"]
    assert rows[4] == ["species", "target", "", "setosa 50, versicolor 50, virginica 50", "0", "3", "to be predicted"]
    assert "iris.csv: 120 of the 150 rows are among those that the model was trained on" in text


def test_the_same_files_give_the_same_bytes(kerash: Kerash, tmp_path: Path) -> None:
    first = reported(kerash, tmp_path, "iris")
    kerash("report", "iris.kerash", "data/iris.csv", "-o", "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == first


def test_its_commands_make_the_model_and_the_report_again(kerash: Kerash, tmp_path: Path) -> None:
    table = (tmp_path / "data/iris.csv").read_text(encoding="ascii").replace(",", ";")
    (tmp_path / "my irises.csv").write_text(table, encoding="ascii")
    words = ["--target", "species", "--epochs", "3", "--lr", "0.01", "-o", "iris.kerash"]
    kerash("train", "my irises.csv", *words)
    kerash("report", "iris.kerash", "my irises.csv", "--delimiter", ";", "--seed", "3")
    page = (tmp_path / "iris.html").read_bytes()
    codes = [texts(each) for each in found(parsed(page.decode()), "code")]
    (train, repro), (evaluate, report) = codes[0].splitlines(), codes[2].splitlines()
    assert evaluate == "kerash evaluate iris.kerash 'my irises.csv' --delimiter ';'"
    (tmp_path / "iris.html").unlink()
    done = program.shell(f"{program.function()}{train} -q && {repro} && {report} -q && {evaluate}", tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "iris-again.kerash").read_bytes() == (tmp_path / "iris.kerash").read_bytes()
    assert (tmp_path / "iris.html").read_bytes() == page


def test_a_table_from_a_pipe_has_a_word_in_the_place_of_its_name(kerash: Kerash, tmp_path: Path) -> None:
    kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-q", "-o", "xor.kerash")
    done = kerash("report", "xor.kerash", "-", "data/xor.label", input=(tmp_path / "data/xor.data").read_text())
    assert done.code == 0, done.err
    text = (tmp_path / "xor.html").read_text(encoding="utf-8")
    assert "kerash evaluate xor.kerash DATA xor.label\n" in text
    assert "On 5 rows of standard input, its accuracy is 1;" in text


@pytest.fixture
def hostile(kerash: Kerash, tmp_path: Path) -> Kerash:
    """With x.kerash and a table whose columns, words and classes have hostile names, and so has a copy of it."""
    write_hostile(tmp_path / "x.csv")
    done = kerash("train", "x.csv", "--target", "kind", "-q", "--epochs", "3", "-o", "x.kerash")
    assert done.code == 0, done.err
    return kerash


def test_no_name_in_it_does_anything(hostile: Kerash, tmp_path: Path) -> None:
    odd = '<b onclick="x">&.csv'
    (tmp_path / odd).write_bytes((tmp_path / "x.csv").read_bytes())
    done = hostile("report", "x.kerash", odd)
    assert done.code == 0, done.err
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert [*faults(text)] == []
    assert not {"\x1b", "\x07", "\u202e"} & {*text}
    root = parsed(text)
    assert not found(root, "script", "b", "img")
    shown = texts(root)
    for each in ("<script>alert(1)</script>", '" onmouseover="alert(1)', r"\x1b[2J\x07", r"\u202eevil", odd):
        assert each in shown
    assert {node.attrib.get("style", "") for node in found(root, "svg")} <= {"", "max-width:100%;height:auto"}
    assert {
        key.rpartition("}")[2]
        for node in found(root, *_names(root))
        for key in node.attrib
        if not key.startswith("aria-")
    } <= ATTRIBUTES


ATTRIBUTES = {
    *("charset", "name", "content", "http-equiv", "lang", "rel", "href", "class", "id", "scope", "role", "tabindex"),
    *("xmlns", "viewBox", "width", "height", "x", "y", "rx", "d", "cx", "cy", "r", "transform", "style"),
    *(
        "fill",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-opacity",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-linejoin",
    ),
    *("font-family", "font-size", "font-weight", "text-anchor"),
}
"""All attributes of a page."""


def _names(root: Any) -> set[str]:
    return {name(node) for node in root.iter() if isinstance(node.tag, str)}


def test_a_file_that_is_no_report_stays_unless_it_is_forced(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "iris.html").write_text("<html>mine</html>", encoding="ascii")
    kerash("train", "models/iris.model", "data/iris.csv", "--target", "species", "-q", "--epochs", "2")
    done = kerash("report", "iris.kerash", "data/iris.csv")
    assert (done.code, (tmp_path / "iris.html").read_text(encoding="ascii")) == (2, "<html>mine</html>")
    assert "iris.html already exists and is not a report; choose another name, or --force to replace it" in done.error
    assert kerash("report", "iris.kerash", "data/iris.csv", "--force").code == 0
    assert kerash("report", "iris.kerash", "data/iris.csv").code == 0


def test_its_name_is_that_of_a_page(kerash: Kerash, tmp_path: Path) -> None:
    kerash("train", "models/iris.model", "data/iris.csv", "--target", "species", "-q", "--epochs", "2")
    done = kerash("report", "iris.kerash", "data/iris.csv", "-o", "my page.pdf")
    assert (done.code, (tmp_path / "my page.pdf").exists()) == (2, False)
    assert done.error == "-o my page.pdf: expected a name that ends in .html; try -o 'my page.html'"
    assert kerash("report", "iris.kerash", "data/iris.csv", "-o", "PAGE.HTM").code == 0
    assert kerash("report", "iris.kerash", "data/iris.csv", "-o", "/dev/stdout").out.startswith("<!DOCTYPE html>")


def test_nothing_is_written_if_the_rows_are_bad(kerash: Kerash, tmp_path: Path) -> None:
    kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-q")
    (tmp_path / "bad.label").write_text("0\n1\n", encoding="ascii")
    done = kerash("report", "xor.kerash", "data/xor.data", "bad.label")
    assert done.code == 2
    assert not (tmp_path / "xor.html").exists()
    assert kerash("report", "xor.kerash", "data/xor.data", "data/xor.label").code == 0
    assert "few rows for intervals" in (tmp_path / "xor.html").read_text(encoding="utf-8")
