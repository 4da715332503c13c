"""Words that commands take, such as the names of activations, without the modules that register them.

`python -m docs.generate` writes words.tsv, a line for each word: its list, the word, and a sentence about it. A test
compares it with the registries.
"""

import os
from functools import cache

FILE = os.path.join(os.path.dirname(__file__), "words.tsv")


@cache
def _lists() -> dict[str, dict[str, str]]:
    lists: dict[str, dict[str, str]] = {}
    with open(FILE, encoding="utf-8") as lines:
        for line in lines:
            name, word, sentence = line.rstrip("\n").split("\t")
            lists.setdefault(name, {})[word] = sentence
    return lists


def of(name: str) -> dict[str, str]:
    """Returns the words of a list, each with its sentence; none if there is no such list."""
    return _lists().get(name, {})
