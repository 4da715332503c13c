"""Several files as one table: `'train-*.csv'` stands for all files with such a name, in the order of their names.

The files are joined to one text. A header that all of them have counts once, and comments above it too. Messages name
the file that a line comes from.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from kerash_cli import decimals
from kerash_cli.errors import BadInput, SeveralFiles, at, plain, shown
from kerash_cli.system import memory
from kerash_cli.tables.delimiters import DELIMITERS
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source, opened

_STEP = 8 << 20  # bytes for which memory is asked at a time
_LONGEST_BEGINNING = 1 << 20


@contextmanager
def joined(
    pattern: str, paths: Sequence[str], options: Options, magics: Iterable[bytes], check: Callable[[Source], None]
) -> Iterator[tuple[Source, Options]]:
    """Joins text files until the `with` block ends; yields the source, and the options for reading it.

    `check` raises BadInput for a file that is no text. Raises BadInput if two files have the same columns in another
    order.
    """
    with options.spool.file() if options.spool else TemporaryFile(dir=_folder()) as file:
        begun, starts = _copied(pattern, paths, options, magics, check, file)
        file.flush()
        file.seek(0)
        source = Source(SeveralFiles(pattern, starts), file.fileno(), magics, digest=True)
        yield source, replace(options, header=begun.is_header or options.header, skip_rows=0)


class _FirstLines(NamedTuple):
    """The first lines of a file."""

    dropped: int
    """Number of lines before the first that counts: those to skip, blank ones and comments."""
    first: bytes
    """The first line that counts, with its line end."""
    rest: bytes
    """Text that was read after it."""
    above: bytes = b""
    """Blank lines and comments."""
    is_header: bool = False
    """True if all files begin with it."""


def _copied(
    pattern: str,
    paths: Sequence[str],
    options: Options,
    magics: Iterable[bytes],
    check: Callable[[Source], None],
    file: IO[bytes],
) -> tuple[_FirstLines, list[tuple[int, str, int]]]:
    """Writes the texts of the files, one after the other; returns the beginning of the first, and where each starts."""
    write = options.spool.write if options.spool else _write
    first, starts, line, asked = None, list[tuple[int, str, int]](), 1, 0
    for path in paths:
        with opened(path, magics) as source:
            check(source)
            source.decode(options.encoding)
            pieces = iter(source)
            begun = _beginning(pieces, options.skip_rows)
            if first is None:
                first, text, local = begun, begun.above + begun.first + begun.rest, 1 + options.skip_rows
            elif _is_repeated(first, begun, paths[0], path, options):
                first = first._replace(is_header=True)
                text, local = begun.rest, begun.dropped + 2
            else:
                text, local = begun.first + begun.rest, begun.dropped + 1
            starts.append((line, path, local))
            last = b"\n"
            for piece in chain([text], pieces):
                asked -= len(piece)
                if asked < 0 and not options.spool:
                    memory.require_for_table(_STEP + len(piece), at(pattern), "try fewer files")
                    asked += _STEP + len(piece)
                write(file, piece)
                line += piece.count(b"\n")
                last = piece[-1:] or last
            if last != b"\n":
                file.write(b"\n")
                line += 1
    assert first is not None, "a pattern stands for two files or more"
    return first, starts


def _write(file: IO[bytes], piece: bytes) -> None:
    file.write(piece)


def _folder() -> str | None:
    """Returns the folder for the joined text, which is in memory if possible."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def _beginning(pieces: Iterator[bytes], skip: int) -> _FirstLines:
    """Reads the first lines of a text, up to the first that is neither skipped, blank nor a comment."""
    text, start, dropped, above = b"", 0, 0, list[bytes]()
    while True:
        end = text.find(b"\n", start)
        if end < 0 and len(text) - start < _LONGEST_BEGINNING and (piece := next(pieces, b"")):
            text, start = text[start:] + piece, 0
            continue
        stop = end + 1 or len(text)
        line = text[start:stop]
        is_skipped, is_above = dropped < skip, not line.strip() or line.startswith(b"#")
        if end < 0 or not (is_skipped or is_above):
            return _FirstLines(dropped, line, text[stop:], b"".join(above))
        if not is_skipped:
            above.append(line)
        start, dropped = stop, dropped + 1


def _is_repeated(first: _FirstLines, begun: _FirstLines, path: str, other: str, options: Options) -> bool:
    """Returns whether a file begins with the header of the first file; raises BadInput if it has another header."""
    if options.header is False or not _may_name_columns(first.first):
        return False
    one, two = (line.first.strip().decode(errors="replace") for line in (first, begun))
    if one == two:
        return True
    if options.header or any(sorted(one.split(each)) == sorted(two.split(each)) for each in DELIMITERS if each in one):
        raise BadInput(f"{at(other, begun.dropped + 1)}expected the header of {path}, {shown(one)}, got {shown(two)}")
    return False


def _may_name_columns(line: bytes) -> bool:
    """Returns whether a line can be a header: it is neither JSON nor begins with numbers alone."""
    text = line.decode(errors="replace").strip()
    cells = text.replace(";", ",").replace("\t", ",").replace("|", ",").split(",")
    return text[:1] not in ("{", "[", "@") and any(decimals.number(cell.strip(' "')) is None for cell in cells)


def about(source: SeveralFiles) -> str:
    """Returns a line that names the files of a table, in their order."""
    names = [path for _, path, _ in source.starts]
    return f"{source}: {len(names)} files, from {plain(names[0])} to {plain(names[-1])}"
