"""Offers of what there is to choose from: words of a list, columns of the table on the line, stored models, files."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click
from click.shell_completion import CompletionItem

from kerash_cli.completion import stored
from kerash_cli.completion.typed import NOTHING, Typed
from kerash_cli.completion.words import of
from kerash_cli.errors import printable

MOST = 1_000
"""Most columns that are offered: nobody reads a longer list, and it would not be there at once."""

_COMPRESSED = ("gz", "bz2", "xz", "lzma", "zst")
TABLES = (
    *("csv", "tsv", "txt", "data", "dat", "label", "json", "jsonl", "ndjson", "arff", "libsvm", "svm", "npy", "npz"),
    *("parquet", "feather", "arrow", "idx", "idx3-ubyte", "idx1-ubyte", "zip", *_COMPRESSED),
)
"""Endings of files that are tables."""
NO_TABLES = (".kerash", ".model", ".evolve", ".onnx")
"""Endings of files that are none, but may stand on the line before the table."""


def words(name: str, before: str = "") -> list[CompletionItem]:
    """Returns the words of a list, with `before` in front of each."""
    return chosen(of(name), before)


def chosen(words: Mapping[str, str] | Sequence[str], before: str = "") -> list[CompletionItem]:
    """Returns these words, with their sentences if there are any. A word that ends in `:` or `=` is to go on."""
    sentences = words if isinstance(words, Mapping) else dict.fromkeys(words, "")
    return [
        CompletionItem(before + word, help=sentences[word] or None, goes_on=word.endswith((":", "=")))
        for word in sentences
    ]


def files(incomplete: str, endings: Iterable[str] = (), folders: bool = False) -> list[CompletionItem]:
    """Returns an item for which a shell lists files: those with one of the endings, all if there are none of them."""
    return [CompletionItem(incomplete, type="dir" if folders else "file", endings=tuple(endings))]


def given(context: click.Context, parameter: str) -> str | None:
    """Returns the word for a parameter of the command, anywhere on the line; None if there is none."""
    typed = context.obj
    word = typed.parameters(context).get(parameter) if isinstance(typed, Typed) else None
    return word if isinstance(word, str) and word != NOTHING else None


def names(kind: stored.Kind, context: click.Context) -> list[CompletionItem]:
    """Returns the stored models, genomes or searches."""
    mountpoint = given(context, "mountpoint")
    where = expanded(mountpoint) if mountpoint else None
    about = {"model": "stored model", "genome": "genome", "search": "search"}[kind]
    return [CompletionItem(name, help=about) for name in stored.names(kind, where)]


def columns(context: click.Context, incomplete: str, before: str = "") -> list[CompletionItem]:
    """Returns the columns of the table on the line that fit `incomplete`, with `before` in front of each.

    A column is offered by its name or, if it has none that can be typed, by its number.
    """
    typed = context.obj
    if not isinstance(typed, Typed):
        return []
    from kerash_cli.tables import glimpse  # imported late, as few completions read a table

    options = typed.parameters(context)
    reading = {name: options[name] for name in ("delimiter", "header", "skip_rows", "encoding") if name in options}
    quotes = not options.get("no_quotes")
    for path in typed.others(context):
        if not path.endswith(NO_TABLES):
            found = glimpse.columns(expanded(path), quotes=quotes, **reading)
            if found.width:
                return [*_items(*found, before, incomplete[len(before) :])]
    return []


def _items(names: tuple[str, ...] | None, width: int, before: str, begun: str) -> Iterator[CompletionItem]:
    """Yields the columns that begin so, whatever the case of their letters, since a shell may overlook it."""
    taken, offered = set(names or ()), 0
    for number in range(1, width + 1):
        name = names[number - 1] if names else ""
        typeable = bool(name) and name.isprintable() and not name.startswith("-")
        word = name if typeable else str(number)
        if (not typeable and word in taken) or not word.casefold().startswith(begun.casefold()):
            continue
        about = f"column {number}" if typeable or not name else printable(name)
        yield CompletionItem(before + word, help=about)
        offered += 1
        if offered == MOST:
            return


def expanded(path: str) -> str:
    """Returns the name of a file with ~ and variables of the environment expanded, as a shell would; runs nothing."""
    return path if os.path.exists(path) else os.path.expandvars(os.path.expanduser(path))
