"""The command line of a saved model trains it again; the words are compared with those that were typed."""

import json
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from conftest import ROOT, Kerash

from kerash_cli.commands import train
from kerash_cli.errors import BadInput
from kerash_cli.model import command
from kerash_cli.model.trained import TrainedModel

TABLE = "id;plot;kind;a;b;weight;yes\n" + "".join(
    f"r{i};p{i % 7};{i % 3};{i * 7 % 11},5;{i * 5 % 13};{1 + i % 4};{'yn'[i % 5 < 2]}\n" for i in range(60)
)
"""With a decimal comma, a code, a group, a weight for each row, and a name of the row."""

NETWORK = "? 1 1\ninput\ndense 4 tanh\ndropout 0.1\ndense ? {}\n"

CASES = {
    "options": (
        "softmax",
        "--target yes --categories kind --decimal , --no-bias --init uniform --dtype float64 --balance "
        "--weights weight --batch-size 16 --optimizer sgd --learning-rate 0.02 --schedule step:2,0.5 --momentum 0.9 "
        "--nesterov --weight-decay 0.001 --clip-norm 1.0 --seed 5 --epochs 4 --validation 0.3 "
        "--validate-on groups:plot --test 0.1 --refit --patience 3 --drop id",
    ),
    "columns": ("-", "--delimiter ; --decimal , --target b --numbers piecewise:4 --epochs 3 --keep a --missing drop"),
    "folds": ("softmax", "--target yes --decimal , --drop id --drop plot --folds 3 --epochs 3 --patience 2"),
}
"""The last activation, and the options in the order in which they are told."""


def again(kerash: Kerash, folder: Path, model: str = "m.kerash", **files: str) -> list[str]:
    """Runs the command line of a model, with the names of its files; returns its words between DATA and -o."""
    done = kerash("show", model, "--command")
    assert done.code == 0, done.err
    first, _, second = done.out.partition(" | ")
    shown, words = shlex.split(first), shlex.split(second)
    assert (shown[0], words[:3]) == ("kerash", ["kerash", "train", "-"])
    text = kerash(*shown[1:]).out
    named = [files.get(word, word) for word in words]
    done = kerash(*named[1:], "-q", input=text)
    assert done.code == 0, done.err
    assert (folder / words[-1]).read_bytes() == (folder / model).read_bytes()
    return words[4:-2]


@pytest.mark.parametrize("name", CASES)
def test_the_command_has_the_options_that_were_given_and_saves_the_same_bytes(
    kerash: Kerash, tmp_path: Path, name: str
) -> None:
    ending, options = CASES[name]
    (tmp_path / "d.csv").write_text(TABLE, encoding="ascii")
    (tmp_path / "m.model").write_text(NETWORK.format(ending), encoding="ascii")
    done = kerash("train", "m.model", "d.csv", *options.split(), "-q")
    assert done.code == 0, done.err
    found = again(kerash, tmp_path, DATA="d.csv")
    assert sorted(found) == sorted(options.split())


