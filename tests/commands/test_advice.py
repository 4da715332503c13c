"""What a message says to try is tried: each command is pasted into a shell."""

from pathlib import Path

import advice
import pytest
from conftest import Kerash

IRIS = ("--target", "species", "--epochs", "3")


@pytest.fixture
def folder(tmp_path: Path, kerash: Kerash) -> Path:
    """With copies of a table and of its model."""
    for name in ("data/iris.csv", "models/iris.model"):
        (tmp_path / Path(name).name).write_bytes((tmp_path / name).read_bytes())
    return tmp_path


def test_a_table_alone_is_trained_by_the_command_to_paste(
    kerash: Kerash, folder: Path, environment: dict[str, str]
) -> None:
    (folder / "iris.kerash").write_text("of somebody else", encoding="ascii")
    done = kerash("train", "iris.csv", "--target", "species")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("iris.csv is a table, not a model")
    assert "kerash train MODEL DATA --target COLUMN" in done.error
    again = advice.run(f"{advice.command(done.error)} --epochs 3", folder, environment)
    assert again.code == 0
    assert kerash("evaluate", "iris2.kerash", "iris.csv").code == 0


def test_a_table_without_a_target_has_a_place_for_it(kerash: Kerash, folder: Path, environment: dict[str, str]) -> None:
    line = advice.command(kerash("train", "iris.csv").error).replace("COLUMN", "species")
    assert advice.run(f"{line} --epochs 3", folder, environment).code == 0


@pytest.mark.parametrize("words", [("iris.model",), ("nothing",), ("nothing.csv", "--target", "x")])
def test_a_model_alone_lacks_data(kerash: Kerash, folder: Path, words: tuple[str, ...]) -> None:
    done = kerash("train", *words)
    assert done.code == 2
    assert "Missing argument 'DATA'" in done.error


@pytest.mark.parametrize("head", ["a\tb\n1\t2\n", "1 2 3\n4 5 6\n", "a,b,c\n", "5.1,3.5\n", "4 4 1\n1\n2\n"])
def test_whatever_is_no_description_is_taken_for_a_table(kerash: Kerash, tmp_path: Path, head: str) -> None:
    (tmp_path / "t.txt").write_text(head, encoding="ascii")
    assert kerash("train", "t.txt", "--target", "a").error.startswith("t.txt is a table, not a model")


def test_the_help_shows_that_data_is_needed(kerash: Kerash) -> None:
    assert "MODEL DATA [LABEL]" in kerash("train", "--help").out


@pytest.mark.parametrize(
    "words",
    [
        ("train", "iris.csv", "iris.model", *IRIS),
        ("train", *IRIS, "-q", "iris.csv", "iris.model"),
        ("store-model", "mine", "iris.csv", "iris.model", "--target", "species"),
    ],
)
def test_files_in_the_wrong_order_are_swapped_by_the_command_to_paste(
    kerash: Kerash, folder: Path, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    (folder / "kerash_mountpoint").mkdir(mode=0o700)
    done = kerash(*words)
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("iris.csv is a table, not a model, and iris.model is one")
    assert advice.run(advice.command(done.error), folder, environment).code == 0


@pytest.mark.parametrize("words", [("train", "iris.modell", "iris.csv", *IRIS), ("show", "./iris.modell")])
def test_a_description_that_is_not_there_is_told_with_a_way_to_see_one(
    kerash: Kerash, folder: Path, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    done = kerash(*words)
    assert done.code == 2
    assert "iris.modell: no such file; it describes the network" in done.error
    line = advice.command(done.error).partition(", which")[0]
    assert "dense" in advice.run(line, folder, environment).out


def test_a_table_that_is_not_there_is_told_with_a_name_that_is_like_it(kerash: Kerash, folder: Path) -> None:
    done = kerash("train", "iris.model", "irsi.csv", *IRIS)
    assert (done.code, done.error) == (2, "irsi.csv: no such file; did you mean 'iris.csv'?")
    far = kerash("train", "iris.model", "nowhere/x", *IRIS)
    assert far.error.startswith("nowhere/x: no such file; ")


def test_a_folder_is_no_table(kerash: Kerash, folder: Path) -> None:
    assert kerash("train", "iris.model", "data", *IRIS).error.startswith("data: is a folder")


def test_a_batch_that_is_too_small_to_share_is_told_with_one_that_is_not(kerash: Kerash, folder: Path) -> None:
    table = folder / "wide.csv"
    rows = (",".join(str(row * column % 7) for column in range(64)) for row in range(1, 3001))
    table.write_text("".join(f"{row}\n" for row in rows), encoding="ascii")
    (folder / "wide.model").write_text("? 1 1\ninput\ndense 64 tanh\ndense ? -\n", encoding="ascii")
    words = ("train", "wide.model", "wide.csv", "--target", "64", "--epochs", "1", "--workers", "2")
    told = kerash(*words, "--batch-size", "2").err
    assert "using 1 worker: batches of 2 are too small to share" in told
    size = told.partition("(try ")[2].partition(")")[0].split()
    assert "\n2 workers\n" in kerash(*words, *size).err


def test_no_batch_size_is_told_where_none_is_large_enough(kerash: Kerash, folder: Path) -> None:
    (folder / "few.csv").write_text("x,y\n" + "1,2\n" * 20, encoding="ascii")
    (folder / "few.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    told = kerash("train", "few.model", "few.csv", "--target", "y", "--epochs", "1", "--workers", "2").err
    assert "too small to share" in told
    assert "--batch-size" not in told


def test_a_genome_that_has_the_name_of_a_model_goes_first(kerash: Kerash, folder: Path) -> None:
    (folder / "kerash_mountpoint").mkdir(mode=0o700)
    assert kerash("store-model", "m", "iris.model", "iris.csv", "--target", "species").code == 0
    assert kerash("create-genome", "m", "m").code == 0
    done = kerash("remove", "--model", "m")
    assert done.error == "model m is still used by genome m: remove the genome first, with --genome, or use --force"
    assert kerash("remove", "--genome", "m").code == kerash("remove", "--model", "m").code == 0
