"""Tensor text that comes in pieces, has long lines, or never ends."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import program
import pytest
from measuring import traced
from tensor_text import BOM, parsed, refused, row

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.tables.formats import tensor_text

PIECE = 1 << 20
"""Bytes that the reader takes at a time: what lies across such a boundary is read like anything else."""


# Longer than what is read at a time


def long_text(start: int, mark: bytes = b"") -> tuple[bytes, list[str]]:
    """A text, and the lines of its values, whose pieces begin in different places of a line for different starts."""
    numbers = [f"{number / 8:.3f}" for number in range(300_000)]
    numbers[0] = "1" * (1 + start)
    return mark + row(*numbers), numbers


def at_boundary(content: bytes) -> int:
    """The line, from 1, in which the second piece of the values begins."""
    return content.count(b"\n", 0, content.index(b"\n") + 1 + PIECE) + 1


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    "start", [*range(0, 12, 4), *(pytest.param(each, marks=pytest.mark.long) for each in range(12) if each % 4)]
)
def test_a_line_and_its_end_across_two_pieces_are_one(start: int, line_end: bytes) -> None:
    content, numbers = long_text(start)
    assert len(content) > 2 * PIECE
    assert parsed(content.replace(b"\n", line_end)).tobytes() == np.array(list(map(float, numbers))).tobytes()


@pytest.mark.parametrize("blanks", [False, True], ids=["dense", "with blank lines"])
@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2, 1000])
def test_a_wrong_value_near_the_end_of_a_piece_has_its_own_number(offset: int, blanks: bool) -> None:
    content, _ = long_text(3)
    if blanks:
        content = content.replace(b"7.000\n", b"7.000\n\n\n")
    lines = content.split(b"\n")
    place = at_boundary(content) + offset
    while not lines[place - 1]:
        place += 1
    lines[place - 1] = b"x" * len(lines[place - 1])
    assert refused(b"\n".join(lines)).startswith(f"t:{place}:1: expected one decimal number, got 'xx")


@pytest.mark.parametrize("blanks", [False, True], ids=["dense", "with blank lines"])
@pytest.mark.parametrize("kept", [0, 1, 5000])
def test_a_surplus_value_in_a_later_piece_has_its_own_number(kept: int, blanks: bool) -> None:
    content, _ = long_text(3)
    place = at_boundary(content) + kept
    lines = content.split(b"\n")
    lines[0] = f"{place - 2} 1 1".encode()
    if blanks:  # 100 of them, all before the surplus value
        lines[1:1] = [b""] * 100
    assert refused(b"\n".join(lines)).startswith(f"t:{place + 100 * blanks}: expected {place - 2} values")


def test_a_missing_value_at_the_end_of_many_pieces_is_counted() -> None:
    content, numbers = long_text(0)
    expected = f"t:1: expected {len(numbers)} values for {len(numbers)} 1 1, got {len(numbers) - 1}"
    assert refused(content[: content.rindex(b"\n", 0, -1)]) == expected


class Dribble(io.RawIOBase):
    """Bytes that come a few at a time, as through a pipe."""

    def __init__(self, content: bytes, most: int) -> None:
        self._rest, self._most = memoryview(content), most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._most, len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@pytest.mark.parametrize("most", [1, 2, 3, 7])
@pytest.mark.parametrize("wrap", [io.BufferedReader, lambda raw: raw], ids=["buffered", "raw"])
def test_how_the_bytes_arrive_changes_nothing(most: int, wrap: Callable[[Any], Any]) -> None:
    content = BOM + b"\r\n\r\n2 2 1\r\n1\r\n\r\n-2.5\r\n 3\r\n4e-5"
    assert tensor_text.read(wrap(Dribble(content, most)), "t").tolist() == [[[1, -2.5], [3, 4e-5]]]


# Long lines


@pytest.mark.parametrize("padding", [b"0", b" "])
def test_a_line_of_4096_bytes_is_read(padding: bytes) -> None:
    assert parsed(b"1 1 1\n" + padding * 4095 + b"7\n").item() == 7


@pytest.mark.parametrize("end", [b"", b"\n", b"\n5\n"])
@pytest.mark.parametrize("padding", [b"0", b" "])
def test_a_line_of_4097_bytes_is_refused(padding: bytes, end: bytes) -> None:
    message = refused(b"3 1 1\n1\n\n" + padding * 4096 + b"7" + end)
    assert message == "t:4: expected one number in a line of at most 4096 bytes, got more"


def test_sizes_in_a_line_of_4096_bytes_are_read() -> None:
    assert parsed(b"1 1 1".ljust(4096) + b"\n7\n").item() == 7


@pytest.mark.parametrize("rest", [b"\n7\n8\n9\n", b"7\n8\n9\n", b" 7\n8\n9\n", b"\nx\n"])
def test_sizes_in_a_line_of_4097_bytes_are_refused(rest: bytes) -> None:
    assert refused(b"3 1 1".ljust(4097) + rest).startswith("t:1: ")


def test_a_blank_line_of_4097_bytes_is_refused_before_the_sizes_and_after_them() -> None:
    assert refused(b" " * 4097 + b"\n1 1 1\nx\n").startswith("t:1: ")
    assert refused(b"1 1 1\n" + b" " * 4097 + b"\n7\n").startswith("t:2: ")


# Bounds


class Endless(io.RawIOBase):
    """Some bytes, then others again and again for ever."""

    def __init__(self, begin: bytes, again: bytes) -> None:
        self._rest, self._again = begin, again

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer):
            self._rest += self._again * (1 + len(buffer) // len(self._again))
        buffer[:] = self._rest[: len(buffer)]
        self._rest = self._rest[len(buffer) :]
        return len(buffer)


ENDLESS = {
    "digits": (b"", b"1"),
    "spaces": (b"", b" "),
    "zero bytes": (b"", b"\0"),
    "sizes": (b"", b"1 1 1 "),
    "spaces after the sizes": (b"1 1 1", b" "),
    "zero bytes after the sizes": (b"1 1 1\n", b"\0"),
    "digits of a value": (b"2 1 1\n1\n", b"1"),
    "spaces after a value": (b"2 1 1\n1\n2", b" "),
    "letters after a blank line": (b"2 1 1\n\n", b"x"),
    "more values": (b"2 1 1\n", b"1\n"),
    "more values than fit": (b"999999999999999999 1 1\n", b"1\n"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("begin", "again"), ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_refused_within_64_mb(begin: bytes, again: bytes) -> None:
    with traced() as most:
        with pytest.raises((BadInput, OutOfSpace)) as caught:
            tensor_text.read(io.BufferedReader(Endless(begin, again)), "t")
        assert most() < 64e6
    assert str(caught.value).startswith("t:")
    assert str(caught.value).isprintable()


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "sizes",
    [
        *("999999999999999999 1 1", "1 999999999999999999 1", "1 1 999999999999999999", "230584300921369395 1 1"),
        *(" ".join(["999999999999999999"] * 3), "4294967296 4294967296 1", "2147483648 2147483648 4"),
        *("3037000500 " * 3, "100000000000000000 100 1", "1000000 1000000 1000000"),
    ],
)
def test_sizes_that_nothing_could_hold_are_refused_at_their_line(sizes: str) -> None:
    with traced() as most:
        message = refused(f"\n{sizes}\n1\n2\n".encode(), OutOfSpace)
        assert most() < 1e6
    assert message.startswith("t:2: needs ")
    assert message.endswith("; try a smaller tensor")


@pytest.mark.timeout(10)
def test_sizes_that_memory_could_hold_take_none_before_there_are_values() -> None:
    with traced() as most:
        assert refused(b"5000 5000 1\n1\n2\n") == "t:1: expected 25000000 values for 5000 5000 1, got 2"
        assert most() < 1e6


LIMITED = """
import resource, sys
import numpy
from kerash_cli.tables.formats import tensor_text
from kerash_cli.errors import KerashError
import io
tensor_text.read(io.BytesIO(b"1 1 1\\n1\\n"), "t")
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
limit = pages * resource.getpagesize() + (64 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            tensor_text.read(file, path)
        print(path, "read")
    except (KerashError, MemoryError) as error:
        print(path, type(error).__name__)
"""


def sparse(path: Path, begin: bytes) -> None:
    """A file of 200 MB that takes no room: its end is a hole."""
    path.write_bytes(begin)
    os.truncate(path, 200_000_000)


@pytest.fixture
def large(tmp_path: Path) -> list[str]:
    """Files that are large, or say that they are, by what is to become of them."""
    sparse(tmp_path / "BadInput_line", b"")
    sparse(tmp_path / "BadInput_sizes", b"1 1 1")
    sparse(tmp_path / "BadInput_value", b"1 1 1\n1")
    sparse(tmp_path / "BadInput_later", b"2 1 1\n1\n\n" + b" " * 4000)
    sparse(tmp_path / "BadInput_after", b"1000000 1 1\n" + b"1\n" * 1_000_000)
    sparse(tmp_path / "OutOfSpace_shape", b"999999999999999999 999999999999999999 1\n")
    (tmp_path / "BadInput_surplus").write_bytes(b"1 1 1\n" + b"1\n" * 2_000_000)
    (tmp_path / "BadInput_blank").write_bytes(b"1 1 1\n" + b"1\n\n" * 1_000_000)
    (tmp_path / "BadInput_long").write_bytes(b"1 1 1\n" + b"1.25\n" * 400_000 + b"x\n")
    return sorted(str(path) for path in tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from /proc")
def test_no_file_takes_more_than_64_mb(large: list[str], environment: dict[str, str]) -> None:
    done = program.finished([sys.executable, "-c", LIMITED, *large], program.ROOT, environment, timeout=60)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [f"{path} {Path(path).name.partition('_')[0]}" for path in large]