def test_the_files_of_labels_of_validation_and_to_start_from_are_told(kerash: Kerash, tmp_path: Path) -> None:
    for name, rows in (("a", range(80)), ("b", range(30))):
        (tmp_path / f"{name}.csv").write_text("".join(f"{i % 9},{i % 4}\n" for i in rows), encoding="ascii")
        (tmp_path / f"{name}.label").write_text("".join(f"{i % 9 % 2}\n" for i in rows), encoding="ascii")
    (tmp_path / "m.model").write_text(NETWORK.format("softmax"), encoding="ascii")
    first = ("train", "m.model", "a.csv", "a.label", "--epochs", "2", "-q")
    assert kerash(*first, "-o", "first.kerash").code == 0
    more = ("--start", "first.kerash", "--validate-on", "b.csv", "--validate-label", "b.label")
    assert kerash(*first, *more).code == 0
    files = {
        "DATA": "a.csv", "LABEL": "a.label", "VALIDATION": "b.csv", "VALIDATION_LABEL": "b.label",
        "START": "first.kerash",
    }  # fmt: skip
    words = again(kerash, tmp_path, **files)
    assert words == shlex.split(
        "LABEL --epochs 2 --validate-on VALIDATION --start START --validate-label VALIDATION_LABEL"
    )
    told = kerash("show", "m.kerash", "--command").err
    digest = subprocess.run(["sha256sum", "a.csv"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout[
        :64
    ]
    assert f"DATA is the file with sha256 {digest}\n" in told
    assert "START is the model that the training began with: its weights have sha256 " in told


def test_a_network_that_was_chosen_and_columns_that_were_left_out_are_repeated(kerash: Kerash, tmp_path: Path) -> None:
    """The first column is left out by itself, since it names the rows; pieces are the default for so many rows."""
    rows = "".join(f"row{i},{i % 50},{i * i % 31},{i % 50 * 3 + i % 2}\n" for i in range(500))
    (tmp_path / "d.csv").write_text(f"name,a,b,y\n{rows}", encoding="ascii")
    assert kerash("train", "d.csv", "--target", "y", "--epochs", "2", "-q", "-o", "m.kerash").code == 0
    words = again(kerash, tmp_path, DATA="d.csv")
    assert words == shlex.split("--target y --drop name --numbers piecewise --epochs 2")


def test_a_training_that_was_cut_short_ends_where_it_ended(kerash: Kerash, tmp_path: Path) -> None:
    trained = iris(kerash, tmp_path)
    stopped = trained._replace(training={**trained.training, "stopped": "time", "epochs": 2})
    assert command.command_line(stopped)[-2:] == ["--epochs", "2"]
    assert command.remarks(stopped) == command.remarks(trained)
    settings = {**trained.training["settings"], "schedule": "cosine", "epochs": 7}
    cosine = stopped._replace(training={**stopped.training, "settings": settings})
    assert command.command_line(cosine)[-4:] == ["--schedule", "cosine", "--epochs", "7"]
    assert "stopped in epoch 2, and its schedule is one of 7 epochs" in command.remarks(cosine)[-1]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stopped": "genome"}, "made from a genome"),
        ({"stopped": "search"}, "found by kerash evolve"),
        ({"averaged": 5}, "averaged by an earlier version"),
    ],
)
def test_a_model_that_no_training_made_alone_is_refused(
    kerash: Kerash, tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    trained = iris(kerash, tmp_path)
    other = trained._replace(training={**trained.training, **changes})
    with pytest.raises(BadInput, match=told):
        command.command_line(other)


def iris(kerash: Kerash, folder: Path) -> TrainedModel:
    assert kerash("train", "models/iris.model", "data/iris.csv", "-t", "species", "--epochs", "3", "-q").code == 0
    return TrainedModel.load(str(folder / "iris.kerash"))


def test_the_defaults_are_those_of_train() -> None:
    options = {each.name: each for each in train.command.params}
    for name, default in command._DEFAULTS.items():
        given = options[name].get_default(click.Context(train.command))
        assert given == default or default in (None, False), name  # click has a value of its own for no default


def test_every_option_that_changes_a_result_is_known() -> None:
    """All options of the sections about data, the network, training and its end; others change no result."""
    apart = {"target", "keep", "drop", "start", "validate_label", "limit"}
    sections = ("Data", "Network", "Training", "When to stop")
    names = {option.name for section in sections for option in train.command.sections[section]}  # type: ignore[attr-defined]
    assert names - apart == {*command._DEFAULTS, *command.READING}


def test_words_are_read_by_bash_as_they_were(tmp_path: Path) -> None:
    words = ["plain", "two words", "it's", "a\x1b[31m\nb", "é\x00"[:1], "", "-x", "$(touch f)", "\\'\x07"]
    line = command.shell_line(words)
    assert line.isprintable()
    script = f"for word in {line}; do printf '%s\\0' \"$word\"; done"
    found = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=True).stdout
    assert found.decode().split("\0")[:-1] == words
    assert not (tmp_path / "f").exists()


def test_only_valid_options_for_reading_load(kerash: Kerash, tmp_path: Path) -> None:
    """A record is a stranger's: whatever is told from it has to be what training writes."""
    from kerash_cli.model.reading import check_reading

    check_reading({"delimiter": ";", "categories": [0, 3], "header": False}, 4)
    for wrong in ({}, [], {"delimiter": 1}, {"categories": [4]}, {"other": "x"}, {"skip_rows": True}, {"header": "no"}):
        with pytest.raises(ValueError, match="options for reading"):
            check_reading(wrong, 4)


def test_a_description_and_a_model_are_told_apart(kerash: Kerash) -> None:
    assert (
        kerash("show", "models/iris.model", "--description").out
        == (ROOT / "models/iris.model").read_text().split("\n", 1)[1]
    )
    done = kerash("show", "models/iris.model", "--command")
    assert (done.code, done.error) == (
        2,
        "models/iris.model: expected a saved model, got a description, of which kerash train makes one",
    )
    done = kerash("show", "models/iris.model", "--command", "--plan")
    assert (done.code, "--command and --plan print different things; leave one out" in done.error) == (2, True)


def test_json_has_the_words_and_the_description(kerash: Kerash, tmp_path: Path) -> None:
    iris(kerash, tmp_path)
    told = json.loads(kerash("show", "iris.kerash", "--command", "--json").out)
    assert told["words"] == shlex.split("kerash train - DATA --target species --epochs 3 -o iris-again.kerash")
    assert told["description"] == "4 1 1\ninput\ndense 16 tanh\ndense 3 softmax\n"
