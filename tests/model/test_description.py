"""Model descriptions: read, written, and refused with their line, column and reason."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Kerash
from hypothesis import assume, given
from hypothesis import strategies as st

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.layers import IDENTITY, LAYERS, Dense, Flatten, InputLayer, Layer, OutputLayer
from kerash_cli.engine.layers.base import count, count_or_unknown, count_or_zero, no_activation
from kerash_cli.engine.layers.dropout import share
from kerash_cli.engine.layers.grouping import WHOLE, Groups
from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput
from kerash_cli.model.description import LONGEST, ModelDescription

SIGMOID, RELU, SOFTMAX = Activation("sigmoid"), Activation("relu"), Activation("softmax")
HUGE = "9" * 18

# What is read


def test_the_description_of_2019_is_read() -> None:
    description = ModelDescription.parse("2 1 1\ninput\ndense 10 sigmoid\ndense 1 sigmoid\n")
    assert description.shape == (1, 1, 2)
    assert description.layers == (InputLayer(), Dense(10, SIGMOID), Dense(1, SIGMOID))
    assert (description.features, description.outputs, description.activation) == (2, 1, SIGMOID)


def test_the_form_of_the_slides_is_read() -> None:
    description = ModelDescription.parse("256 128 3\ninput -\nflatten -\ndense 30 softmax\noutput relu\n")
    assert description.shape == (3, 128, 256)
    assert description.layers == (InputLayer(), Flatten(), Dense(30, SOFTMAX), OutputLayer(RELU))
    assert (description.features, description.outputs, description.activation) == (3 * 128 * 256, 30, RELU)


@pytest.mark.parametrize("closing", ["", "output\n", "output -\n", "flatten -\n"])
def test_the_last_activation_is_that_of_the_last_layer_that_computes(closing: str) -> None:
    assert ModelDescription.parse(f"2 1 1\ninput\ndense 1 sigmoid\n{closing}").activation == SIGMOID


XOR = "2 1 1\ninput\ndense 10 sigmoid\ndense 1 prelu:0.1\n"


@pytest.mark.parametrize(
    "text",
    [
        XOR.removesuffix("\n"),
        XOR.replace("\n", "\r\n"),
        "\ufeff" + XOR,
        "\ufeff" + XOR.replace("\n", "\r\n"),
        XOR.replace("\n", "\n\n  \n\t\n"),
        "# a comment\n\n" + XOR.replace("\n", "  # of a line\n"),
        XOR.replace("\n", "# behind a word\n"),
        XOR.replace(" ", "  \t "),
        XOR.replace("2 1 1", "  002 1 01  "),
        XOR.replace("input", "input -").replace("0.1", ".1"),
        XOR + "\n\n# the end",
    ],
)
def test_the_same_is_meant(text: str) -> None:
    assert ModelDescription.parse(text) == ModelDescription.parse(XOR)
    assert str(ModelDescription.parse(text)) == XOR


@pytest.mark.parametrize("path", sorted((ROOT / "models").glob("*.model")), ids=lambda path: path.name)
def test_the_models_of_the_project_are_read(path: Path) -> None:
    description = ModelDescription.read(str(path))
    assert ModelDescription.parse(str(description)) == description
    assert description.source == str(path)


def test_standard_input_is_read_for_a_dash() -> None:
    program = "from kerash_cli.model.description import ModelDescription as M; print(M.read('-'), M.read.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program], input=XOR, capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == f"{XOR} read\n"


# Writing and reading are inverse

NUMBERS = st.one_of(st.none(), st.integers(1, 10**18 - 1))
PARAMETERS = st.one_of(st.floats(1e-18, 1e18), st.floats(-1e18, -1e-18), st.just(0.0))


@st.composite
def activations(draw: Any) -> Activation:
    name = draw(st.sampled_from(sorted(ACTIVATIONS)))
    given = draw(st.lists(PARAMETERS, max_size=len(ACTIVATIONS[name].parameters)))
    try:
        return Activation(name, tuple(given))
    except BadInput:  # outside its domain
        return Activation(name)


WORDS: dict[Any, st.SearchStrategy[Any]] = {
    count_or_unknown: st.integers(1, 10**18 - 1),
    count: st.integers(1, 3),
    count_or_zero: st.integers(0, 3),
    Activation.parse: activations(),
    share: st.floats(0, 1, exclude_max=True),
    no_activation: st.just(IDENTITY),
    Groups.parse: st.just(WHOLE),
}


@st.composite
def layers(draw: Any, keyword: str) -> Layer:
    kind = LAYERS[keyword]
    return kind(*(draw(WORDS[item.metadata["parse"]]) for item in kind.words()))


@st.composite
def descriptions(draw: Any) -> ModelDescription:
    places = {keyword: LAYERS[keyword].place for keyword in LAYERS}
    inner = [keyword for keyword, place in places.items() if place == "anywhere"]
    keywords = draw(st.lists(st.sampled_from(inner), max_size=5))
    learning = Dense(draw(NUMBERS), draw(activations()))
    drawn = [InputLayer(), *(draw(layers(keyword)) for keyword in keywords), learning]
    if draw(st.booleans()):
        drawn.append(draw(layers(draw(st.sampled_from([k for k, place in places.items() if place == "last"])))))
    sizes = draw(st.tuples(NUMBERS, st.integers(1, 10**18 - 1), st.integers(1, 10**18 - 1)))
    shape = tuple(draw(st.permutations(sizes)))
    assume(None in shape or fits(shape, drawn))
    return ModelDescription(shape, tuple(drawn))


def fits(shape: Shape, layers: list[Layer]) -> bool:
    """Whether each window finds its place."""
    for layer in layers:
        if layer.unresolved:
            return True
        try:
            shape = layer.output_shape(shape)
        except BadInput:
            return False
    return True


@given(descriptions())
def test_writing_and_reading_are_inverse(description: ModelDescription) -> None:
    assert ModelDescription.parse(str(description)) == description


def test_every_layer_is_drawn_by_these_tests() -> None:
    assert {item.metadata["parse"] for keyword in LAYERS for item in LAYERS[keyword].words()} <= set(WORDS)


# What the data decides


@pytest.mark.parametrize(
    ("text", "features", "outputs", "resolved"),
    [
        ("? 1 1\ninput\ndense ? softmax\n", 4, 3, "4 1 1\ninput\ndense 3 softmax\n"),
        ("28 ? 1\ninput\ndense 5 relu\ndense ? -\n", 784, 1, "28 28 1\ninput\ndense 5 relu\ndense 1 -\n"),
        ("2 2 ?\ninput\ndense ? relu\noutput softmax\n", 12, 2, "2 2 3\ninput\ndense 2 relu\noutput softmax\n"),
        ("2 1 1\ninput\ndense 1 sigmoid\n", 2, 1, "2 1 1\ninput\ndense 1 sigmoid\n"),
    ],
)
def test_question_marks_become_numbers(text: str, features: int, outputs: int, resolved: str) -> None:
    description = ModelDescription.parse(text)
    assert str(description.resolve(features, outputs)) == resolved
    assert description.resolve(features, outputs).known_shape[-1] > 0


def test_what_is_not_decided_yet_is_none() -> None:
    description = ModelDescription.parse("? 1 1\ninput\ndense ? softmax\n")
    assert description.features is None
    assert description.outputs is None
    with pytest.raises(ValueError, match="not known yet"):
        _ = description.known_shape


def test_inputs_that_the_given_sizes_do_not_divide_are_refused() -> None:
    description = ModelDescription.parse("28 ? 1\ninput\ndense ? -\n", "m.txt")
    with pytest.raises(BadInput, match=r"^m\.txt: expected a multiple of 28 inputs, got 30$"):
        description.resolve(30, 1)


# What is refused

USAGE = "(usage: dense UNITS ACTIVATION [GROUPS])"
BAD = [
    ("", "m: expected 'WIDTH HEIGHT DEPTH' and a line for each layer, got an empty file"),
    ("\n \n# nothing\n", "m: expected 'WIDTH HEIGHT DEPTH' and a line for each layer, got an empty file"),
    ("\ufeff\r\n", "m: expected 'WIDTH HEIGHT DEPTH' and a line for each layer, got an empty file"),
    ("2 1", "m:1:1: expected 'WIDTH HEIGHT DEPTH', got '2 1'; try '? 1 1'"),
    ("\n\n  2 1 1 1", "m:3:3: expected 'WIDTH HEIGHT DEPTH', got '2 1 1 1'; try '? 1 1'"),
    ("input", "m:1:1: expected 'WIDTH HEIGHT DEPTH', got 'input'; try '? 1 1'"),
    ("2 0 1", "m:1:3: expected a whole number of 1 or more, got '0' in 'WIDTH HEIGHT DEPTH'"),
    ("2 1 -1", "m:1:5: expected a whole number of 1 or more, got '-1' in 'WIDTH HEIGHT DEPTH'"),
    ("2.5 1 1", "m:1:1: expected a whole number of 1 or more, got '2.5' in 'WIDTH HEIGHT DEPTH'"),
    ("2 1 ٣", "m:1:5: expected a whole number of 1 or more, got '٣' in 'WIDTH HEIGHT DEPTH'"),
    ("1e3 1 1", "m:1:1: expected a whole number of 1 or more, got '1e3' in 'WIDTH HEIGHT DEPTH'"),
    ("1_0 1 1", "m:1:1: expected a whole number of 1 or more, got '1_0' in 'WIDTH HEIGHT DEPTH'"),
    ("? ? 1", "m:1:1: expected one '?' at most, got '? ? 1'"),
    ("2 1 1", "m:2: expected 'input' as the first layer, got the end of the file"),
    ("# x\n2 1 1\n\n", "m:3: expected 'input' as the first layer, got the end of the file"),
    ("2 1 1\ndense 1 tanh", "m:2: expected 'input' as the first layer, got 'dense 1 tanh'"),
    ("2 1 1\n\noutput", "m:3: expected 'input' as the first layer, got 'output'"),
    ("2 1 1\ninput", "m:2: expected at least one layer that learns, got none; try 'dense ? softmax'"),
    ("2 1 1\ninput\noutput relu", "m:3: expected at least one layer that learns, got none; try 'dense ? softmax'"),
    ("2 1 1\ninput\ndense 1 tanh\n\ninput", "m:5: expected 'input' only as the first layer, got a second one"),
    ("2 1 1\ninput\ninput\ndense 1 tanh", "m:3: expected 'input' only as the first layer, got a second one"),
    (
        "2 1 1\ninput\noutput tanh\ndense 1 tanh",
        "m:3: expected 'output' as the last layer, got 'dense 1 tanh' after it",
    ),
    ("2 1 1\ninput\noutput\noutput", "m:3: expected 'output' as the last layer, got 'output' after it"),
    (
        "2 1 1\ninput\ndense ? tanh\ndense 1 tanh",
        "m:3: expected a number, got '?', which only the last layer that learns may have",
    ),
    ("2 1 1\nInput", "m:2:1: unknown layer 'Input'; did you mean 'input'?"),
    ("2 1 1\ninput\n  dens 1 tanh", "m:3:3: unknown layer 'dens'; did you mean 'dense'?"),
    ("2 1 1\ninput\nlstm 1", f"m:3:1: unknown layer 'lstm'; try one of {', '.join(sorted(LAYERS))}"),
    ("2 1 1\ninput\n\x00", f"m:3:1: unknown layer '\\x00'; try one of {', '.join(sorted(LAYERS))}"),
    ("2 1 1\ninput tanh", "m:2:7: expected '-', got 'tanh' (usage: input [ACTIVATION])"),
    ("2 1 1\ninput - -", "m:2:1: expected 'input [ACTIVATION]', got 'input - -'"),
    ("2 1 1\ninput\nflatten relu", "m:3:9: expected '-', got 'relu' (usage: flatten [ACTIVATION])"),
    ("2 1 1\ninput\ndense", "m:3:1: expected 'dense UNITS ACTIVATION [GROUPS]', got 'dense'"),
    ("2 1 1\ninput\ndense 3", "m:3:1: expected 'dense UNITS ACTIVATION [GROUPS]', got 'dense 3'"),
    ("2 1 1\ninput\ndense 3 tanh 1 4", "m:3:1: expected 'dense UNITS ACTIVATION [GROUPS]', got 'dense 3 tanh 1 4'"),
    ("2 1 1\ninput\nscale 2\ndense 1 -", "m:3:1: expected 'scale', got 'scale 2'"),
    (
        "2 1 1\ninput\ndense 1 -\nscale",
        "m:4: expected 'scale' before a layer that learns, got no such layer below it; try moving it further up",
    ),
    ("2 1 1\ninput\ndense tanh 3", f"m:3:7: expected a whole number of 1 or more, got 'tanh' {USAGE}"),
    ("2 1 1\ninput\ndense 0 tanh", f"m:3:7: expected a whole number of 1 or more, got '0' {USAGE}"),
    ("2 1 1\ninput\ndense  3   sigmiod", f"m:3:12: unknown activation 'sigmiod'; did you mean 'sigmoid'? {USAGE}"),
    ("2 1 1\ninput\ndense 3 ReLU", f"m:3:9: unknown activation 'ReLU'; did you mean 'relu'? {USAGE}"),
    ("2 1 1\ninput\ndense 3 relu:1", f"m:3:9: relu takes no parameters, got 1; try relu {USAGE}"),
    ("2 1 1\ninput\ndense 3 prelu:1,2", f"m:3:9: prelu takes 1 parameter (slope), got 2; try prelu:0.25 {USAGE}"),
    ("2 1 1\ninput\ndense 3 prelu:", f"m:3:9: prelu: expected decimal numbers, got ''; try prelu:0.25 {USAGE}"),
    ("2 1 1\ninput\ndense 3 prelu:x", f"m:3:9: prelu: expected decimal numbers, got 'x'; try prelu:0.25 {USAGE}"),
    ("2 1 1\ninput\ndense 3 prelu:nan", f"m:3:9: prelu: expected decimal numbers, got 'nan'; try prelu:0.25 {USAGE}"),
    (
        "2 1 1\ninput\ndense 3 prelu:1e400",
        f"m:3:9: prelu: expected decimal numbers, got '1e400'; try prelu:0.25 {USAGE}",
    ),
    ("2 1 1\ninput\ndense 3 isru:-1", f"m:3:9: isru: expected alpha > 0, got alpha -1; try isru:1 {USAGE}"),
    (
        "2 1 1\ninput\ndropout 1\ndense 1 tanh",
        "m:3:9: expected a rate of at least 0 and below 1, got '1' (usage: dropout RATE)",
    ),
    ("2 1 1\ninput\ndropout", "m:3:1: expected 'dropout RATE', got 'dropout'"),
    ("2 1 1\rinput\rdense 1 tanh", "m:1:1: expected 'WIDTH HEIGHT DEPTH', got '2 1 1 input dense 1 tanh'; try '? 1 1'"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_description_is_refused_where_it_is_wrong(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        ModelDescription.parse(text, "m")
    assert str(caught.value) == message


@pytest.mark.parametrize("digits", ["1" + "0" * 18, "1" + "0" * 400, "9" * 10_000])
@pytest.mark.parametrize("text", ["{} 1 1\ninput\ndense 1 tanh", "2 1 1\ninput\ndense {} tanh"])
def test_a_number_beyond_18_digits_is_refused(text: str, digits: str) -> None:
    with pytest.raises(BadInput, match=r"^m:[13]:[17]: expected a whole number of 1 or more, got '"):
        ModelDescription.parse(text.format(digits), "m")


def test_sizes_that_no_machine_could_hold_are_read_and_counted_exactly() -> None:
    description = ModelDescription.parse(f"{HUGE} {HUGE} {HUGE}\ninput\ndense {HUGE} tanh\n")
    assert description.features == int(HUGE) ** 3
    assert description.outputs == int(HUGE)


def test_leading_zeros_count_nothing() -> None:
    assert ModelDescription.parse(f"{'0' * 100_000}2 1 1\ninput\ndense 1 tanh").features == 2


def test_a_file_too_long_for_a_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"#" * (LONGEST + 5))
    with pytest.raises(
        BadInput, match=rf"long: expected a model description of at most {LONGEST} characters, got more$"
    ):
        ModelDescription.read(str(tmp_path / "long"))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"2 1 1\n\xff\xfe")
    with pytest.raises(BadInput, match=r"binary: expected a model description, got bytes that are not UTF-8: "):
        ModelDescription.read(str(tmp_path / "binary"))


@pytest.mark.parametrize(("name", "reason"), [("none", "no such file; it describes"), (".", "is a folder")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    path = str(tmp_path / name)
    with pytest.raises(BadInput) as caught:
        ModelDescription.read(path)
    assert str(caught.value).startswith(f"{path}: {reason}")


@pytest.mark.parametrize(
    ("model", "loss", "line"),
    [
        ("2 1 1\ninput\ndense 4 tanh\n\ndense 1 relu\n", "binary-cross-entropy", 5),
        ("2 1 1\ninput\ndense 1 -\noutput relu\n", "binary-cross-entropy", 4),
        ("2 1 1\ninput\ndense 1 tanh\n", "cross-entropy", 3),
    ],
)
def test_a_loss_that_cannot_judge_the_outputs_is_an_error_of_their_line(
    kerash: Kerash, tmp_path: Path, model: str, loss: str, line: int
) -> None:
    (tmp_path / "m.txt").write_text(model)
    for word, source in (("m.txt", "m.txt"), ("-", "<stdin>")):
        done = kerash("train", word, "data/xor.data", "data/xor.label", "-o", "m.kerash", "--loss", loss, input=model)
        assert done.code == 2
        assert done.error.startswith(f"{source}:{line}: expected an activation whose")
    assert not (tmp_path / "m.kerash").exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("convolution relu 2 1 0 9 3", "m:3: expected a kernel that fits the input of 8x6, got 9x3"),
        ("max_pooling - 1 1 2 9", "m:3: expected a kernel that fits the input of 8x6, 10x8 with its padding, got 2x9"),
        ("max_pooling - 1 2 2 2", "m:3: expected a padding smaller than the kernel of 2x2, got 2"),
        ("convolution relu 2 0 0 3 3", "m:3:20: expected a whole number of 1 or more, got '0'"),
        ("convolution relu 2 1 -1 3 3", "m:3:22: expected a whole number of 1 or more, got '-1'"),
        ("convolution relu 2 1 0 3", "m:3:1: expected 'convolution ACTIVATION FILTERS STRIDE PAD KERNEL_WIDTH"),
        (
            "convolution softmax ? 1 0 3 3",
            "m:3: expected a row of numbers for softmax in the last layer, got an image of 6x4x5",
        ),
        ("conv relu 2 1 0 3 3", "m:3:1: unknown layer 'conv'"),
    ],
)
def test_an_image_layer_that_does_not_fit_is_told_with_both_shapes(line: str, expected: str) -> None:
    rest = "" if "?" in line else "dense ? softmax\n"
    with pytest.raises(BadInput) as caught:
        ModelDescription.parse(f"8 6 1\ninput\n{line}\n{rest}", "m").resolve(48, 5)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    "lines",
    [
        "convolution softmax 3 1 0 3 3\ndense ? softmax",  # over the filters of each place
        "convolution relu 3 99 0 3 3\ndense ? softmax",  # one window
        "convolution relu 3 1 3 3 3\ndense ? softmax",  # some see padding alone
        "dense 4 relu\nflatten\ndense ? softmax",
        "convolution - ? 1 0 3 3\nglobal_average_pooling softmax",
        "convolution - 3 1 0 3 3\nbatch_normalization relu\nflatten\nbatch_normalization\ndense ? softmax",
    ],
)
def test_what_is_unusual_but_means_something_is_fine(lines: str) -> None:
    assert ModelDescription.parse(f"8 6 1\ninput\n{lines}\n").resolve(48, 5).outputs == 5


def test_as_many_filters_as_targets_must_be_as_many_outputs() -> None:
    with pytest.raises(BadInput, match=r"^m:3: expected as many outputs as there are targets, 2, got 8"):
        ModelDescription.parse("4 4 1\ninput\nconvolution - ? 1 0 3 3\n", "m").resolve(16, 2)
