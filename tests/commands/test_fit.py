"""The command fit: the figures of 2019, the same result always, and a fit that is ended."""

import json
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import genomes
import numpy as np
import program
import pytest
from conftest import Kerash
from genomes import GOLDEN, IRIS, XOR, digest, folder, forward, golden, read_tensor, weights
from processes import Process, ended, under_way
from program import PROCESS

mount, made, genome, inherited = genomes.mount, genomes.made, genomes.genome, genomes.inherited

MARGIN = 0.45


def line_of(epoch: int) -> str:
    """The line of 2019 for the batch that starts with the golden weights after that many epochs."""
    wrong = np.abs(np.array(GOLDEN["y_train"]) - forward(golden(epoch), np.array(GOLDEN["x_train"])))
    cost, accuracy = (wrong**2).sum() / 4, (wrong <= MARGIN).all(axis=1).mean()
    return f"Epoch: {epoch:4d} Batch:    0 cost: {cost:.6f} accuracy: {100 * accuracy:.1f}%"


@pytest.mark.parametrize("epochs", [1, 5, 25])
def test_fit_reaches_the_weights_that_the_original_reached(kerash: Kerash, inherited: Path, epochs: int) -> None:
    done = kerash("fit", str(epochs), "old", "4", "1", "10", str(MARGIN))
    assert done.code == 0, done.err
    for got, expected in zip(weights(inherited), golden(epochs), strict=True):
        assert np.abs(got - expected).max() < 1e-8


def test_fit_prints_the_lines_of_2019_and_changes_weights_and_result_alone(kerash: Kerash, inherited: Path) -> None:
    (inherited / "notes").write_text("rate 10 is best", encoding="ascii")
    done = kerash("fit", "26", "old", "4", "1", "10", str(MARGIN))
    lines = done.out.splitlines()
    assert len(lines) == 26
    told = {epoch: line_of(epoch) for epoch in (0, 1, 5, 25)}
    assert {epoch: lines[epoch] for epoch in told} == told
    assert len({line.partition("cost")[2] for line in told.values()}) == 4
    assert done.err == ""
    cost = float((inherited / "result").read_text(encoding="ascii"))
    assert f"cost: {cost:.6f} " in lines[25], "the last cost is the result"
    assert (read_tensor(inherited / "topology/layer_1/bias_weights.dat") == 0.25).all(), "biases that do not count stay"
    assert (inherited / "notes").read_text(encoding="ascii") == "rate 10 is best", "files of others stay"


def test_a_genome_of_2019_that_fits_two_models_needs_to_be_told_which(kerash: Kerash, inherited: Path) -> None:
    kerash("store-model", "twin", *XOR)
    before = digest(inherited)
    done = kerash("fit", "1", "old", "4", "1", "10", "0.1")
    assert done.code == 2
    assert done.error.endswith("got 2: 'my_model', 'twin'; try --model NAME")
    assert digest(inherited) == before
    assert kerash("fit", "1", "old", "4", "1", "10", "0.1", "--model", "twin").code == 0


# fit: the same result, always


@pytest.fixture
def fitted(kerash: Kerash, genome: Path, mount: Path) -> Callable[..., dict[str, str]]:
    """Fits a new copy of `genome` in batches of one, and gives what is in it then."""
    names = iter("abcdefghij")

    def fit(*options: str, processes: str = "1") -> dict[str, str]:
        name = next(names)
        shutil.copytree(genome, folder(mount, name))
        assert kerash("fit", "7", name, "1", processes, "0.5", "0.1", *options).code == 0
        return digest(folder(mount, name))

    return fit


def test_processes_never_change_a_byte(fitted: Callable[..., dict[str, str]]) -> None:
    one, two, eight = (fitted(processes=number) for number in ("1", "2", "8"))
    assert one == two == eight


def test_the_same_seed_gives_the_same_fit_and_another_seed_another(fitted: Callable[..., dict[str, str]]) -> None:
    first, again, other = fitted("--seed", "0"), fitted(), fitted("--seed", "1")
    assert first == again
    assert first["topology/layer_1/weights.dat"] != other["topology/layer_1/weights.dat"]


