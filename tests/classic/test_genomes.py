"""Genomes: what is written reads back, what a person edits is understood, and what is wrong is named."""

import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from written import FILES, STANDARD, described, laid_out, made, refused, stored

from kerash_cli.classic.genomes import Genome
from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.engine.tensors import Array

MODELS = {
    "as in 2019": "2 1 1\ninput\ndense 10 sigmoid\ndense 1 sigmoid\n",
    "one unit": "1 1 1\ninput\ndense 1 -\n",
    "one layer": "3 1 1\ninput -\ndense 2 -\n",
    "parameters": "2 1 1\ninput\ndense 3 prelu:0.1\ndense 4 srelu:-0.5,0.25,0.5,0.125\ndense 2 elu:2\n",
    "dropout": "4 1 1\ninput\ndropout 0.2\ndense 5 relu\ndropout 1e-05\ndense 2 softmax\n",
    "an output's activation": "4 1 1\ninput\ndense 5 tanh\ndense 3 -\noutput softmax\n",
    "an output without one": "4 1 1\ninput\ndense 3 gaussian\noutput\n",
    "an image": "4 4 1\ninput\nflatten\ndense 3 sigmoid\ndense 2 softmax\n",
    "a colour image": "4 3 2\ninput\nflatten -\ndense 3 isru:0.5\ndropout 0.5\ndense 2 logsoftmax\n",
    "an image that dense flattens": "2 3 4\ninput\ndense 2 sinc\n",
    "convolution": (
        "10 8 2\ninput\nconvolution - 3 1 1 3 2\nbatch_normalization relu\nmax_pooling - 2 0 2 2\n"
        "convolution tanh 4 2 0 2 1\nglobal_average_pooling\nbatch_normalization\ndense 2 softmax\n"
    ),
    "groups": "6 1 1\ninput\nscale\ndense 4 tanh 2\ndense 4 relu 2x1-3:1,4-4:2\ndense 2 - 4:2\n",
    "groups of several parts at last": "6 1 1\ninput\ndense 4 tanh 2x1-3+5-6:1,1-1:2\n",
    "ten layers": "2 1 1\ninput\n" + "".join(f"dense {units} arctan\n" for units in range(2, 11)),
    **{name: f"2 1 1\ninput\ndense 3 {name}\ndense 2 {name}\n" for name in ACTIVATIONS},
}


def plain(tensors: tuple[Mapping[str, Array], ...]) -> list[dict[str, tuple[tuple[int, ...], bytes]]]:
    """Tensors as what can be compared bit for bit."""
    return [
        {name: (each.shape, np.ascontiguousarray(each, "<f8").tobytes()) for name, each in layer.items()}
        for layer in tensors
    ]


# There and back


@pytest.mark.parametrize("bias", [False, True], ids=["without bias", "with bias"])
@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_what_is_written_reads_back_equal(tmp_path: Path, text: str, bias: bool) -> None:
    genome = made(text, bias)
    read = Genome.read(stored(tmp_path, genome))
    assert read.description == described(text)
    assert plain(read.tensors) == plain(genome.tensors)
    assert (read.bias, read.model, read.result) == (bias, "m", None)


@pytest.mark.parametrize("model", [None, "m", "a-b.c_9", "x" * 64, "bias"])
@pytest.mark.parametrize("result", [None, 0.0, 0.113811, 5e-324, 1.7976931348623157e308])
def test_model_and_result_read_back(tmp_path: Path, model: str | None, result: float | None) -> None:
    read = Genome.read(stored(tmp_path, made(model=model, result=result)))
    assert (read.model, read.result) == (model, result)


def test_a_genome_has_the_files_of_2019_and_settings(tmp_path: Path) -> None:
    folder = stored(tmp_path, made(MODELS["as in 2019"], result=0.25))
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    learnt = [f"topology/layer_{i}/{name}" for i in (1, 2) for name in ("bias_weights.dat", "meta.dat", "weights.dat")]
    assert files == ["meta.dat", "result", "settings", "topology/layer_0/meta.dat", *learnt]
    assert folder == tmp_path / "model" / "genomes" / "gen_g"


