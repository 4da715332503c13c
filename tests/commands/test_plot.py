import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Kerash
from drawn import SVG, Drawn, dots
from program import PROCESS
from terminal import shown

EPOCHS = [(1, 2.0, 3.0), (2, 1.0, 0.5), (3, 0.1, 0.9)]


@pytest.fixture
def log(tmp_path: Path) -> str:
    return written(tmp_path, "run.log", EPOCHS)


def written(folder: Path, name: str, epochs: list[tuple[int, float, float]]) -> str:
    best, lines = float("inf"), []
    for number, loss, validation in epochs:
        improved, best = validation < best, min(best, validation)
        line = {"epoch": number, "loss": loss, "validation_loss": validation, "learning_rate": 0.1}
        lines.append(json.dumps({**line, "improved": improved, "seconds": 1.0}) + "\n")
    (folder / name).write_text("".join(lines), encoding="ascii")
    return name


@pytest.fixture
def model(kerash: Kerash) -> str:
    kerash("train", "models/iris.model", "data/iris.csv", "-t", "species", "-q", "--epochs", "4", "-o", "iris.kerash")
    return "iris.kerash"


def test_a_log_is_drawn_in_the_terminal(kerash: Kerash, log: str) -> None:
    done = kerash("plot", log)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "Learning curve: run.log"
    assert "best epoch 2: 0.5" in lines[1]
    assert all(len(line) <= 80 for line in lines)
    assert "\x1b" not in done.out


def test_a_saved_model_has_the_curve_of_its_training(kerash: Kerash, model: str) -> None:
    done = kerash("plot", model, "--json")
    (chart,) = json.loads(done.out)["charts"]
    assert [(each["kind"], each["name"], each["x"]) for each in chart["series"]] == [
        ("line", "training", [1, 2, 3, 4]),
        ("line", "validation", [1, 2, 3, 4]),
    ]


def test_trainings_are_compared_in_one_chart(kerash: Kerash, log: str, model: str, tmp_path: Path) -> None:
    done = kerash("plot", model, log, "-o", "both.svg")
    assert done.err == "both.svg: Learning curves\n"
    words = {words for _, _, words in Drawn((tmp_path / "both.svg").read_text(encoding="utf-8")).texts()}
    assert {"iris.kerash", "run.log", "iris.kerash, training", "run.log, training"} <= words


def test_of_several_runs_in_a_log_the_last_one_is_shown(kerash: Kerash, tmp_path: Path) -> None:
    written(tmp_path, "twice.log", [*EPOCHS, *EPOCHS[:2]])
    done = kerash("plot", "twice.log", "--json")
    assert done.err == "twice.log: the last of 2 runs\n"
    assert json.loads(done.out)["charts"][0]["series"][0]["x"] == [1, 2]


def test_a_picture_is_written_whole_or_not_at_all(kerash: Kerash, log: str, tmp_path: Path) -> None:
    assert kerash("plot", log, "-o", "a.svg", "-q").err == ""
    before = (tmp_path / "a.svg").read_bytes()
    ElementTree.fromstring(before)
    refused = kerash("plot", log, "-o", "a.svg", "--kind", "figure")
    assert refused.code == 2
    assert (tmp_path / "a.svg").read_bytes() == before
    assert [path for path in os.listdir(tmp_path) if path.startswith(".kerash")] == []


