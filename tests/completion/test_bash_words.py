"""Words and quotes of bash, as bash itself reads them."""

import random
import string
import subprocess

import pytest

from kerash_cli.completion.shells import quoted
from kerash_cli.completion.typed import TypedWord, words

BREAKS = " \t\n\"'@><=;|&(:"
SPECIAL = "\\'\"`$!*?[]{}()<>|&;#~ =:@^%,äß中é"


def names(count: int) -> list[str]:
    """Names of special characters, with letters between them."""
    draw = random.Random(0)
    alphabet = SPECIAL + string.ascii_letters + string.digits
    some = ["".join(draw.choices(alphabet, k=draw.randint(1, 12))) for _ in range(count)]
    return [*SPECIAL, "~root", "#a", "-n", "a b", "$(touch x)", "${HOME}", *some]


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_bash_reads_a_quoted_name_as_the_name(quote: str) -> None:
    there = names(300)
    script = "".join(f"printf '%s\\0' {quote}{quoted(name, quote)}{quote}\n" for name in there)
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, text=True, encoding="utf-8")
    assert (done.stderr, done.stdout.split("\0")[:-1]) == ("", there)


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_words_are_read_as_bash_reads_them(quote: str) -> None:
    for name in names(300):
        typed = f"{quote}{quoted(name, quote)}"
        found = words(f"kerash check {typed}{quote} x", BREAKS)
        assert [each.text for each in found] == ["kerash", "check", name, "x"]
        *_, last = words(f"kerash check {typed}", BREAKS)
        if (quote == "'" and "'" in name) or (quote == '"' and "!" in name):
            continue  # other quotes follow the first one
        assert (last.text, last.quote) == (name, quote)


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("kerash ", TypedWord("", 0, "", "")),
        ("kerash  --target=a", TypedWord("--target=a", 9, "", "--target=a")),
        ("kerash groups:a", TypedWord("groups:a", 7, "", "groups:a")),
        ("kerash a\\:b", TypedWord("a:b", 0, "", "a\\:b")),
        ('kerash "a b', TypedWord("a b", 0, '"', '"a b')),
        ('kerash x"a b', TypedWord("xa b", 1, '"', 'x"a b')),
        ('kerash "a b"c', TypedWord("a bc", 3, "", '"a b"c')),
        ("kerash a\\", TypedWord("a", 0, "", "a\\")),
        ("kerash 'it'\\''s", TypedWord("it's", 3, "'", "'it'\\''s")),
    ],
)
def test_what_is_completed_begins_where_bash_begins(line: str, last: TypedWord) -> None:
    assert words(line, BREAKS)[-1] == last
