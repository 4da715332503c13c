import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, Kerash


def test_parameters_and_flops_are_those_counted_by_hand(kerash: Kerash) -> None:
    text = "8 8 1\ninput\nflatten\ndense 64 relu\ndropout 0.3\ndense 10 softmax\n"
    layers = json.loads(kerash("show", "-", "--json", input=text).out)["layers"]
    assert [layer["output"] for layer in layers] == [[8, 8, 1], [64, 1, 1], [64, 1, 1], [64, 1, 1], [10, 1, 1]]
    assert [layer["parameters"] for layer in layers] == [0, 0, 64 * 64 + 64, 0, 64 * 10 + 10]
    assert [layers[i]["flops"] for i in (2, 4)] == [2 * 64 * 64, 2 * 64 * 10]


def test_what_the_data_decides_is_shown_as_a_question(kerash: Kerash) -> None:
    done = kerash("show", "models/iris.model")
    assert done.code == 0
    assert "try --inputs and --outputs" in done.out


def test_what_the_data_decides_may_be_given(kerash: Kerash) -> None:
    words = ("--inputs", "64", "--outputs", "10", "--json")
    layers = json.loads(kerash("show", "models/digits.model", *words).out)["layers"]
    assert sum(layer["parameters"] for layer in layers) == 64 * 128 + 128 + 128 * 10 + 10


def test_a_damaged_saved_model_is_no_description(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "x.kerash").write_bytes(b"")
    assert kerash("show", "x.kerash").code == 5


def test_a_saved_model_tells_how_it_was_made(kerash: Kerash) -> None:
    kerash("train", "models/iris.model", "data/iris.csv", "--target", "species", "--epochs", "2", "--seed", "7", "-q")
    text = kerash("show", "iris.kerash").out
    assert "setosa" in text
    made = json.loads(kerash("show", "iris.kerash", "--json").out)["training"]
    assert (made["settings"]["seed"], made["epochs"]) == (7, 2)
    assert len(made["sha256"]["data"]) == 64


def test_a_file_that_is_neither_is_told_where_it_fails(kerash: Kerash) -> None:
    done = kerash("show", "data/iris.csv")
    assert done.code == 2
    assert done.error.startswith("data/iris.csv:1:1: ")


def test_every_bundled_model_can_be_shown(kerash: Kerash) -> None:
    for path in (ROOT / "models").glob("*.model"):
        assert kerash("show", f"models/{path.name}").code == 0


def test_a_convolutional_network_is_counted_as_by_hand(kerash: Kerash) -> None:
    text = "28 28 1\ninput\nconvolution relu 6 1 2 5 5\nmax_pooling - 2 0 2 2\nbatch_normalization\ndense 10 softmax\n"
    shown = json.loads(kerash("show", "-", "--json", "--batch-size", "8", input=text).out)
    _, convolution, pooling, normalization, dense = shown["layers"]
    assert (convolution["output"], convolution["parameters"]) == ([28, 28, 6], 6 * 25 + 6)
    assert convolution["flops"] == 2 * 28 * 28 * 6 * 25
    assert (pooling["output"], pooling["parameters"]) == ([14, 14, 6], 0)
    assert (normalization["output"], normalization["parameters"]) == ([14, 14, 6], 2 * 6)
    assert (dense["output"], dense["parameters"]) == ([10, 1, 1], 14 * 14 * 6 * 10 + 10)
    patches, kernel = 32 * (5 + 1) * 28 * 8, 6 * 5 * (5 + 1)  # each row of a window has a line of ones for the bias
    assert convolution["memory"] == 4 * (28 * 28 * 6 * 8 + patches + kernel)
    assert shown["training_bytes"] > sum(layer["memory"] for layer in shown["layers"])


def test_what_training_will_take_is_said_beforehand(kerash: Kerash) -> None:
    small, large = (kerash("show", "models/cnn.model", "--batch-size", size).out for size in ("1", "64"))
    assert "training in batches of 64 takes about " in large.splitlines()[-1]
    assert small != large


def test_the_plan_of_a_batch_is_a_line_a_call_with_its_layer(kerash: Kerash) -> None:
    text = "4 1 1\ninput\ndense 8 relu\ndense 3 softmax\n"
    lines = kerash("show", "-", "--plan", input=text).out.splitlines()
    assert lines[:2] == ["forward", "  layer1 dense 8 relu     ndarray.dot(8x5, 5x32, 8x32)"]
    assert lines[-1] == "  layer1 dense 8 relu     ndarray.dot(5x32, 32x8, 5x8)"
    assert "backward" in lines
    smaller = kerash("show", "-", "--plan", "--batch-size", "2", input=text).out.splitlines()
    assert smaller[1] == "  layer1 dense 8 relu     ndarray.dot(8x5, 5x2, 8x2)"