def test_the_small_files_of_a_genome_say_what_they_are_meant_to(tmp_path: Path) -> None:
    folder = stored(tmp_path, made(result=0.25))
    said = {
        "meta.dat": "3 1 1\n2\n3\n6\n",
        "settings": "model m\nshape 4 4 1\nbias no\n",
        "result": "0.25\n",
        "topology/layer_0/meta.dat": "- input\n",
        "topology/layer_1/meta.dat": "- flatten\n",
        "topology/layer_2/meta.dat": "- dropout 0.2\n",
        "topology/layer_3/meta.dat": "prelu:0.1 dense\n",
        "topology/layer_4/meta.dat": "- dense\n",
        "topology/layer_5/meta.dat": "softmax output\n",
    }
    assert {name: (folder / name).read_text() for name in said} == said


def test_weights_have_a_row_for_each_input_and_a_column_for_each_output(tmp_path: Path) -> None:
    genome = made("2 1 1\ninput\ndense 3 -\n")
    weights, bias = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([7.0, 8.0, 9.0])
    folder = stored(tmp_path, replace(genome, tensors=({}, {"weights": weights, "bias": bias})))
    assert (folder / "topology/layer_1/weights.dat").read_text() == "3 2 1\n1.0\n2.0\n3.0\n4.0\n5.0\n6.0\n"
    assert (folder / "topology/layer_1/bias_weights.dat").read_text() == "3 1 1\n7.0\n8.0\n9.0\n"


def test_kernels_lie_one_after_the_other_in_a_tensor_of_their_width_and_height(tmp_path: Path) -> None:
    genome = made("5 4 2\ninput\nconvolution relu 3 1 0 3 2\ndense 1 -\n")
    folder = stored(tmp_path, genome)
    lines = (folder / "topology/layer_1/weights.dat").read_text(encoding="ascii").splitlines()
    assert lines[0] == "3 2 6"
    assert [float(line) for line in lines[1:]] == genome.tensors[1]["weights"].ravel().tolist()
    assert (folder / "topology/layer_1/meta.dat").read_text(encoding="ascii") == "relu convolution 3 1 0 3 2\n"


def test_each_part_of_groups_has_a_tensor_of_its_own(tmp_path: Path) -> None:
    genome = made("6 1 1\ninput\nscale\ndense 7 tanh 2x3:2,1-4:3\ndense 2 softmax 1-7:2\n")
    folder = stored(tmp_path, genome)
    said = {
        "topology/layer_1/meta.dat": "- scale",
        "topology/layer_1/weights.dat": "6 1 1",
        "topology/layer_2/meta.dat": "tanh dense 2x3:2,1-4:3",
        "topology/layer_2/weights1.dat": "2 3 2",
        "topology/layer_2/weights2.dat": "3 4 1",
        "topology/layer_2/bias_weights.dat": "7 1 1",
        "topology/layer_3/meta.dat": "softmax dense 1-7:2",
        "topology/layer_3/weights.dat": "2 7 1",
    }
    assert {name: (folder / name).read_text().partition("\n")[0] for name in said} == said
    first = [float(line) for line in (folder / "topology/layer_2/weights1.dat").read_text().splitlines()[1:]]
    assert first == genome.tensors[2]["weights1"].ravel().tolist()


def test_a_file_beside_those_of_a_layer_without_groups_is_left_alone(tmp_path: Path) -> None:
    folder = stored(tmp_path, genome := made())
    (folder / "topology/layer_3/weights1.dat").write_text("notes")
    assert plain(Genome.read(folder).tensors) == plain(genome.tensors)


@pytest.mark.parametrize("text", [STANDARD, *MODELS.values()], ids=["standard", *MODELS])
def test_no_file_is_another_or_larger_than_foretold(tmp_path: Path, text: str) -> None:
    genome = made(text, model="x" * 64, result=-2.2250738585072014e-308)
    longest = [{name: np.full(each.shape, genome.result) for name, each in layer.items()} for layer in genome.tensors]
    folder = stored(tmp_path, replace(genome, tensors=tuple(longest)))
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert sizes.keys() == genome.sizes().keys()
    assert all(size <= genome.sizes()[name] for name, size in sizes.items())
    assert sum(sizes.values()) <= genome.bytes


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_not_finite_is_never_written(tmp_path: Path, value: float) -> None:
    genome = made()
    genome.tensors[4]["weights"][0, 0] = value
    with pytest.raises(ValueError, match="expected finite numbers"):
        stored(tmp_path, genome)
    assert not list(tmp_path.iterdir())


# As a new one is made