def test_a_png_is_a_png(kerash: Kerash, log: str, tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    assert kerash("plot", log, "-o", "a.PNG").code == 0
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")


def test_weights_filters_rates_and_activations(kerash: Kerash, model: str, log: str) -> None:
    assert "sepal_length" in kerash("plot", model, "--kind", "weights").out
    assert "its 4 inputs are no image; try --kind weights" in kerash("plot", model, "--kind", "filters").error
    assert "Learning rate: run.log" in kerash("plot", log, "-k", "learning-rate").out
    assert "Activation: tanh" in kerash("plot", "tanh").out
    assert kerash("plot", "relu", "elu:0.5").out.startswith("Activation\n")


def test_a_search_is_found_by_its_name_and_by_its_folder(kerash: Kerash) -> None:
    words = ("2", "1", "ev", "data/xor.data", "data/xor.label", "3", "1", "--max-width", "4", "-q", "--workers", "1")
    assert kerash("evolve", *words).code == 0
    by_name = kerash("plot", "ev")
    assert by_name.out.startswith("Search: ev\n")
    assert by_name.out == kerash("plot", "ev.evolve/").out
    assert kerash("plot", "ev", "--kind", "pareto").out.startswith("Loss and size: ev\n")
    assert kerash("plot", "ev", "--kind", "tree").out.startswith("Family tree: ev\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run.log", "--kind", "lerning"], "did you mean 'learning'?"),
        (["learning", "run.log"], "learning is a kind of chart; try kerash plot run.log --kind learning"),
        (["taanh"], "'taanh' is no file, search, activation or genome; did you mean 'tanh'?"),
        (["gone.log"], "gone.log: no such file"),
        (["gone.kerash"], "gone.kerash: no such file"),
        (["gone/run"], "gone/run: no such file"),
        ([], "Missing argument 'FILE...'"),
        (["run.log", "-o", "a.gif"], "-o a.gif: expected a name that ends in .svg or .png; try -o a.svg"),
        (["run.log", "-o", "run.log"], "expected a name that ends in .svg"),
        (
            ["data/iris.csv"],
            "data/iris.csv is a table; to see how well a model predicts it, try kerash plot MODEL data/",
        ),
        (["data/iris.csv", "--kind", "roc"], "data/iris.csv is a table"),
        (["-"], "standard input is read as a table; try kerash plot MODEL -, or the name of a run log"),
        (["run.log", "data/iris.csv"], "expected run logs or saved models, got data/iris.csv"),
        (["data/iris.csv", "data/xor.data", "data/xor.label"], "expected one table, or a table and its labels, got 3"),
        (["models/iris.model"], "describes a network without weights; try kerash show models/iris.model"),
        (["run.log", "--kind", "weights"], "--kind weights: expected a saved model, got run.log"),
        (["softmax"], "softmax is a function of several numbers"),
        (["run.log"] * 13, "expected at most 12 in one chart, got 13"),
    ],
)
def test_what_can_not_be_drawn_is_a_line(kerash: Kerash, log: str, words: list[str], told: str) -> None:
    done = kerash("plot", *words)
    assert done.code == 2
    assert done.out == ""
    assert told in done.error


def test_a_model_and_a_table_show_how_well_it_predicts(kerash: Kerash, model: str, tmp_path: Path) -> None:
    done = kerash("plot", model, "data/iris.csv")
    assert done.code == 0
    assert "rows are among those that the model was trained on" in done.err
    confusion = json.loads(kerash("evaluate", model, "data/iris.csv", "--json").out)["confusion"]
    rows = [line.split() for line in done.out.splitlines()[-3:]]
    assert [[int(cell.strip("[]")) for cell in row[1:]] for row in rows] == confusion
    assert kerash("plot", model, "data/iris.csv", "--kind", "roc").out.startswith("ROC curve: iris.kerash\n")
    assert "petal_width" in kerash("plot", model, "data/iris.csv", "--kind", "importance").out
    two = kerash("plot", model, model, "data/iris.csv", "--json")
    assert json.loads(two.out)["charts"][0]["title"] == "ROC curve"
    assert two.err.count("was trained on") == 1


