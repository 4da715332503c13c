"""Tensor text, read and refused."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, KerashError
from kerash_cli.tables.formats import tensor_text

BOM = b"\xef\xbb\xbf"


def parsed(content: bytes) -> NDArray[np.float64]:
    return tensor_text.read(io.BytesIO(content), "t")


def refused(content: bytes, error: type[KerashError] = BadInput) -> str:
    """The one line with which a text is refused."""
    with pytest.raises(error) as caught:
        parsed(content)
    message = str(caught.value)
    assert message.startswith("t:")
    assert message.isprintable()
    assert len(message) < 300
    return message


def row(*values: str | bytes) -> bytes:
    """The text of a matrix of height 1."""
    lines = [value if isinstance(value, bytes) else value.encode() for value in values]
    return b"\n".join([f"{len(values)} 1 1".encode(), *lines, b""])
