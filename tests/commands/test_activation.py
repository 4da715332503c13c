import json
import math

import pytest
from click.testing import CliRunner

from kerash_cli.commands import activation
from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.errors import BadInput


def run(*arguments: str, input: str | bytes = "") -> list[str]:
    result = CliRunner().invoke(activation.command, arguments, input=input, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def refused(*arguments: str, input: str | bytes = "") -> str:
    with pytest.raises(BadInput) as error:
        run(*arguments, input=input)
    return str(error.value)


def test_each_number_has_a_line() -> None:
    assert run("relu", "1", "2.5", "0") == ["1", "2.5", "0"]


def test_negative_numbers_need_no_separator() -> None:
    assert run("identity", "-1.5", "-.5", "-1e-5", "-0") == ["-1.5", "-0.5", "-1e-05", "-0"]


def test_options_may_follow_numbers() -> None:
    assert run("prelu:0.1", "-3", "3", "--derivative") == ["0.1", "1"]


def test_results_are_shortest_decimals() -> None:
    (line,) = run("sigmoid", "1")
    assert float(line) == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-15)
    assert line == repr(float(line))


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_numbers_may_come_on_standard_input(arguments: tuple[str, ...]) -> None:
    assert run("relu", *arguments, input="-1 2\r\n\n\t3") == ["0", "2", "3"]


def test_softmax_takes_all_numbers_as_one_vector() -> None:
    values = [float(line) for line in run("softmax", "1", "2", "3")]
    total = sum(math.exp(x) for x in (1, 2, 3))
    assert values == pytest.approx([math.exp(x) / total for x in (1, 2, 3)], rel=1e-14)


def test_json_says_what_was_computed() -> None:
    assert json.loads(run("prelu:0.5", "-1", "--derivative", "--json")[0]) == {
        "activation": "prelu:0.5",
        "derivative": True,
        "x": [-1.0],
        "y": [0.5],
    }


@pytest.mark.parametrize("word", ["nan", "inf", "-inf", "1_0", "0x1", "1e999", "٣", "1,5", ""])
def test_what_is_no_decimal_is_refused_with_its_position(word: str) -> None:
    message = refused("relu", "1", word)
    assert message == f"argument 3: expected a decimal number, got {word!r}; try one like -1.5 or 7e-3"


def test_a_bad_word_on_standard_input_is_refused_with_line_and_column() -> None:
    assert refused("relu", input="1 2\n3  x4\n").startswith("<stdin>:2:4: expected a decimal number, got 'x4'; try")


def test_a_terminal_is_told_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda stream: True)
    invoke = CliRunner().invoke
    assert invoke(activation.command, ["relu"], input="1\n").stderr == "reading standard input; Ctrl-D ends it\n"
    assert invoke(activation.command, ["relu", "-q"], input="1\n").stderr == ""
    assert invoke(activation.command, ["relu", "1"]).stderr == ""


def test_bytes_that_are_no_text_are_refused() -> None:
    assert refused("relu", input=b"1\n\xff\x00").startswith("<stdin>:2:1: expected a decimal number")


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation, "_LONGEST_LINE", 10)
    assert refused("relu", input="1\n" + "1 " * 6).startswith("<stdin>:2: expected lines of at most 16 MB")
    assert run("relu", input="1 2 3 4 5\n") == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", ["relu", "softmax"])
def test_no_numbers_are_refused(name: str) -> None:
    assert refused(name, input=" \n").startswith("<stdin>: expected numbers, got none; try")


def test_an_unknown_name_gets_a_suggestion() -> None:
    assert refused("sigmiod", "1") == "unknown activation 'sigmiod'; did you mean 'sigmoid'?"


def test_a_result_that_overflows_is_refused() -> None:
    assert refused("quadratic", "1e200").startswith("expected a result that fits in 64 bits, got quadratic of 1e+200")


def test_softmax_has_no_derivative_of_one_number() -> None:
    assert "softmax" in refused("softmax", "1", "--derivative")


def test_a_name_is_needed() -> None:
    assert refused().endswith("is missing; try kerash activation --list")


@pytest.mark.parametrize("arguments", [("relu", "--derivativ"), ("--lst",)])
def test_an_unknown_option_is_no_number(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(activation.command, arguments)
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_the_list_has_a_line_for_each_activation() -> None:
    heading, *lines = run("--list")
    assert heading.split()[0] == "name"
    assert [line.split()[0] for line in lines] == list(ACTIVATIONS)
    assert next(line for line in lines if line.startswith("relu ")).split()[1] == "▁▁▁▁▁▁▁▁▁▁▁▂▂▃▄▅▅▆▇▇█"


def test_the_list_is_ascii_where_the_terminal_is() -> None:
    output = CliRunner(charset="ascii").invoke(activation.command, ["--list"], catch_exceptions=False).output
    assert output.isascii()
    assert "__________@@@@@@@@@@@" in output


def test_the_list_as_json_has_what_the_table_has() -> None:
    listed = json.loads(run("--list", "--json")[0])
    assert list(listed) == list(ACTIVATIONS)
    assert listed["prelu"] == {"formula": "x if x > 0 else slope x", "parameters": {"slope": 0.25}, "aliases": []}


def test_the_list_takes_no_name() -> None:
    assert refused("--list", "relu").startswith("--list takes no further words, got 'relu'")


def test_formulas_and_messages_are_ascii() -> None:
    assert all(definition.formula.isascii() for definition in ACTIVATIONS.values())