def test_json_lines_say_what_the_lines_of_2019_say(kerash: Kerash, genome: Path, mount: Path) -> None:
    shutil.copytree(genome, folder(mount, "twin"))
    lines = kerash("fit", "3", "default", "3", "1", "10", "0.4").out.splitlines()
    batches = [
        json.loads(line) for line in kerash("fit", "3", "twin", "3", "1", "10", "0.4", "--json").out.splitlines()
    ]
    assert len(batches) == 6
    for line, batch in zip(lines, batches, strict=True):
        epoch, number, cost, accuracy = re.findall(r"[0-9.]+", line)
        assert (int(epoch), int(number)) == (batch["epoch"], batch["number"])
        assert cost == f"{batch['cost']:.6f}"
        assert accuracy == f"{100 * batch['accuracy']:.1f}"


NOT_FITTED = {
    "no such genome": (("1", "nothing", "4", "1", "1", "0.1"), "no genome called 'nothing'; try kerash list"),
    "no such model": (
        ("1", "default", "4", "1", "1", "0.1", "--model", "nothing"),
        "no stored model called 'nothing'; try kerash list",
    ),
    "samples of another size": (
        ("1", "default", "4", "1", "1", "0.1", "--model", "iris"),
        "expected samples of 2 numbers in and 1 out, as the genome has, got 4 and 3; try --model",
    ),
    "no epochs": (("0", "default", "4", "1", "1", "0.1"), "EPOCHS"),
    "epochs beyond measure": (("1" + "0" * 18, "default", "4", "1", "1", "0.1"), "EPOCHS"),
    "an empty batch": (("1", "default", "0", "1", "1", "0.1"), "BATCH_SIZE"),
    "no processes": (("1", "default", "4", "0", "1", "0.1"), "PROCESSES"),
    "no learning": (("1", "default", "4", "1", "0", "0.1"), "LEARNING_RATE"),
    "unlearning": (("1", "default", "4", "1", "nan", "0.1"), "LEARNING_RATE"),
    "a margin below 0": (("1", "default", "4", "1", "1", "-0.1"), "-0"),
    "a margin that is no number": (("1", "default", "4", "1", "1", "nan"), "ERROR_MARGIN"),
    "too few words": (("1", "default", "4", "1", "1"), "Missing argument 'ERROR_MARGIN'"),
    "genome first": (("default", "1", "4", "1", "1", "0.1"), "EPOCHS"),
}


@pytest.mark.parametrize("name", NOT_FITTED)
def test_what_cannot_be_fitted_is_one_line_and_changes_nothing(
    kerash: Kerash, genome: Path, mount: Path, name: str
) -> None:
    words, expected = NOT_FITTED[name]
    if "iris" in words:
        kerash("store-model", "iris", *IRIS)
    before = digest(mount)
    done = kerash("fit", *words)
    assert expected in done.error
    assert (done.code, done.out) == (2, "")
    assert digest(mount) == before


# A fit that is ended


@pytest.fixture
def fitting(genome: Path, tmp_path: Path, environment: dict[str, str]) -> Iterator[Process]:
    """A fit of the genome that would go on for hours, and that has written three lines."""
    with under_way(("fit", "1000000000", "default", "4", "1", "1", "0.1"), tmp_path, environment) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline().startswith(b"Epoch: ")
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_was_done_and_ends_in_its_code(
    kerash: Kerash, genome: Path, fitting: Process, number: signal.Signals
) -> None:
    before = digest(genome)
    fitting.send_signal(number)
    code, _, err = ended(fitting)
    assert code == 128 + number
    assert re.fullmatch(r"interrupted in epoch [0-9]+; default keeps the weights that it has now\n", err)
    cost = float((genome / "result").read_text(encoding="ascii"))
    assert 0 < cost < 1
    assert digest(genome)["topology/layer_1/weights.dat"] != before["topology/layer_1/weights.dat"]
    assert kerash("predict", "default", "data/xor.data").code == 0


