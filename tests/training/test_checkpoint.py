import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Kerash
from pools import silent

from kerash_cli.engine import optimizers
from kerash_cli.engine.schedules import Schedule
from kerash_cli.errors import BadInput, Damaged
from kerash_cli.model import archive
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.stage import stage
from kerash_cli.system import files
from kerash_cli.tables import reading
from kerash_cli.training import experiment
from kerash_cli.training.checkpoint import Checkpoint
from kerash_cli.training.log import RunLog
from kerash_cli.training.loop import train
from kerash_cli.training.run import Epoch
from kerash_cli.training.settings import TrainingSettings

IDENTITY = {"model": "m", "settings": {"seed": 0, "drop": ("a", "b")}}


def settings(optimizer: str, epochs: int = 12) -> TrainingSettings:
    own = optimizers.OptimizerSettings(
        momentum=0.9 if optimizer == "sgd" else 0.0, schedule=Schedule.parse("warmup:2+cosine"), weight_decay=0.01
    )
    return TrainingSettings(optimizer=optimizer, optimizer_settings=own, epochs=epochs, patience=epochs)


DENSE = "4 1 1\ninput\ndropout 0.2\ndense 8 tanh\ndense ? softmax\n"
IMAGES = "2 2 1\ninput\nconvolution - 4 1 1 2 2\nbatch_normalization tanh\ndropout 0.2\ndense ? softmax\n"


def prepared(optimizer: str, model: str = DENSE) -> experiment.PreparedTraining:
    description = ModelDescription.parse(model)
    table = reading.read(str(ROOT / "data" / "iris.csv"))
    return experiment.prepare(description, table, None, ["species"], settings(optimizer))


# A run that goes on


@pytest.mark.parametrize("optimizer", list(optimizers.OPTIMIZERS))
@pytest.mark.parametrize(("stop", "model"), [(1, DENSE), (5, DENSE), (12, DENSE), (5, IMAGES)])
def test_a_run_that_goes_on_ends_as_one_that_was_never_interrupted(
    tmp_path: Path, optimizer: str, stop: int, model: str
) -> None:
    with stage(10**7, str(tmp_path), silent) as folder:
        whole = experiment.start(prepared(optimizer, model), folder)
        epochs = list(train(whole.run, whole.source, whole.validate))
    checkpoint = Checkpoint(str(tmp_path / "c"), IDENTITY)
    with stage(10**7, str(tmp_path), silent) as folder:
        cut = experiment.start(prepared(optimizer, model), folder)
        for epoch in train(cut.run, cut.source, cut.validate):
            checkpoint.epoch(cut.run)
            if epoch.number == stop:
                break
        checkpoint.write()
    with stage(10**7, str(tmp_path), silent) as folder:
        resume = Checkpoint(str(tmp_path / "c"), IDENTITY).resume
        again = experiment.start(prepared(optimizer, model), folder, None, resume)
        rest = list(train(again.run, again.source, again.validate))
    assert [epoch.number for epoch in rest] == list(range(stop + 1, 13))
    assert [epoch[:5] for epoch in again.run.history] == [epoch[:5] for epoch in epochs]
    assert np.array_equal(again.run.params, whole.run.params)
    assert np.array_equal(again.run.order, whole.run.order)
    assert (again.run.best_epoch, again.run.best_loss) == (whole.run.best_epoch, whole.run.best_loss)


# The file


@contextmanager
def after_an_epoch(path: Path) -> Iterator[tuple[experiment.Experiment, Checkpoint]]:
    """A run that has trained for an epoch, and its checkpoint, which is not written yet."""
    with stage(10**7, str(path.parent), silent) as folder:
        begun = experiment.start(prepared("adam"), folder)
        next(train(begun.run, begun.source, begun.validate))
        checkpoint = Checkpoint(str(path), IDENTITY)
        checkpoint.epoch(begun.run)
        yield begun, checkpoint


@pytest.fixture
def written(tmp_path: Path) -> Path:
    with after_an_epoch(tmp_path / "c") as (_, checkpoint):
        checkpoint.write()
    return tmp_path / "c"


def resume(path: Path, identity: dict[str, object], optimizer: str = "adam") -> None:
    with stage(10**7, str(path.parent), silent) as folder:
        experiment.start(prepared(optimizer), folder, None, Checkpoint(str(path), identity).resume)


