"""An image file as a row of numbers from 0 to 255: PGM and PPM, and, with Pillow, PNG and JPEG.

Numbers are in the order of a sample: by rows, one channel after the other. A palette becomes its colours; transparent
pixels, 16 bits a number, and other colours than grey or red, green and blue are refused. A photograph is turned as its
EXIF data says.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, at, pip_install
from kerash_cli.system import memory
from kerash_cli.tables.formats import netpbm
from kerash_cli.tables.formats.arrays import ArrayHeader
from kerash_cli.tables.formats.base import Format
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
ENDINGS = (".pgm", ".ppm", ".pnm", ".png", ".jpg", ".jpeg")
"""Endings of the names of images."""
LARGEST_FILE = 256_000_000
"""Maximum size of an image file in bytes: 64 million numbers as text, each with a separator."""

_PNG_BITS = 24  # place of the number of bits in a PNG, within its first chunk
_UNASKED = 1 << 20  # looking up the free memory takes longer than decoding so many pixels
_COPIES = 4  # of the pixels of an image, at most, while it is decoded


def begins(head: bytes, name: str) -> bool:
    """Returns whether a file that begins like this, and has this name, is an image that `pixels` reads."""
    is_netpbm = head[:1] == b"P" and name.lower().endswith(ENDINGS[:3])
    return head.startswith((PNG, JPEG)) or netpbm.begins(head) or is_netpbm


def pixels(content: bytes, source: str) -> NDArray[np.uint8]:
    """Returns the numbers (depth, height, width) of an image; raises BadInput if it is invalid."""
    if content.startswith((PNG, JPEG)):
        return _decoded(content, source)
    if content[:1] == b"P":
        return netpbm.read(content, source)
    raise BadInput(f"{at(source)}expected a PGM, PPM, PNG or JPEG image, got another kind of file; try another file")


@dataclass(frozen=True)
class PictureLayout:
    """Rules by which blocks of pixels become rows."""

    header: ArrayHeader
    names: Sequence[str] = ()
    """Names of all images, as text of the rows; empty if it is not needed."""
    notes: tuple[str, ...] = ()

    def rows(self, block: Block) -> Iterator[Table]:
        """Yields the rows of a block, whose line is the number of its first image."""
        table = self.header.table(block.text, block.line)
        names = self.names[block.line - 1 : block.line - 1 + table.rows]
        yield replace(table, records=[quoted(name) for name in names] or None, notes=self.notes)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        return {"source": self.header.source, "shape": self.header.shape, "names": list(self.names)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        return cls(ArrayHeader(record["source"], np.dtype(np.uint8), tuple(record["shape"])), record["names"])


def read(source: Source, options: Options) -> Table:
    """Reads an image file as a table of one row."""
    ((layout, block),) = blocks(source, options)
    (table,) = layout.rows(block)
    return table


def blocks(source: Source, options: Options) -> Iterator[tuple[PictureLayout, Block]]:
    """Yields an image file as a block of one row."""
    image = pixels(whole(source, source.name), source.name)
    header = ArrayHeader(source.name, image.dtype, (1, *image.shape))
    yield PictureLayout(header, [source.name] if options.records else ()), Block(image.tobytes(), 1)


def whole(pieces: Iterable[bytes], source: str) -> bytes:
    """Returns all the bytes of a file; raises BadInput if it is too large for an image."""
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > LARGEST_FILE:
            raise BadInput(f"{at(source)}expected an image of at most {LARGEST_FILE // 10**6} MB, got a larger file")
    return bytes(content)


def quoted(name: str) -> str:
    """Returns a name as a cell of CSV."""
    return '"{}"'.format(name.replace('"', '""')) if any(mark in name for mark in '",\r\n') else name


def _decoded(content: bytes, source: str) -> NDArray[np.uint8]:
    """Returns the numbers of a PNG or JPEG."""
    try:
        from PIL import Image
    except ImportError:
        needs = f"{at(source)}images in PNG and JPEG need Pillow; try {pip_install('kerash[images]')}"
        raise BadInput(needs) from None
    if content.startswith(PNG) and content[_PNG_BITS : _PNG_BITS + 1] == b"\x10":
        raise BadInput(f"{at(source)}expected 8 bits a number, got 16; try an image of 8 bits")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow finds odd, but can read
        try:
            with Image.open(BytesIO(content), formats=("PNG", "JPEG")) as image:
                return _numbers(image, source)
        except (BadInput, MemoryError):
            raise
        except Image.DecompressionBombError:
            raise BadInput(f"{at(source)}expected an image of up to 64 million numbers, got a larger one") from None
        except Exception as error:  # of a dozen types, as a damaged file has it
            said = str(error).partition("\n")[0]
            raise BadInput(f"{at(source)}the image is damaged ({said}); try another copy of it") from None


def _numbers(image: "Image", source: str) -> NDArray[np.uint8]:
    from PIL import ImageOps

    shape = (image.height, image.width, len(image.getbands()))
    netpbm.check_size(shape, source)
    size = _COPIES * image.height * image.width * 4
    if size > _UNASKED:
        memory.require(size, at(source), "try a smaller image")
    if getattr(image, "is_animated", False):
        raise BadInput(f"{at(source)}expected one image, got an animation; try one of its frames")
    if image.mode not in ("1", "L", "P", "RGB", "LA", "PA", "RGBA"):
        raise BadInput(f"{at(source)}expected grey, or red, green and blue, got {image.mode}; try converting it to PNG")
    upright = ImageOps.exif_transpose(image)
    grey = upright.mode in ("1", "L", "LA")
    if upright.mode in ("LA", "PA", "RGBA") or "transparency" in upright.info:
        upright = upright.convert("LA" if grey else "RGBA")
        if np.asarray(upright.getchannel("A")).min() < 255:
            raise BadInput(f"{at(source)}expected opaque pixels, got transparent ones; try giving it a background")
    values = np.asarray(upright.convert("L" if grey else "RGB"), np.uint8)
    return np.ascontiguousarray(values.reshape(*values.shape[:2], -1).transpose(2, 0, 1))


FORMAT = Format(read, blocks, PictureLayout)
