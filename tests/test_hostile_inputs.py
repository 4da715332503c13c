"""PROMISES I1: any bytes give a result or one line, whatever reads them: by hand, at random, and as command lines."""

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from conftest import Kerash
from hostile import PARSERS, deadline, furnish, mutations
from hostile_cases import SOUND
from hostile_made import NAMES, made_by_hand

from kerash_cli.errors import KerashError, told

LONGEST = 2.0
"""Seconds of the processor that an input may take."""


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which all is sound."""
    folder = tmp_path_factory.mktemp("furnished")
    furnish(folder)
    return folder


@pytest.fixture
def folder(furnished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(furnished, tmp_path, dirs_exist_ok=True))


def outcome(name: str, folder: Path) -> object:
    """What a parser makes of what is in the folder; None where that was an error of one line and its exit code."""
    parser = PARSERS[name]
    try:
        with deadline(LONGEST):
            return parser.parse(folder)
    except KerashError as error:
        failed = error
    message = told(str(failed))
    assert failed.exit_code in parser.codes, f"{failed.exit_code}: {message}"
    assert message.isprintable(), repr(message)
    assert str(folder) in message, message
    return None


def inputs(name: str, folder: Path) -> Iterator[tuple[str, bytes, int | None]]:
    """The cases of a parser, and what comes of each."""
    cases = made_by_hand(name, (folder / PARSERS[name].file).read_bytes())
    return ((case, content, expected) for case, (content, expected) in cases.items())


def test_there_are_200_inputs_made_by_hand(folder: Path) -> None:
    assert sum(len([*inputs(name, folder)]) for name in NAMES) >= 200
    assert {name.removesuffix(", sealed") for name in PARSERS} == {*NAMES}, "write inputs for each parser"


@pytest.mark.parametrize("name", PARSERS)
def test_sound_bytes_are_read(folder: Path, name: str) -> None:
    assert outcome(name, folder) is not None


@pytest.mark.parametrize("name", NAMES)
def test_an_input_made_by_hand_gives_what_it_should_or_one_line(folder: Path, name: str) -> None:
    place = folder / PARSERS[name].file
    for case, content, expected in inputs(name, folder):
        place.write_bytes(content)
        made = outcome(name, folder)
        if expected is None or expected == SOUND:
            assert (made is None) == (expected is None) or name.startswith("history"), f"{case}: {made!r}"
        else:
            assert made == expected, case


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in PARSERS if "genome" not in name])
@pytest.mark.parametrize("count", [30, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_bytes_give_a_result_or_one_line(folder: Path, name: str, count: int) -> None:
    """Those of genomes are in test_genomes_fuzz."""
    place = folder / PARSERS[name].file
    for content in mutations(PARSERS[name], place.read_bytes(), count, name):
        place.write_bytes(content)
        outcome(name, folder)


@pytest.mark.parametrize("count", [1, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", [*NAMES[:12], "genome meta.dat", "saved model", "checkpoint"])
def test_a_command_line_with_an_input_made_by_hand_ends_in_one_line(
    kerash: Kerash, folder: Path, name: str, count: int
) -> None:
    """And changes nothing: what it would have made is not there."""
    parser = PARSERS[name]
    for _, content, expected in islice(inputs(name, folder), count):
        (folder / parser.file).write_bytes(content)
        before = {str(path) for path in folder.rglob("*")}
        done = kerash(*parser.command)
        if expected is None:
            assert done.code in (*parser.codes, 5), done.err
            assert done.error
            assert done.out == ""
            assert {str(path) for path in folder.rglob("*")} == before
        assert done.code in (0, 4, *parser.codes, 5), done.err
        assert "Traceback" not in done.err
