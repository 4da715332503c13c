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


def test_a_model_alone_lacks_data(kerash: Kerash, folder: Path) -> None:
    done = kerash("train", "iris.model")
    assert done.code == 2
    assert "Missing argument 'DATA'" in done.error


@pytest.mark.parametrize("words", [("nothing",), ("nothing.csv", "--target", "x")])
def test_a_table_that_is_not_there_is_told(kerash: Kerash, words: tuple[str, ...]) -> None:
    done = kerash("train", *words)
    assert (done.code, done.error.startswith(f"{words[0]}: no such file")) == (2, True)


@pytest.mark.parametrize("name", ["iris.csv", "iris data.csv"])
def test_the_chosen_network_is_written_by_the_command_to_paste(
    kerash: Kerash, folder: Path, environment: dict[str, str], name: str
) -> None:
    (folder / "iris.csv").rename(folder / name)
    (folder / f"{name[:-4]}.model").write_text("of somebody else", encoding="ascii")
    done = kerash("train", name, *IRIS)
    (line,) = (line for line in done.err.splitlines() if line.startswith("network: "))
    assert advice.run(line.rpartition(" to edit, try ")[2], folder, environment).code == 0
    assert (folder / f"{name[:-4]}.model").read_text(encoding="ascii") == "of somebody else"
    model = f"{name[:-4]}2.model"
    assert kerash("train", model, name, *IRIS, "-o", "again.kerash").code == 0
    first, again = ((folder / f"{stem}.kerash").read_bytes() for stem in (name[:-4], "again"))
    assert first == again


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


@pytest.mark.parametrize("words", [(), ("-o", "other.kerash")])
def test_the_command_that_filters_the_table_names_the_saved_model(
    kerash: Kerash, folder: Path, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    """Without a description the name comes from the table, which is standard input after the filter."""
    with (folder / "iris.csv").open("a", encoding="ascii") as file:
        file.write("5,5,5,5,setosa,too much\n")
    done = kerash("train", "iris.csv", *IRIS, *words)
    assert done.code == 2
    line = advice.command(done.error)
    assert line.startswith("sed '152d' <iris.csv | kerash train - --target species")
    assert advice.run(line, folder, environment).code == 0
    assert (folder / (words[1] if words else "iris.kerash")).exists()


def test_the_command_that_deletes_several_rows_names_the_saved_model(
    kerash: Kerash, folder: Path, environment: dict[str, str]
) -> None:
    with (folder / "iris.csv").open("a", encoding="ascii") as file:
        file.write("x,5,5,5,setosa\n5,5,y,5,setosa\n")
    done = kerash("train", "iris.csv", *IRIS)
    assert (done.code, len(done.err.splitlines())) == (2, 2)
    assert advice.run(advice.command(done.err), folder, environment).code == 0
    assert (folder / "iris.kerash").exists()
