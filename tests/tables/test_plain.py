"""What comes before a filter in a message; tests/cases/test_formats.py runs some of them."""

import gzip
from pathlib import Path

import pytest

from kerash_cli.errors import Repair
from kerash_cli.tables import plain, reading

REPAIR = Repair("t", "sed 5d", then=("cat",))


@pytest.mark.parametrize(
    ("content", "commands"),
    [
        (b"a,b\n1,2\n", ["sed 5d", "cat"]),
        (gzip.compress(b"a,b\r1,2\r", mtime=0), ["gzip -dc", "tr '\\r' '\\n'", "sed 5d", "cat"]),
        ("a,b\n1,2\n".encode("utf-16"), ["iconv -f UTF-16 -t UTF-8", "sed 5d", "cat"]),
        (b"a,b\r\n1,2\r3,4\r\n", ["perl -pe 's/\\r\\n?/\\n/g'", "sed 5d", "cat"]),
        (b"a,b\r\n1,2\r\n", ["sed 5d", "cat"]),
    ],
)
@pytest.mark.usefixtures("in_tmp_path")
def test_a_filter_comes_after_what_makes_plain_text(content: bytes, commands: list[str]) -> None:
    Path("t").write_bytes(content)
    reading.read("t")
    (repair,) = plain.applicable((REPAIR,))
    assert [repair.filter, *repair.then] == commands


@pytest.mark.usefixtures("in_tmp_path")
def test_no_filter_is_for_rows_that_are_no_lines_of_delimited_text() -> None:
    Path("t").write_bytes(b'{"a":1}\n')
    reading.read("t")
    words = Repair("t", "", ("--header",))
    assert plain.applicable((REPAIR, words, REPAIR._replace(path="u"))) == [words, REPAIR._replace(path="u")]


@pytest.mark.usefixtures("in_tmp_path")
def test_no_filter_is_for_text_that_has_to_stay_in_a_wide_encoding() -> None:
    Path("t").write_bytes("a,b\n1,2\n".encode("utf-16"))
    reading.read("t", encoding="utf-16")
    assert plain.applicable((REPAIR,)) == []