def test_nothing_is_written_before_there_is_an_epoch(tmp_path: Path) -> None:
    Checkpoint(str(tmp_path / "c"), IDENTITY).write()
    assert not list(tmp_path.iterdir())


def test_what_is_written_is_the_latest_epoch_even_while_the_next_one_is_under_way_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with after_an_epoch(tmp_path / "c") as (begun, checkpoint):
        expected = begun.run.params.copy()
        begun.source.step(0, 32)
        checkpoint.write()
        monkeypatch.setattr(files, "replacing", lambda path: pytest.fail("it was written again"))
        checkpoint.write()
    assert np.array_equal(archive.load(tmp_path / "c").tensors["params"], expected)


@pytest.mark.parametrize(
    ("identity", "named"),
    [
        ({**IDENTITY, "model": "n"}, "with another model"),
        ({**IDENTITY, "settings": {"seed": 1, "drop": ["a", "b"]}}, "with another seed"),
        ({"model": "m"}, "with other settings"),
        ({**IDENTITY, "data": "0"}, "from other data"),
    ],
)
def test_the_checkpoint_of_another_run_is_refused(written: Path, identity: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput, match=f"^{written} was made {named}; try another --checkpoint, or --force "):
        resume(written, identity)


def test_a_tuple_and_a_list_are_the_same_identity(written: Path) -> None:
    resume(written, {"model": "m", "settings": {"seed": 0, "drop": ["a", "b"]}})


def test_a_missing_checkpoint_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        resume(tmp_path / "c", IDENTITY)


def test_a_run_of_other_vectors_is_no_run_of_this_checkpoint(written: Path) -> None:
    with pytest.raises(Damaged, match="other tensors than this run has"):
        resume(written, IDENTITY, "rmsprop")


@pytest.mark.parametrize("place", [0, 9, 200, -1])
def test_a_damaged_checkpoint_is_told(written: Path, place: int) -> None:
    content = bytearray(written.read_bytes())
    content[place] ^= 1
    written.write_bytes(content)
    with pytest.raises(Damaged, match=f"^{written}: "):
        resume(written, IDENTITY)


@pytest.mark.parametrize(
    "change",
    [
        *({"epoch": 0}, {"epoch": 13}, {"epoch": 1.0}, {"best_epoch": 2}, {"steps": -1}, {"best_loss": "x"}),
        *({"validated": 1}, {"seconds": None}, {"checkpoint": 3}, {"checkpoint": 1.0}, {"figure": 1}, {"identity": []}),
    ],
    ids=str,
)
def test_a_checkpoint_that_says_what_can_not_be_is_damaged(written: Path, change: dict[str, object]) -> None:
    record, tensors = archive.load(written)
    with files.replacing(written) as output:
        archive.save(output, tensors, {**record, **change})
    with pytest.raises(Damaged, match=f"^{written}: expected a checkpoint, but the file can't be read as one: "):
        resume(written, IDENTITY)


# The log beside it


def epoch(number: int) -> Epoch:
    return Epoch(number, 0.5, None, 0.1, True, 1.0)


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["epoch"] for line in path.read_text(encoding="ascii").splitlines()]


def test_a_log_that_holds_writes_only_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent, hold=True) as log:
        for number in (1, 2):
            log.epoch(epoch(number))
        log.write()
        log.epoch(epoch(3))
    assert numbers(path) == [1, 2]


@pytest.mark.parametrize(
    ("there", "expected"), [([], [1, 2, 3]), ([1], [1, 2, 3]), ([1, 2, 3], [1, 2, 3]), ([1, 2, 3, 4], [1, 2, 3, 4])]
)
def test_a_log_is_brought_up_to_where_its_run_stands(tmp_path: Path, there: list[int], expected: list[int]) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent) as log:
        for number in there:
            log.epoch(epoch(number))
    with RunLog(str(path), silent) as log:
        log.resume([epoch(number) for number in (1, 2, 3)])
    assert numbers(path) == expected


def test_a_line_that_was_torn_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent) as log:
        log.epoch(epoch(1))
        log.epoch(epoch(2))
    path.write_bytes(path.read_bytes()[:-9])
    with RunLog(str(path), silent) as log:
        log.resume([epoch(1), epoch(2)])
    assert numbers(path) == [1, 2]


# The command

MODEL = "64 1 1\ninput\ndropout 0.1\ndense 300 relu\ndense 10 softmax\n"
WORDS = ["train", "m.model", "data/digits.csv", "--target", "digit", "--epochs", "40", "-q"]