def test_new_parameters_are_uniform_from_0_to_1() -> None:
    genome = Genome.random(described("100 1 1\ninput\ndense 100 tanh\ndense 100 tanh\n"), None, False, 0)
    values = np.concatenate([each.ravel() for layer in genome.tensors for each in layer.values()])
    assert 0 <= values.min() < 0.001
    assert 0.999 < values.max() < 1
    counts, _ = np.histogram(values, 10, (0, 1))
    expected = len(values) / 10
    assert ((counts - expected) ** 2 / expected).sum() < 28  # chi square of 9 degrees of freedom: 1 in 1000
    assert len(np.unique(values)) == len(values)


def test_weights_are_the_same_with_and_without_bias() -> None:
    one, other = (Genome.random(described(STANDARD), None, bias, 0) for bias in (False, True))
    assert plain(one.tensors) == plain(other.tensors)


# Parameters that count


@pytest.mark.parametrize("bias", [False, True], ids=["without bias", "with bias"])
def test_the_parameters_are_the_weights_and_biases_that_count_layer_by_layer(bias: bool) -> None:
    genome = made("2 1 1\ninput\ndense 3 -\ndense 2 -\n", bias)
    names = ("weights", "bias") if bias else ("weights",)
    expected = np.concatenate([genome.tensors[i][name].ravel() for i in (1, 2) for name in names])
    assert genome.params.tobytes() == expected.tobytes()


