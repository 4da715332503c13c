"""What people see on a terminal: all that a pipe gets, in lines that fit, without a broken word."""

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unicodedata import normalize

import program
import pytest
from conftest import ROOT
from terminal import Screen, Terminal, running, shown

XOR = ("data/xor.data", "data/xor.label")
TRAIN = ("train", "models/xor.model", *XOR)
EVOLVE = ("evolve", "2", "1", "found", *XOR, "3", "1", "--from", "deep.model")
DEEP = "? 1 1\ninput\ndense 20 softplus\ndense 20 elliotsig\ndense 20 arctan\ndense ? sigmoid\n"
"""A network whose line in the table of a search is longer than 80 columns."""
NAMES = ["中文类别", "naïve", "e\u0301te\u0301", "two words", *(f"a_class_with_a_long_name_{n}" for n in range(16))]
BARS = set("▁▂▃▄▅▆▇█")
"""Curves are as wide as there is room: not what is compared."""


def linked(folder: Path) -> Path:
    """A folder with the project's data and models, and what else the commands below need."""
    folder.mkdir()
    for name in ("data", "models"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "deep.model").write_text(DEEP)
    return folder


def piped(words: tuple[str, ...], folder: Path, code: int = 0, **environment: str) -> str:
    """What a command writes where there is no terminal."""
    done = subprocess.run(
        [*program.kerash(), *words],
        cwd=folder,
        env={**program.environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stdout.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a saved model and what a search left."""
    folder = linked(tmp_path_factory.mktemp("screen") / "lab")
    piped(("train", "models/iris.model", "data/iris.csv", "--target", "species", "--epochs", "5", "-q"), folder)
    (folder / "search.txt").write_text(piped(EVOLVE, folder), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def more(lab: Path) -> Path:
    """The same, with 20 classes of all kinds of names, and with a genome."""
    rows = "".join(f"{place},{place * place % 7},{name}\n" for place, name in enumerate(NAMES * 3))
    (lab / "many.csv").write_text(f"first,second,label\n{rows}", encoding="utf-8")
    (lab / "many.model").write_text("? 1 1\ninput\ndense 8 tanh\ndense ? softmax\n")
    piped(("train", "many.model", "many.csv", "--target", "label", "--epochs", "2", "-q"), lab)
    (lab / "place").mkdir()
    there = ("--mountpoint", "place")
    piped(("store-model", "xor", "models/xor.model", *XOR, *there), lab)
    piped(("create-genome", "small", "xor", *there), lab)
    piped(("export", "small", "-o", "small.kerash", *there), lab)
    return lab


def words(text: str) -> Counter[str]:
    """How often there is each word, without curves and without the backslashes of commands that go on below."""
    found = (word for word in normalize("NFC", text).split() if not BARS & set(word) and word != "\\")
    return Counter(found)


def check(terminal: Terminal, plain: str) -> None:
    """No line was too long, no word is broken, and none is missing."""
    assert not terminal.screen.overlong
    assert not words(plain) - words(terminal.screen.text), terminal.screen.text


def without_epochs(text: str) -> str:
    """Without the lines that stand, off a terminal, for the live view."""
    return "".join(re.findall(r"^(?!epoch |generation |\d+\.\d+  ).*\n?", text, re.MULTILINE))


REPORTS = [
    ("show", "iris.kerash"),
    ("evaluate", "iris.kerash", "data/iris.csv"),
    ("tree", "found"),
]
WIDER = [
    ("show", "models/digits.model"),
    ("show", "models/cnn.model"),
    ("show", "models/lenet.model", "--inputs", "784", "--outputs", "10"),
    ("show", "many.kerash"),
    ("compare", "iris.kerash", "./iris.kerash", "data/iris.csv"),
    ("activation", "--list"),
    ("list", "--mountpoint", "place"),
    ("predict", "iris.kerash", "data/iris.csv"),
    ("data",),
    ("create-genome", "small", "xor", "--mountpoint", "place", "--force"),
    ("export", "small", "-o", "small.kerash", "--force", "--mountpoint", "place"),
]


@pytest.mark.parametrize("command", REPORTS, ids=" ".join)
def test_a_report_fits_80_columns(lab: Path, command: tuple[str, ...]) -> None:
    check(shown(command, lab), piped(command, lab))


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 100, 120, 200])
@pytest.mark.parametrize("command", REPORTS + WIDER, ids=" ".join)
def test_a_report_fits_any_terminal(more: Path, command: tuple[str, ...], columns: int) -> None:
    check(shown(command, more, columns), piped(command, more))


@pytest.mark.long
@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_a_confusion_matrix_that_is_too_wide_calls_its_columns_by_numbers(more: Path, columns: int) -> None:
    command = ("evaluate", "many.kerash", "many.csv")
    terminal, plain = shown(command, more, columns), piped(command, more)
    assert not terminal.screen.overlong
    assert not words(plain.partition("expected \\ predicted")[0]).keys() - words(terminal.screen.text).keys()
    _, matrix = terminal.screen.text.split("exp. \\ pred.")
    numbers, *rows = matrix.splitlines()
    assert numbers.split() == [str(number) for number in range(1, 21)]
    expected = [row.split() for row in plain.partition("expected \\ predicted")[2].splitlines()[1:21]]
    for place, (row, whole) in enumerate(zip(rows[:20], expected, strict=True), 1):
        assert row.split()[0] == str(place)
        assert re.findall(r"\d+|\.", row)[-20:] == [cell.strip("[]") for cell in whole[-20:]]
        assert re.findall(r"\[ ?(\d+|\.)\]", row) == [whole[-20:][place - 1].strip("[]")]


def check_training(folder: Path, columns: int, lines: int) -> None:
    terminal = shown((*TRAIN, "--epochs", "300"), linked(folder / "shown"), columns, lines)
    plain = piped((*TRAIN, "--epochs", "300"), linked(folder / "piped"))
    check(terminal, without_epochs(plain))
    last = next(line for line in reversed(plain.splitlines()) if line.startswith("epoch 300 "))
    frame = next(frame for frame in terminal.screen.frames if "epoch 300/300" in frame)
    assert re.findall(r"\w*loss [0-9.e-]+", last) == re.findall(r"\w*loss [0-9.e-]+", frame)
    assert "300/300" not in terminal.screen.text
    assert not terminal.screen.cursor.hidden


def check_search(folder: Path, lab: Path, columns: int, lines: int) -> None:
    terminal, plain = shown(EVOLVE, linked(folder), columns, lines), (lab / "search.txt").read_text(encoding="utf-8")
    check(terminal, without_epochs(plain))
    candidates = re.findall(r"^(\d+\.\d+)  .*  loss (\S+)  \d+ epochs  (.*)$", plain, re.MULTILINE)
    assert len(candidates) >= 6
    for place, loss, fate in candidates:
        frames = (
            frame for frame in terminal.screen.frames if re.search(rf"^{place} .*\s{loss}\s", frame, re.MULTILINE)
        )
        assert any(not words(fate) - words(frame) for frame in frames), (place, loss, fate)
    assert not terminal.screen.cursor.hidden


def test_training_fits_80_columns(tmp_path: Path) -> None:
    check_training(tmp_path, 80, 24)


def test_a_search_fits_80_columns(tmp_path: Path, lab: Path) -> None:
    check_search(tmp_path / "here", lab, 80, 24)


@pytest.mark.long
@pytest.mark.parametrize(("columns", "lines"), [(100, 30), (120, 24), (200, 60), (80, 12)])
def test_live_views_fit_any_terminal(tmp_path: Path, lab: Path, columns: int, lines: int) -> None:
    check_training(tmp_path, columns, lines)
    check_search(tmp_path / "search", lab, columns, lines)


ENDLESS = (*TRAIN, "--epochs", "1000000000")


def bar(screen: Screen) -> bool:
    return bool(re.search(r"^epoch \d+/1000000000 .* left", screen.text, re.MULTILINE))


def test_ctrl_c_gives_the_cursor_back_and_takes_the_bar_away(tmp_path: Path) -> None:
    with running(ENDLESS, linked(tmp_path / "here")) as terminal:
        assert terminal.wait(bar)
        assert terminal.screen.cursor.hidden
        terminal.press(b"\x03")
        assert terminal.code == 130
    assert not terminal.screen.cursor.hidden
    assert not bar(terminal.screen)
    assert "xor.kerash: " in terminal.screen.text


@pytest.mark.long
def test_a_second_ctrl_c_gives_the_cursor_back_too(tmp_path: Path) -> None:
    words = ("evolve", "4", "3", "found", "data/iris.csv", "8", "1000", "--target", "species", "--workers", "1")
    with running(words, linked(tmp_path / "here")) as terminal:
        assert terminal.wait(lambda screen: "dropped" in screen.text)
        assert terminal.screen.cursor.hidden
        terminal.press(b"\x03")
        terminal.press(b"\x03")
        assert terminal.code == 130
    assert not terminal.screen.cursor.hidden


@pytest.mark.parametrize("columns", [50, pytest.param(10, marks=pytest.mark.long)])
def test_a_bar_fits_a_window_that_became_narrower_or_wider(tmp_path: Path, columns: int) -> None:
    with running((*ENDLESS, "--time", "1h"), linked(tmp_path / "here")) as terminal:
        assert terminal.wait(bar)
        terminal.resize(columns, 24)
        # What was on its way when the size changed was for the size before.
        terminal.wait(lambda screen: any(len(line) <= columns for line in screen.text.splitlines()[-1:]))
        terminal.screen.frames.clear()
        terminal.wait(lambda screen: len(screen.frames) > 2)
        terminal.screen.overlong.clear()
        terminal.wait(lambda screen: len(screen.frames) > 4)
        assert not terminal.screen.overlong
        terminal.resize(120, 24)
        terminal.screen.frames.clear()
        terminal.wait(lambda screen: len(screen.frames) > 2)
        assert re.search(
            r"^epoch \d+/1000000000 ━*─+ .* left  loss \S+ accuracy \S+ \S+ s$", terminal.screen.text, re.MULTILINE
        )
        terminal.press(b"\x03")
        assert terminal.code == 130


@pytest.mark.parametrize("term", ["dumb", pytest.param("", marks=pytest.mark.long)])
def test_a_terminal_that_can_only_print_gets_plain_lines(tmp_path: Path, term: str) -> None:
    terminal = shown((*TRAIN, "--epochs", "3"), linked(tmp_path / "here"), TERM=term)
    assert b"\x1b" not in terminal.written
    assert len(re.findall(r"^epoch [123] loss ", terminal.screen.text, re.MULTILINE)) == 3
    assert not terminal.screen.overlong


@pytest.mark.long
@pytest.mark.parametrize("columns", [1, 5, 20, 39])
def test_a_terminal_narrower_than_a_word_is_no_fault(lab: Path, columns: int) -> None:
    for command in ((*TRAIN, "--epochs", "20"), ("evaluate", "iris.kerash", "data/iris.csv"), ("tree", "found")):
        assert "Traceback" not in shown(command, lab, columns, 5).screen.text
    command = ("evolve", "2", "1", f"narrow{columns}", *XOR, "2", "1")
    assert "Traceback" not in shown(command, lab, columns, 5).screen.text


LOCALES = [{"LC_ALL": "POSIX"}, {"LANG": ""}, {"LC_CTYPE": "C"}, {"LANG": "C"}]
FEW = [{"LC_ALL": "C"}, *(pytest.param(each, marks=pytest.mark.long) for each in LOCALES)]


@pytest.mark.parametrize("locale", FEW, ids=str)
def test_a_locale_without_unicode_gets_ascii(lab: Path, locale: dict[str, str]) -> None:
    terminal = shown((*TRAIN, "--epochs", "300"), lab, **locale)
    assert terminal.written.isascii()
    assert "epoch 300/300 ####" in "".join(terminal.screen.frames)


@pytest.mark.long
@pytest.mark.parametrize("command", [EVOLVE, *REPORTS, *WIDER], ids=" ".join)
def test_no_command_writes_more_than_ascii_in_such_a_locale(more: Path, command: tuple[str, ...]) -> None:
    terminal = shown(command, more, LC_ALL="C")
    assert terminal.written.isascii()
    assert not terminal.screen.overlong
    if command[0] != "predict":
        assert piped(command, more, LC_ALL="C").isascii()


def test_an_ellipsis_and_a_name_are_ascii_where_the_locale_is(tmp_path: Path) -> None:
    folder = linked(tmp_path / "here")
    (folder / "é.csv").write_text("a,b\n1,中" + "x" * 60 + "\n2,3\n", encoding="utf-8")
    command = ("train", "models/xor.model", "é.csv", "--target", "a", "--loss", "é" * 50)
    written = shown(command, folder, code=2, LC_ALL="C").written
    assert written.isascii()
    assert b"\\u2026" not in written


@pytest.mark.long
def test_bytes_of_results_are_the_same_in_any_locale(more: Path) -> None:
    results = {
        piped(("predict", "many.kerash", "many.csv", "--append"), more, LC_ALL=locale) for locale in ("C", "C.UTF-8")
    }
    assert len(results) == 1
    assert "中" in results.pop()


SPECIES = "species of this flower"
LONG_ERROR = ("train", "models/iris.model", "rates.csv", "--target", SPECIES, "--epochs", "5", "--seed", "3")
SHELLS = [
    ("bash", 80),
    *(pytest.param(shell, n, marks=pytest.mark.long) for shell in ("bash", "zsh") for n in (40, 120)),
]


@pytest.mark.parametrize(("shell", "columns"), SHELLS)
def test_an_error_fits_and_its_command_can_be_pasted_from_the_screen(tmp_path: Path, shell: str, columns: int) -> None:
    folder = linked(tmp_path / "here")
    rows = "".join(f"{f'about {n}' if n % 7 == 0 else n},{n * 3},{n % 3}\n" for n in range(10, 40))
    (folder / "rates.csv").write_text(f"rate of this,b,{SPECIES}\n{rows}")
    terminal = shown(LONG_ERROR, folder, columns, code=2)
    plain = piped(LONG_ERROR, folder, code=2)
    assert plain.count("\n") == 1
    prose, _, expected = plain.strip().rpartition("; try ")
    lines = terminal.screen.copied.splitlines()
    begins = next(place for place, line in enumerate(lines) if line.endswith("; try")) + 1
    assert " ".join(lines[:begins]).removesuffix("; try") == prose
    show = 'sed() { cat; printf "%s\\n" sed "$@"; }; kerash() { printf "%s\\n" kerash "$@"; cat; }; '

    def pasted(text: str) -> bytes:
        return subprocess.run([shell, "-c", show + text], cwd=folder, capture_output=True, check=True).stdout

    assert pasted("\n".join(lines[begins:])) == pasted(expected)
    assert pasted(expected).count(b"\n") > 10


@pytest.mark.long
def test_a_command_with_names_in_other_letters_can_be_pasted_in_ascii(tmp_path: Path) -> None:
    folder = linked(tmp_path / "here")
    (folder / "données.csv").write_text("a,é\n1%,2\n3%,4\n", encoding="utf-8")
    (folder / "m.model").write_text("? 1 1\ninput\ndense ? -\n")
    command = ("train", "m.model", "données.csv", "--target", "é")
    terminal = shown(command, folder, 200, code=2, LC_ALL="C")
    assert terminal.written.isascii()
    advice = terminal.screen.text.partition("; try")[2].strip()
    define = f'kerash() {{ {shlex.quote(sys.executable)} -m kerash_cli "$@" -o new.kerash; }}; '
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(["bash", "-c", define + advice], cwd=folder, env=environment, check=True, capture_output=True)
    assert (folder / "new.kerash").exists()
