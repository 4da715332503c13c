"""Training on rows that are on a disk gives the bytes that it gives with rows in memory."""

import os
import re
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from click.testing import CliRunner

from kerash_cli.cli import program
from kerash_cli.errors import OutOfSpace
from kerash_cli.system import memory
from kerash_cli.tables import spool, table

ROWS = 600
MODELS = {
    "classes": "? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n",
    "yes": "? 1 1\ninput\ndense 4 tanh\ndense 1 sigmoid\n",
    "labels": "? 1 1\ninput\ndense 4 tanh\ndense ? sigmoid\n",
    "numbers": "? 1 1\ninput\ndense 4 tanh\ndense ? -\n",
}
WAYS = {
    "classes": "classes.model t.csv -t kind",
    "chosen": "t.csv -t kind",
    "numbers": "t.csv -t amount",
    "standard": "numbers.model t.csv -t amount --numbers standard",
    "quantiles": "numbers.model t.csv -t amount --numbers quantile,piecewise:4",
    "two": "numbers.model t.csv -t amount -t a",
    "yes": "yes.model t.csv -t flag",
    "labels": "labels.model t.csv -t flag -t other",
    "balance": "t.csv -t kind --balance --weights weight",
    "groups": "t.csv -t kind --validate-on groups:group --test 0.2",
    "last": "t.csv -t amount --validate-on last --test 0.1",
    "file": "t.csv -t kind --validate-on v.csv",
    "folds": "numbers.model t.csv -t amount --folds 3 --test 0.2",
    "folds of groups": "numbers.model t.csv -t amount --folds 3 --validate-on groups:group",
    "refit": "t.csv -t kind --refit",
    "dropped rows": "t.csv -t amount --missing drop",
    "dropped columns": "t.csv -t amount --drop name --drop colour --no-standardize --dtype float64",
    "categories": "t.csv -t kind --categories flag --missing-values NA,-999",
    "label file": "t.csv y.txt --keep a --keep colour",
    "workers": "numbers.model t.csv -t amount --workers 2 --batch-size 256",
    "notations": "n.csv -t price",
    "decimal commas": "n.csv -t price --decimal , --drop day",
    "array": "numbers.model x.npy y.npy --validation 0",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with gaps, words, names, dates and amounts, and models for them."""
    folder = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, ROWS)).round(3)
    names = "a,b,colour,name,group,flag,other,weight,kind,amount"
    rows = [
        (
            *("" if k % 7 == 3 else a[k], b[k], ["red", "blue", "", "green"][k % 4], f"n{k}", f"g{k * k % 23}"),
            *(
                int(b[k] > 0),
                k % 2,
                1 + k % 3,
                ["low", "high"][int(a[k] > 0)] if k % 50 else "",
                (a[k] + b[k]).round(3),
            ),
        )
        for k in range(ROWS)
    ]
    text = [names, *(",".join(map(str, row)) for row in rows)]
    (folder / "t.csv").write_text("\n".join([*text, ""]))
    (folder / "v.csv").write_text("\n".join([names, *(line for line in text[2:100] if ",," not in line[-20:]), ""]))
    (folder / "y.txt").write_text("".join(f"{kind or 'none'}\n" for *_, kind, _ in rows))
    days = [f"2023-{1 + k % 12:02}-{1 + k % 28:02};{k % 90},5;{3 * k + 5}" for k in range(ROWS)]
    (folder / "n.csv").write_text("\n".join(["day;size;price", *days, ""]))
    np.save(folder / "x.npy", np.asfortranarray(rng.normal(size=(ROWS, 3))))
    np.save(folder / "y.npy", rng.normal(size=ROWS))
    for name, model in MODELS.items():
        (folder / f"{name}.model").write_text(model)
    return folder


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows that are taken from a disk stay there, in small pieces."""
    monkeypatch.setattr(spool, "PIECE", 1000)
    monkeypatch.setattr(spool, "CHUNK", 50)
    monkeypatch.setattr(table, "FEW_CELLS", 0)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The folder for rows, which is empty afterwards."""
    (tmp_path / "disk").mkdir()
    yield tmp_path / "disk"
    assert [*(tmp_path / "disk").iterdir()] == []


def trained(folder: Path, disk: Path, words: str, name: str = "m.kerash") -> tuple[bytes, str]:
    """The saved model, and what was said but for times."""
    given = ["train", *words.split(), "--epochs", "2", "--mountpoint", str(disk), "-o", str(disk.parent / name)]
    with chdir(folder):
        done = CliRunner().invoke(program, given, standalone_mode=False)
    if done.exception:
        raise done.exception
    said = re.sub(r" [0-9.]+ s$", "", done.stderr.replace(" --no-stream", "").replace(" --stream", ""), flags=re.M)
    return (disk.parent / name).read_bytes(), said


@pytest.mark.parametrize("way", WAYS)
def test_the_saved_model_is_the_same(folder: Path, disk: Path, way: str) -> None:
    model, said = trained(folder, disk, f"{WAYS[way]} --no-stream", "one.kerash")
    streamed, again = trained(folder, disk, f"{WAYS[way]} --stream", "two.kerash")
    assert model == streamed
    assert said.replace("one.", "two.") == again


def with_little(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """So little memory is free, and only tables and samples take some."""
    monkeypatch.setattr(memory, "available", lambda: free)
    monkeypatch.setattr("kerash_cli.tables.joining._UNASKED", 0)
    monkeypatch.setattr("kerash_cli.training.preparing.training_bytes", lambda *_: 0)
    for name in ("ROW_BYTES", "TARGET_BYTES", "STEP_BYTES"):
        monkeypatch.setattr(f"kerash_cli.training.preparing.{name}", 0)


def test_a_table_that_memory_has_no_room_for_is_streamed(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For 600 rows of 6 numbers each, and samples of them in float32."""
    model, _ = trained(folder, disk, "t.csv -t kind")
    with_little(monkeypatch, 40_000)
    with pytest.raises(OutOfSpace) as refused:
        trained(folder, disk, "t.csv -t kind --no-stream", "other.kerash")
    need = r"t\.csv: needs [0-9.]+ kB of memory, but only 40 kB are free"
    assert re.fullmatch(need + "; try --stream, or fewer rows or columns", str(refused.value))
    assert not (disk.parent / "other.kerash").exists()
    streamed, said = trained(folder, disk, "t.csv -t kind", "other.kerash")
    assert re.match(need + rf": streamed by way of files in {disk}\n", said)
    assert streamed == model


def test_samples_that_memory_has_no_room_for_are_streamed(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "numbers.model t.csv -t amount --numbers piecewise:64"
    model, _ = trained(folder, disk, words)
    with_little(monkeypatch, 150_000)
    with pytest.raises(OutOfSpace, match=r"numbers\.model: needs .*; try --stream, or --numbers standard, fewer units"):
        trained(folder, disk, f"{words} --no-stream", "other.kerash")
    streamed, said = trained(folder, disk, words, "other.kerash")
    assert said.startswith("numbers.model: needs ")
    assert streamed == model


def test_a_network_that_memory_has_no_room_for_is_refused_at_once(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kerash_cli.training.preparing.training_bytes", lambda *_: 10**15)
    with pytest.raises(OutOfSpace, match=r"the chosen network: needs 1 PB .*; try fewer units"):
        trained(folder, disk, "t.csv -t kind")


def test_a_table_that_takes_more_memory_than_expected_is_streamed(
    folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = trained(folder, disk, "t.csv -t kind")

    def refused(self: object, numbers: object, source: str) -> None:
        raise MemoryError

    monkeypatch.setattr("kerash_cli.tables.joining._InMemory.append", refused)
    with pytest.raises(MemoryError):
        trained(folder, disk, "t.csv -t kind --no-stream", "other.kerash")
    streamed, said = trained(folder, disk, "t.csv -t kind", "other.kerash")
    assert said.startswith(f"t.csv takes more memory than expected: streamed by way of files in {disk}\n")
    assert streamed == model


def test_a_pipe_is_streamed_only_if_that_was_said(folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be read again once it was too large."""
    model, _ = trained(folder, disk, "numbers.model t.csv -t amount --workers 1")
    fifo = disk.parent / "fifo"
    os.mkfifo(fifo)
    words = f"numbers.model {fifo} -t amount --workers 1"
    with fed(fifo, folder / "t.csv"):
        streamed, _ = trained(folder, disk, f"{words} --stream", "other.kerash")
    assert streamed == model
    with_little(monkeypatch, 40_000)
    with fed(fifo, folder / "t.csv"), pytest.raises(OutOfSpace, match=r"fifo: needs .*; try --stream, or"):
        trained(folder, disk, words, "other.kerash")


@contextmanager
def fed(fifo: Path, file: Path) -> Iterator[None]:
    """Writes a file into a pipe meanwhile, as far as it is read."""

    def feed() -> None:
        with suppress(BrokenPipeError):
            fifo.write_bytes(file.read_bytes())

    writer = Thread(target=feed)
    writer.start()
    yield
    writer.join()