@pytest.fixture
def begin(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> Callable[..., "subprocess.Popen[bytes]"]:
    (tmp_path / "m.model").write_text(MODEL, encoding="ascii")

    def started(*options: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "kerash_cli", *WORDS, *options], cwd=tmp_path, env=environment)

    return started


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 100))])
def test_a_run_killed_again_and_again_ends_in_the_same_bytes(
    kerash: Kerash, begin: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    done = kerash(*WORDS, "-o", "whole.kerash")
    assert (done.code, done.err.count("\n")) == (0, 1)
    ours = ["-o", "cut.kerash", "--checkpoint", "c", "--log", "log"]
    for _ in range(rng.randint(1, 3)):
        resumed = ["--resume"] if (tmp_path / "c").exists() else []
        process = begin(*ours, *resumed)
        try:
            process.wait(rng.uniform(0.3, 2.5))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    resumed = ["--resume"] if (tmp_path / "c").exists() else []
    if not resumed:
        (tmp_path / "log").unlink(missing_ok=True)
    assert kerash(*WORDS, *ours, *resumed).code == 0
    assert (tmp_path / "cut.kerash").read_bytes() == (tmp_path / "whole.kerash").read_bytes()
    assert numbers(tmp_path / "log") == list(range(1, 41))


def test_usr1_writes_a_checkpoint_now(begin: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path) -> None:
    process = begin("--epochs", "100000", "--patience", "100000", "--checkpoint", "c", "--log", "log")
    while not (tmp_path / "c").exists():
        assert process.poll() is None
    (tmp_path / "c").unlink()
    process.send_signal(signal.SIGUSR1)
    while not (tmp_path / "c").exists():
        assert process.poll() is None
    process.kill()
    process.wait()
    assert (tmp_path / "log").exists()
    assert archive.load(tmp_path / "c").record["epoch"] > 0


def test_ctrl_c_keeps_a_checkpoint_to_go_on_from(
    kerash: Kerash, begin: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    process = begin("--checkpoint", "c", "-o", "cut.kerash")
    while not (tmp_path / "c").exists() and process.poll() is None:
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait() in (0, 130, -signal.SIGINT)  # the last if training was over already
    assert kerash(*WORDS, "--checkpoint", "c", "--resume", "-o", "cut.kerash").code == 0
    assert kerash(*WORDS, "-o", "whole.kerash").code == 0
    assert (tmp_path / "cut.kerash").read_bytes() == (tmp_path / "whole.kerash").read_bytes()


def test_resume_needs_a_checkpoint(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text(MODEL, encoding="ascii")
    done = kerash(*WORDS, "--resume")
    assert (done.code, done.error) == (2, "--resume needs --checkpoint FILE; try --checkpoint m.ckpt")


def test_a_file_that_is_no_checkpoint_is_never_overwritten(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text(MODEL, encoding="ascii")
    (tmp_path / "notes").write_text("precious", encoding="ascii")
    done = kerash(*WORDS, "--checkpoint", "notes")
    assert done.code == 2
    assert (tmp_path / "notes").read_text(encoding="ascii") == "precious"


def test_with_other_settings_a_checkpoint_is_refused(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text(MODEL, encoding="ascii")
    assert kerash(*WORDS, "--epochs", "2", "--checkpoint", "c").code == 0
    done = kerash(*WORDS, "--epochs", "2", "--seed", "1", "--checkpoint", "c", "--resume")
    assert done.code == 2
    assert "c was made with another seed; try another --checkpoint" in done.error
    assert kerash(*WORDS, "--epochs", "2", "--seed", "1", "--checkpoint", "c", "--force").code == 0


def test_a_checkpoint_of_data_that_has_changed_names_its_file(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    (tmp_path / "d.csv").write_text("x,y\n1,2\n2,3\n3,4\n", encoding="ascii")
    words = ("train", "m.model", "d.csv", "--target", "y", "--epochs", "2", "-q", "--checkpoint", "c.ck")
    assert kerash(*words).code == 0
    (tmp_path / "d.csv").write_text("x,y\n1,2\n2,3\n3,5\n", encoding="ascii")
    done = kerash(*words, "--resume")
    assert done.code == 2
    assert done.error.startswith("c.ck was made from other data (d.csv has changed, ")
    assert kerash(*words, "--force").code == 0