def test_a_fitted_genome_keeps_the_biases_that_do_not_count(tmp_path: Path) -> None:
    genome = made("2 1 1\ninput\ndense 3 -\ndense 2 -\n")
    fitted = Genome.read(stored(tmp_path, genome.fitted(np.arange(12.0), 0.5)))
    assert fitted.tensors[1]["weights"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert fitted.tensors[2]["weights"].tolist() == [[6, 7], [8, 9], [10, 11]]
    assert [fitted.tensors[i]["bias"].tolist() for i in (1, 2)] == [genome.tensors[i]["bias"].tolist() for i in (1, 2)]
    assert fitted.result == 0.5


def test_a_fitted_genome_has_the_biases_that_count_and_keeps_nothing_of_the_vector() -> None:
    params = np.arange(6.0)
    fitted = made("2 1 1\ninput\ndense 2 -\n", bias=True).fitted(params, 0.5)
    params += 1
    assert fitted.tensors[1]["weights"].tolist() == [[0, 1], [2, 3]]
    assert fitted.tensors[1]["bias"].tolist() == [4, 5]


# Of 2019

OF_2019 = {
    "meta.dat": "3 1 1\n1\n10\n3\n",
    "result": "0.0021\n",
    "topology/layer_0/meta.dat": "- input\n",
    "topology/layer_0/weights.dat": "0 0 1\n",
    "topology/layer_1/meta.dat": "sigmoid dense\n",
    "topology/layer_1/weights.dat": "10 2 1\n1.\n0.5e-05\n" + "-.25\n" * 17 + "3.0000000000000000e+00\n",
    "topology/layer_1/weights_t.dat": "2 10 1\n" + "1.\n" * 20,
    "topology/layer_1/bias_weights.dat": "10 1 1\n" + "0.5\n" * 10,
    "topology/layer_2/meta.dat": "sigmoid dense\n",
    "topology/layer_2/weights.dat": "1 10 1\n" + "".join(f"0.{digit}0000000000000001\n" for digit in range(10)),
    "topology/layer_2/bias_weights.dat": "1 1 1\n0.75\n",
}


def test_a_genome_of_2019_is_read(tmp_path: Path) -> None:
    genome = Genome.read(laid_out(tmp_path, OF_2019))
    assert genome.description == described("2 1 1\ninput\ndense 10 sigmoid\ndense 1 sigmoid\n")
    assert (genome.model, genome.bias, genome.result) == (None, False, 0.0021)
    assert len(genome.params) == genome.network.size == 30
    assert genome.tensors[0] == {}
    first = struct.pack("<20d", 1.0, 5e-6, *[-0.25] * 17, 3.0)
    second = struct.pack("<10d", *(float(f"0.{digit}0000000000000001") for digit in range(10)))
    assert plain(genome.tensors[1:]) == [
        {"weights": ((2, 10), first), "bias": ((10,), struct.pack("<10d", *[0.5] * 10))},
        {"weights": ((10, 1), second), "bias": ((1,), struct.pack("<d", 0.75))},
    ]


def test_a_genome_of_2019_without_a_result_has_none(tmp_path: Path) -> None:
    assert Genome.read(laid_out(tmp_path, {k: v for k, v in OF_2019.items() if k != "result"})).result is None


def test_a_genome_of_2019_becomes_one_with_settings(tmp_path: Path) -> None:
    genome = Genome.read(laid_out(tmp_path, OF_2019))
    folder = stored(tmp_path, genome)
    assert (folder / "settings").read_text() == "shape 2 1 1\nbias no\n"
    assert plain(Genome.read(folder).tensors) == plain(genome.tensors)


# Edited by a person


def edited(folder: Path, name: str, edit: Callable[[bytes], bytes]) -> Path:
    content = (folder / name).read_bytes()
    assert edit(content) != content
    (folder / name).write_bytes(edit(content))
    return folder


def test_a_value_that_was_changed_is_read(tmp_path: Path) -> None:
    folder = edited(
        laid_out(tmp_path, OF_2019), "topology/layer_1/weights.dat", lambda text: text.replace(b"0.5e-05", b"-7")
    )
    assert Genome.read(folder).tensors[1]["weights"][0, :3].tolist() == [1, -7, -0.25]


EDITS: dict[str, Callable[[bytes], bytes]] = {
    "a last blank line": lambda text: text + b"\n",
    "blank lines before": lambda text: b"\n\n" + text,
    "no last newline": lambda text: text.rstrip(b"\n"),
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "spaces at the ends": lambda text: text.replace(b"\n", b" \t\n"),
    "spaces at the starts": lambda text: b"  " + text.replace(b"\n", b"\n  "),
    "more space between": lambda text: text.replace(b" ", b"  \t "),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("name", FILES)
def test_what_the_eye_does_not_see_changes_nothing(tmp_path: Path, name: str, edit: Callable[[bytes], bytes]) -> None:
    genome = made(bias=True, result=0.25)
    folder = stored(tmp_path, genome)
    (folder / name).write_bytes(edit((folder / name).read_bytes()))
    read = Genome.read(folder)
    assert plain(read.tensors) == plain(genome.tensors)
    assert (read.description, read.bias, read.model, read.result) == (genome.description, True, "m", 0.25)


def test_another_activation_may_be_written_in(tmp_path: Path) -> None:
    folder = edited(stored(tmp_path, made()), "topology/layer_4/meta.dat", lambda text: b"isru:0.5 dense\n")
    assert str(Genome.read(folder).description.layers[4]) == "dense 2 isru:0.5"


def test_bias_may_be_switched_on(tmp_path: Path) -> None:
    genome = made()
    folder = edited(stored(tmp_path, genome), "settings", lambda text: text.replace(b"bias no", b"bias yes"))
    assert len(Genome.read(folder).params) == len(genome.params) + 5


def test_settings_may_come_in_any_order_or_not_at_all(tmp_path: Path) -> None:
    folder = stored(tmp_path, made())
    (folder / "settings").write_text("bias yes\nshape 4 4 1\n")
    genome = Genome.read(folder)
    assert (genome.bias, genome.model, genome.description.known_shape) == (True, None, (1, 4, 4))
    (folder / "settings").write_text("")
    assert Genome.read(folder).description.known_shape == (1, 1, 16)


def test_without_settings_inputs_are_a_row(tmp_path: Path) -> None:
    folder = stored(tmp_path, made())
    (folder / "settings").unlink()
    genome = Genome.read(folder)
    assert (genome.bias, genome.model, genome.description.known_shape) == (False, None, (1, 1, 16))


def test_missing_biases_that_do_not_count_are_zeros(tmp_path: Path) -> None:
    genome = made()
    folder = stored(tmp_path, genome)
    (folder / "topology/layer_4/bias_weights.dat").unlink()
    read = Genome.read(folder)
    assert read.tensors[4]["bias"].tolist() == [0, 0]
    assert plain(read.tensors[:4]) == plain(genome.tensors[:4])


def test_missing_biases_that_count_are_refused(tmp_path: Path) -> None:
    folder = stored(tmp_path, made(bias=True))
    (folder / "topology/layer_4/bias_weights.dat").unlink()
    expected = "this file is missing, and should hold bias weights, as settings say"
    assert refused(folder) == f"topology/layer_4/bias_weights.dat: {expected}"


def test_files_of_other_names_are_left_alone(tmp_path: Path) -> None:
    genome = made()
    folder = stored(tmp_path, genome)
    (folder / "notes").write_text("mine")
    (folder / "topology/notes").mkdir()
    os.mkfifo(folder / "topology/layer_3/weights_t.dat")
    assert plain(Genome.read(folder).tensors) == plain(genome.tensors)