def test_after_an_interrupt_every_line_that_was_written_has_been_a_step(
    kerash: Kerash, genome: Path, mount: Path, fitting: Process
) -> None:
    shutil.copytree(genome, folder(mount, "twin"))
    fitting.send_signal(signal.SIGINT)
    steps = 3 + len(ended(fitting)[1].splitlines())
    assert kerash("fit", str(steps), "twin", "4", "1", "1", "0.1").code == 0
    assert digest(folder(mount, "twin")) == digest(genome)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_ends_a_fit_and_leaves_the_genome_as_it_was(
    genome: Path, mount: Path, tmp_path: Path, unbuffered: str
) -> None:
    before = digest(mount)
    script = f"{' '.join(PROCESS)} fit 1000000000 default 4 1 1 0.1 | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = program.shell(script, tmp_path, PYTHONUNBUFFERED=unbuffered)
    line, code = done.out.splitlines()
    assert line.startswith("Epoch:    0 Batch:    0 cost: ")
    assert (code, done.err) == ("141", "")
    assert digest(mount) == before


def test_a_full_output_is_one_line_and_leaves_the_genome_as_it_was(genome: Path, mount: Path, tmp_path: Path) -> None:
    before = digest(mount)
    done = program.shell(f"{' '.join(PROCESS)} fit 3 default 4 1 1 0.1 >/dev/full", tmp_path)
    assert (done.code, done.err) == (3, "Error: standard output: No space left on device\n")
    assert digest(mount) == before


def line_model(kerash: Kerash, tmp_path: Path, mount: Path) -> Path:
    """A genome `line` without anything that bounds its outputs."""
    (tmp_path / "x").write_text("".join(f"{i},{i + 1}\n" for i in range(10)), encoding="ascii")
    (tmp_path / "y").write_text("".join(f"{3 * i}\n" for i in range(10)), encoding="ascii")
    (tmp_path / "m").write_text("2 1 1\ninput -\ndense 4 -\ndense 1 -\n", encoding="ascii")
    assert kerash("store-model", "line", "m", "x", "y").code == 0
    assert kerash("create-genome", "line", "line").code == 0
    return folder(mount, "line")


def test_divergence_is_one_line_and_the_genome_has_the_last_finite_weights(
    kerash: Kerash, tmp_path: Path, mount: Path
) -> None:
    genome = line_model(kerash, tmp_path, mount)
    before = digest(genome)
    done = kerash("fit", "100", "line", "8", "1", "1", "0.1")
    assert done.code == 4
    assert "training diverged: expected a finite loss, got" in done.error
    epoch = int(re.findall(r"line has the weights after epoch ([0-9]+)$", done.error)[0])
    assert 0 < epoch < 100
    assert all(np.isfinite(each).all() for each in weights(genome))
    assert digest(genome)["topology/layer_1/weights.dat"] != before["topology/layer_1/weights.dat"]
    assert "nan" not in done.out
    assert "inf" not in done.out


def test_a_divergence_in_the_first_epoch_leaves_the_genome_as_it_was(
    kerash: Kerash, tmp_path: Path, mount: Path
) -> None:
    line_model(kerash, tmp_path, mount)
    before = digest(mount)
    done = kerash("fit", "100", "line", "1", "1", "1000000", "0.1")
    assert done.code == 4
    assert "in epoch 0, batch " in done.error
    assert digest(mount) == before


BLOCKED = [
    ("fit", "1", "default", "4", "1", "1", "0.1"),
    ("remove", "default"),
    ("remove", "xor", "--force"),
    ("create-genome", "default", "xor", "--force"),
    ("store-model", "xor", *XOR, "--force"),
]


def test_what_a_fit_uses_is_refused_to_others_and_stays_as_it_is(kerash: Kerash, mount: Path, fitting: Process) -> None:
    before = digest(mount)
    for words in BLOCKED:
        done = kerash(*words)
        assert (done.code, done.out) == (2, ""), words
        assert "is used by another process" in done.error, words
        assert digest(mount) == before, words


def test_what_a_fit_uses_can_be_read_and_another_genome_of_its_model_be_fitted(
    kerash: Kerash, fitting: Process
) -> None:
    for words in (
        ("predict", "default", "data/xor.data"),
        ("list",),
        ("export", "default"),
        ("create-genome", "other", "xor", "--seed", "1"),
        ("fit", "1", "other", "4", "1", "1", "0.1"),
    ):
        assert kerash(*words).code == 0, words
