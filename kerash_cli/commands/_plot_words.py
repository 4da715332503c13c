"""The words of `kerash plot`: saved models, run logs, searches, activations and tables, told apart by what they are."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from shlex import join, quote

from kerash_cli.errors import BadInput, shown


@dataclass
class PlotWords:
    """The words of the command line, by what they name; each list is in the order of the line."""

    models: list[str] = field(default_factory=list)
    """Saved models and genomes."""
    logs: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    activations: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    """DATA and LABEL."""
    trainings: list[str] = field(default_factory=list)
    """Models and logs, in the order of the line."""

    @classmethod
    def of(cls, words: Sequence[str], kinds: Collection[str], mountpoint: str | None) -> "PlotWords":
        """Tells the words apart; `kinds` are names of kinds of charts, and genomes are in the mountpoint.

        Raises BadInput for a word that names nothing, and for more than two tables.
        """
        found = cls()
        for word in words:
            found._add(word, words, kinds, mountpoint)
        if len(found.tables) > 2:
            raise BadInput(
                f"expected one table, or a table and its labels, got {len(found.tables)}: {', '.join(found.tables)}"
            )
        return found

    @property
    def data(self) -> str | None:
        """The table, if there is one."""
        return self.tables[0] if self.tables else None

    @property
    def label(self) -> str | None:
        """The labels, if they are in a file of their own."""
        return self.tables[1] if len(self.tables) > 1 else None

    def _add(self, word: str, words: Sequence[str], kinds: Collection[str], mountpoint: str | None) -> None:
        from kerash_cli.commands import _files

        if word == "-" or _is_pipe(word):
            self.tables.append(word)
        elif os.path.isdir(word):
            (self.searches if _is_search(word) else self.tables).append(word)
        elif os.path.isfile(word):
            self._add_file(word)
        elif word.endswith(".kerash"):  # loading it tells that it is missing
            self.models.append(word)
            self.trainings.append(word)
        elif _is_search(f"{word}.evolve"):
            self.searches.append(word)
        elif _is_activation(word):
            self.activations.append(word)
        elif _files.is_table(word):  # a pattern of several files
            self.tables.append(word)
        elif word in kinds:
            others = [each for each in words if each != word]
            raise BadInput(f"{word} is a kind of chart; try kerash plot {join([*others, '--kind', word])}")
        elif "." in word or "/" in word:
            raise BadInput(f"{word}: no such file; kerash plot takes saved models, run logs, searches and tables")
        else:
            self.models.append(_genome(word, kinds, mountpoint))

    def _add_file(self, word: str) -> None:
        from kerash_cli.model import archive
        from kerash_cli.model.description import begins_description
        from kerash_cli.model.history import looks_like_log

        if archive.looks_like_model(word):
            self.models.append(word)
            self.trainings.append(word)
        elif looks_like_log(word):
            self.logs.append(word)
            self.trainings.append(word)
        elif begins_description(word):
            raise BadInput(f"{word} describes a network without weights; try kerash show {quote(word)}")
        else:
            self.tables.append(word)


def _is_pipe(path: str) -> bool:
    """Returns whether a path is neither a file nor a folder, but there: a pipe, as `<(…)` in bash is."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _is_search(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "history.jsonl"))


def _is_activation(word: str) -> bool:
    """Returns whether a word names an activation, with or without parameters."""
    from kerash_cli.engine.activations import ACTIVATIONS

    return word.partition(":")[0] in ACTIVATIONS


def _genome(word: str, kinds: Collection[str], mountpoint: str | None) -> str:
    """Returns a word that names a genome; raises BadInput if it names nothing."""
    from difflib import get_close_matches

    from kerash_cli.commands._files import load
    from kerash_cli.engine.activations import ACTIVATIONS

    try:
        load(word, mountpoint, lambda line: None)
    except BadInput:
        close = get_close_matches(word.lower(), [*ACTIVATIONS, *kinds], n=1)
        meant = f"did you mean {close[0]!r}?" if close else "kerash plot --help has examples"
        raise BadInput(f"{shown(word)} is no file, search, activation or genome; {meant}") from None
    return word