def test_numbers_are_shown_over_the_true_ones(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("x,y\n" + "".join(f"{i},{2 * i + 100}\n" for i in range(60)), encoding="ascii")
    kerash("train", "line.csv", "-t", "y", "-q", "--epochs", "3")
    kerash("train", "line.csv", "-t", "x", "-q", "--epochs", "3", "-o", "other.kerash")
    (chart,) = json.loads(kerash("plot", "line.kerash", "line.csv", "--json").out)["charts"]
    assert chart["title"] == "y: predicted over true (line.kerash)"
    assert chart["series"][1]["x"] == [2 * i + 100 for i in range(60)]
    charts = json.loads(kerash("plot", "line.kerash", "line.csv", "--kind", "residuals", "--json").out)["charts"]
    assert [each["series"][0]["kind"] for each in charts] == ["histogram", "line"]
    assert kerash("plot", "line.kerash", "line.csv", "-k", "residuals", "-o", "r.svg").err.count("r.svg: ") == 2
    assert "--kind roc is not for numbers, 'y'" in kerash("plot", "line.kerash", "line.csv", "-k", "roc").error
    assert (
        "line.kerash and other.kerash predict different things"
        in kerash("plot", "line.kerash", "other.kerash", "line.csv").error
    )


def test_labels_may_be_in_a_file_and_the_table_in_a_pipe(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-q", "--epochs", "5")
    assert kerash("plot", "xor.kerash", "data/xor.data", "data/xor.label").out.startswith("Confusion matrix")
    piped = kerash("plot", "xor.kerash", "-", "data/xor.label", input=b"0 0\n0 1\n1 0\n1 1\n0 1\n")
    assert piped.out.startswith("Confusion matrix"), piped.err
    read_end, write_end = os.pipe()
    os.write(write_end, b"0 0\n0 1\n1 0\n1 1\n0 1\n")
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        done = subprocess.run(
            [*PROCESS, "plot", "xor.kerash", f"/dev/fd/{read_end}", "data/xor.label"],
            cwd=tmp_path, env=environment, pass_fds=[pipe.fileno()], capture_output=True, check=False,
        )  # fmt: skip
    assert done.stdout.startswith(b"Confusion matrix"), done.stderr
    assert kerash("plot", "xor.kerash", "data/xor.data", "data/xor.label", "-k", "importance").code == 0


def test_a_genome_is_a_model_too(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    there = ("--mountpoint", "place")
    kerash("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label", *there)
    kerash("create-genome", "small", "xor", *there)
    done = kerash("plot", "small", "data/xor.data", "data/xor.label", *there)
    assert done.out.startswith("Confusion matrix: small\n"), done.err
    assert kerash("plot", "small", "--kind", "weights", *there).code == 0
    assert "'small' is no file, search, activation or genome" in kerash("plot", "small", "--kind", "weights").error
    assert "expected run logs or saved models, got small" in kerash("plot", "small", *there).error


def test_answers_of_yes_or_no_have_roc_curves(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "s.model").write_text("? 1 1\ninput\ndense ? sigmoid\n", encoding="ascii")
    rows = "".join(f"{n},{n % 2},{int(n > 30)}\n" for n in range(60))
    (tmp_path / "t.csv").write_text(f"n,odd,large\n{rows}", encoding="ascii")
    kerash("train", "s.model", "t.csv", "-t", "odd", "-t", "large", "-q", "--epochs", "5")
    done = kerash("plot", "s.kerash", "t.csv")
    assert done.out.startswith("ROC curve: s.kerash\n")
    assert "large (AUC " in done.out


def test_kinds_that_need_a_table_say_so(kerash: Kerash, model: str) -> None:
    done = kerash("plot", model, "--kind", "roc")
    assert (done.code, done.out) == (2, "")
    assert "--kind roc needs a table with answers; try kerash plot iris.kerash DATA --kind roc" in done.error


def test_a_log_with_another_line_in_it_is_an_error(kerash: Kerash, log: str, tmp_path: Path) -> None:
    with open(tmp_path / log, "a", encoding="ascii") as file:
        file.write("{}\n" + '{"epoch":1}\n')
    done = kerash("plot", log)
    assert done.code == 2
    assert "run.log:4: " in done.error


def test_names_of_files_are_text(kerash: Kerash, tmp_path: Path) -> None:
    name = "<script>\x1b[31m&.log"
    written(tmp_path, name, EPOCHS)
    assert "\x1b" not in kerash("plot", name).out
    assert kerash("plot", name, "-o", "a.svg").code == 0
    drawn = Drawn((tmp_path / "a.svg").read_text(encoding="utf-8"))
    assert not drawn.root.findall(f".//{SVG}script")
    assert any("<script>\\x1b[31m&.log" in words for _, _, words in drawn.texts())


@pytest.mark.parametrize("columns", [40, 80])
def test_a_chart_fits_the_terminal(log: str, tmp_path: Path, columns: int) -> None:
    terminal = shown(["plot", log], tmp_path, columns)
    assert terminal.screen.overlong == []
    assert len(dots(terminal.screen.text.splitlines())) > 20
    assert b"\x1b[38;5;" in terminal.written


def test_a_simple_terminal_gets_no_codes_and_a_plain_locale_no_braille(log: str, tmp_path: Path) -> None:
    for more in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        assert b"\x1b[" not in shown(["plot", log], tmp_path, **more).written
    assert shown(["plot", log], tmp_path, LANG="C").written.isascii()


def test_a_training_on_any_terminal_ends_in_a_chart_unless_it_is_quiet(kerash: Kerash, tmp_path: Path) -> None:
    words = ["train", "models/xor.model", "data/xor.data", "data/xor.label", "--epochs", "30"]
    for more in ({}, {"TERM": "dumb"}):
        terminal = shown(words, tmp_path, **more)
        assert "best epoch 30: " in terminal.screen.text
        assert len(dots(terminal.screen.text.splitlines())) > 20
    assert not dots(shown([*words, "-q"], tmp_path).screen.text.splitlines())
    assert not dots(kerash(*words).err.splitlines())