def test_a_plan_as_json_has_the_same_calls(kerash: Kerash) -> None:
    text = "4 1 1\ninput\ndense 8 relu\n"
    plan = json.loads(kerash("show", "-", "--plan", "--json", input=text).out)
    assert plan["batch_size"] == 32
    assert plan["forward"][0] == {"layer": "layer1 dense 8 relu", "call": "ndarray.dot(8x5, 5x32, 8x32)"}
    shown = kerash("show", "-", "--plan", input=text).out
    assert all(each["call"] in shown for part in ("forward", "backward") for each in plan[part])


def test_the_plan_of_a_saved_model_is_that_of_its_layers(kerash: Kerash) -> None:
    kerash("train", "models/iris.model", "data/iris.csv", "--target", "species", "--epochs", "2", "--seed", "7", "-q")
    shown = kerash("show", "iris.kerash", "--plan").out
    described = kerash("show", "models/iris.model", "--inputs", "4", "--outputs", "3", "--plan").out
    assert shown == described != ""


def test_a_plan_needs_all_sizes(kerash: Kerash) -> None:
    done = kerash("show", "models/iris.model", "--plan")
    assert done.code == 2
    assert "--inputs" in done.error


CONVOLUTIONS = ("models/digits_cnn.model", "--outputs", "10")


def test_a_step_on_several_machines_is_told_with_what_it_sends(kerash: Kerash) -> None:
    done = kerash("show", *CONVOLUTIONS, "--batch-size", "4096", "--cluster", "8")
    head, names, slow, fast = done.out.splitlines()
    assert head == "a step with 4,096 rows: 128 chunks, for 8 of 8 machines"
    assert names.split() == ["link", "sent", "by", "each", "waiting", "step", "alone", "times", "as", "fast"]
    parameters = sum(layer["parameters"] for layer in json.loads(kerash("show", *CONVOLUTIONS, "--json").out)["layers"])
    sent = 4 * parameters * 7 / 8 * (16 + 1)  # of 16 chunks what others add up, and what it has updated, to 7
    assert slow.startswith("1 Gbit/s")
    assert float(slow.split()[2]) == pytest.approx(sent / 1e6, rel=0.01)
    assert float(slow.split()[-1]) < float(fast.split()[-1]) <= 8


def test_where_a_batch_is_too_small_for_all_machines_one_that_is_not_is_named(kerash: Kerash) -> None:
    done = kerash("show", *CONVOLUTIONS, "--cluster", "8")
    head, advice, *_ = done.out.splitlines()
    assert head.endswith("of 8 machines")
    assert " 8 of 8" not in head
    size = re.fullmatch(r"more would have nothing to do; all have work with --batch-size (\d+)", advice)
    assert size
    assert " 8 of 8" in kerash("show", *CONVOLUTIONS, "--cluster", "8", "--batch-size", size[1]).out


def test_a_step_on_several_machines_as_json(kerash: Kerash) -> None:
    found = json.loads(kerash("show", *CONVOLUTIONS, "--batch-size", "4096", "--cluster", "8", "--json").out)
    assert (found["machines"], found["ranks"], found["by"]) == (8, 8, "chunks")
    assert set(found["links"]) == {"1 Gbit/s", "10 Gbit/s"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("models/digits_cnn.model", "--cluster", "8"), "--cluster needs every size"),
        ((*CONVOLUTIONS, "--cluster", "1"), "--cluster"),
        ((*CONVOLUTIONS, "--cluster", "8", "--plan"), "leave one out"),
    ],
)
def test_what_can_not_be_estimated_is_refused(kerash: Kerash, words: tuple[str, ...], said: str) -> None:
    done = kerash("show", *words)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize(
    ("first", "last", "options"),
    [("? 1 1", "?", "--inputs and --outputs"), ("? 1 1", "2", "--inputs"), ("3 1 1", "?", "--outputs")],
)
def test_only_options_for_unknown_sizes_are_advised(
    first: str, last: str, options: str, kerash: Kerash, tmp_path: Path
) -> None:
    (tmp_path / "net.model").write_text(f"{first}\ninput\ndense {last} softmax\n", encoding="ascii")
    assert kerash("show", "net.model").out.endswith(f"known only from the data; try {options}\n")
    assert kerash("show", "net.model", "--plan").error.endswith(f"known only from the data; try {options}")
