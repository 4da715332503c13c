"""The formats that a model can be exported to, by the endings of files."""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from kerash_cli.errors import BadInput, pip_install
from kerash_cli.export import awk_file, c_file, hub, python_file, sql_query
from kerash_cli.export.material import CARD, CARD_MARK, Material
from kerash_cli.registry import Registry

Writer: TypeAlias = Callable[[Material, str], Mapping[str, bytes]]
"""A function that returns files, by their paths, for a model and the path that the user gave."""


class ExportFormat(NamedTuple):
    """A format, and the function that writes it."""

    summary: str
    write: Writer
    mark: bytes
    """Bytes that files of this format, written by kerash, have near their beginning."""


FORMATS: Registry[ExportFormat] = Registry("format")

MOST_BYTES = 1_900_000_000
"""Maximum number of bytes of weights in an ONNX file: a message of protobuf has 2 GiB at most."""

BEGINNING = 1 << 12
"""Number of bytes in which the mark of a file is looked for."""


def format_of(path: str) -> ExportFormat:
    """Returns the format of a file by its ending; raises BadInput if there is none."""
    ending = os.path.splitext(path)[1]
    if ending not in FORMATS:
        got = f"got {path}" if ending else f"got {path}, which has none"
        raise BadInput(f"--output: expected a name that ends in {', '.join(FORMATS)}; {got}")
    return FORMATS[ending]


def check_replaceable(path: str, mark: bytes) -> None:
    """Raises BadInput if there is a file that kerash did not write: one without the mark, or a page that is no card."""
    if os.path.basename(path) == CARD:
        mark = CARD_MARK
    if os.path.isfile(path) and os.path.getsize(path):
        with open(path, "rb") as file:
            if mark not in file.read(BEGINNING):
                raise BadInput(
                    f"{path} already exists and kerash did not export it; choose another name, or --force to replace it"
                )


def _onnx(material: Material, path: str, raw: bool = False) -> Mapping[str, bytes]:
    try:
        from kerash_cli.export import onnx_file
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise BadInput(f"{path}: .onnx files need a package: {pip_install('kerash[onnx]')}") from None
    if material.trained.params.nbytes > MOST_BYTES:
        raise BadInput(f"{path}: an .onnx file has 2 GB at most, and the weights have more; try .safetensors")
    return {path: onnx_file.write(material, raw)}


def raw_onnx(material: Material, path: str) -> Mapping[str, bytes]:
    """Returns an ONNX file of the network alone."""
    return _onnx(material, path, raw=True)


def _text(write: Callable[[Material, str], str]) -> Writer:
    """Returns the writer of one file of text, given the function that returns the text."""
    return lambda material, path: {path: write(material, os.path.basename(path)).encode()}


MARK = b"Written by kerash "
"""Words in the first comment of a program."""

FORMATS.add(".onnx", ExportFormat("ONNX, the whole way from cells to answers", _onnx, b"kerash"))
FORMATS.add(".py", ExportFormat("a Python program that needs NumPy", _text(python_file.write), MARK))
FORMATS.add(".c", ExportFormat("a C program that needs nothing", _text(c_file.write), MARK))
FORMATS.add(".awk", ExportFormat("an AWK program", _text(awk_file.write), MARK))
FORMATS.add(".sql", ExportFormat("a SELECT for SQLite, DuckDB and PostgreSQL", _text(sql_query.write), MARK))
FORMATS.add(".safetensors", ExportFormat("the saved model and a model card for the Hub", hub.write, b'"kerash"'))
