"""Binary formats: compressed files, archives, office documents, and the files of other programs."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from kerash_cli.tables.formats.foreign.base import CSV, Foreign

_UNPACK = "unpack it first, and give one of its files"
_PANDAS = "save it as CSV, with pandas for example"
_R = "save it as CSV in R: write.csv(x, 'x.csv', row.names = FALSE)"
_SQLITE = "save one of its tables as CSV: sqlite3 -header -csv FILE 'select * from TABLE'"
_IMAGE = "save it as PNG"

MAGICS: Sequence[tuple[re.Pattern[bytes], Foreign]] = [
    (re.compile(pattern, re.DOTALL), Foreign(name, filter, advice))
    for pattern, name, filter, advice in (
        (rb"LZIP[\x00\x01]", "an lzip file", "lzip -dc", ""),
        (rb"\x04\x22\x4d\x18", "an lz4 file", "lz4 -dc", ""),
        (rb"\x1f\x9d", "a file from compress (.Z)", "zcat", ""),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "", _UNPACK),
        (rb"Rar!\x1a\x07", "a RAR archive", "", _UNPACK),
        (rb"(?=.{,256}\x00).{257}ustar", "a tar archive", "", _UNPACK),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "", "save it as CSV"),
        (rb"FEA1[^ -~\s]", "a Feather file of version 1", "", _PANDAS),
        (rb"ORC[^ -~\s]", "an ORC file", "", _PANDAS),
        (rb"Obj\x01", "an Avro file", "", CSV),
        (rb"MATLAB [57]\.\d MAT-file", "a MATLAB file (.mat)", "", "save it as CSV in MATLAB: writematrix(x, 'x.csv')"),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", "", _PANDAS),
        (rb"CDF[\x01\x02\x05]", "a NetCDF file", "", CSV),
        (rb"SQLite format 3\x00", "an SQLite database", "", _SQLITE),
        (rb"%PDF-", "a PDF document", "", "copy its table into a spreadsheet, and save that as CSV"),
        (rb"\x80[\x02-\x05]", "a Python pickle", "", "save it as CSV or .npy in the Python program that made it"),
        (
            rb"(RD[AX][23]\n)?([XB]\n[\x00\x02\x03]\x00\x00|A\n[23]\n\d{6}\n(131840|197888)\n)",
            "a file from R (.rds, .RData)",
            "",
            _R,
        ),
        (rb"\$FL[23]@\(#\)", "an SPSS file (.sav)", "", CSV),
        (rb"(<stata_dta>|[\x6e-\x73][\x01\x02]\x01\x00)", "a Stata file (.dta)", "", CSV),
        (rb"\x00{12}\xc2\xea\x81\x60", "a SAS file (.sas7bdat)", "", CSV),
        (rb"(\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|[MI][MI](\x00\x2a|\x2a\x00))", "an image", "", _IMAGE),
    )
]
"""Formats by the pattern of their first bytes."""

_ONE_FILE = (
    "python3 -c 'import io,sys,zipfile;z=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()));"
    "[n]=z.namelist();sys.stdout.buffer.write(z.read(n))'"
)
_MEMBER = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_OFFICE = (
    # the start of a member's name, suffixes of the file's name
    ("word/", (".docx", ".docm"), "a Word document"),
    ("ppt/", (".pptx", ".pptm"), "a PowerPoint presentation"),
    ("xl/", (".xlsx", ".xlsm", ".xlsb"), "an Excel workbook"),
    ("Index/", (".numbers",), "a Numbers spreadsheet"),
    ("[Content_Types].xml", (), "an Excel workbook"),
)


def binary(head: bytes, path: str) -> Foreign | None:
    """Returns the binary format of a file that begins with `head`; the suffix of `path` tells some archives apart."""
    for magic, answer in MAGICS:
        if magic.match(head):
            return answer
    return _zipped(head, PurePath(path).suffix.lower()) if head.startswith(b"PK\x03\x04") else None


def _zipped(head: bytes, suffix: str) -> Foreign:
    names = [
        head[each.end() :][: int.from_bytes(each[1], "little")].decode("latin-1") for each in _MEMBER.finditer(head)
    ]
    for start, suffixes, name in _OFFICE:
        if suffix in suffixes or any(member.startswith(start) for member in names):
            return Foreign(name, "", "save it as CSV")
    if suffix in (".ods", ".fods") or b"mimetypeapplication/vnd.oasis.opendocument" in head[:200]:
        return Foreign("an OpenDocument file", "", "save it as CSV")
    if any(member.endswith("/data.pkl") for member in names):
        return Foreign("a PyTorch file", "", "save its tensors as .npy in Python: numpy.save")
    return Foreign("a zip archive", "", _UNPACK) if len(names) != 1 else Foreign("a zip archive", _ONE_FILE)
