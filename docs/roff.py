"""Text as roff, the language of man pages: escaped, with marks for what is typed and what is to be replaced."""

import re
import textwrap
from collections.abc import Collection

SPELLED = {
    "\\": "\\e",
    "-": "\\-",
    "'": "\\(aq",
    "`": "\\(ga",
    "^": "\\(ha",
    "~": "\\(ti",
    '"': "\\(dq",
    "…": "...",
    "×": "\\(mu",
}
"""Characters that roff would take for others, or that a terminal would show as others, and what stands for them."""

LINE = 78
"""Letters in a line of the source, which has nothing to do with the lines that `man` shows."""

_OPTION = r"(?<![\w-])--?[A-Za-z][\w-]*"
_TYPED = rf"{_OPTION}|(?<!\w)[a-z][\w-]*"
_REPLACED = r"(?<!\w)[A-Z]\w*"


def escaped(text: str) -> str:
    """Returns a text in which each character stands for itself; raises ValueError for one that has no spelling."""
    spelled = "".join(SPELLED.get(letter, letter) for letter in text)
    if not spelled.isascii():
        raise ValueError(f"write its name in roff into SPELLED: {text!r}")
    return f"\\&{spelled}" if spelled.startswith(".") else spelled


def bold(text: str) -> str:
    """Returns words that are typed as they stand."""
    return f"\\fB{escaped(text)}\\fR"


def italic(text: str) -> str:
    """Returns a word that stands for another one."""
    return f"\\fI{escaped(text)}\\fR"


def synopsis(words: str) -> str:
    """Returns the words of a command line: `[DATA]` is to be replaced, `--seed` and `mpi` are typed."""
    parts = re.split(rf"({_TYPED}|{_REPLACED})", words)
    return "".join(_word(part) if place % 2 else _plain(part) for place, part in enumerate(parts))


def prose(text: str, placeholders: Collection[str] = ()) -> str:
    """Returns the lines of a paragraph, one or more for a sentence.

    Words between backticks, and options, are typed; placeholders stand for other words.
    """
    replaced = "|".join(map(re.escape, sorted(placeholders, key=len, reverse=True)))
    spans = rf"`[^`]+`|{_OPTION}" + (rf"|(?<![\w-])(?:{replaced})(?![\w-])" if replaced else "")
    parts = re.split(f"({spans})", " ".join(text.split()))
    marked = "".join(_marked(part, placeholders) if place % 2 else _plain(part) for place, part in enumerate(parts))
    return "\n".join(_guarded(line) for sentence in re.split(r"(?<=[.?]) ", marked) for line in _filled(sentence))


def verbatim(lines: Collection[str]) -> str:
    """Returns lines that are shown as they are; words below them stay whole, which `.EE` would undo."""
    return "\n".join([".EX", *(escaped(line) for line in lines), ".EE", ".nh"])


def _word(word: str) -> str:
    return italic(word) if word[0].isupper() else bold(word)


def _marked(span: str, placeholders: Collection[str]) -> str:
    if span in placeholders:
        return italic(span)
    return bold(span.strip("`"))


def _plain(text: str) -> str:
    return escaped(text).removeprefix("\\&")


def _filled(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, LINE, break_long_words=False, break_on_hyphens=False)


def _guarded(line: str) -> str:
    """Returns a line that is no request, even if it begins with a point."""
    return f"\\&{line}" if line.startswith(".") else line
