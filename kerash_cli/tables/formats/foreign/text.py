"""Text formats: markup, ARFF, JSON, LIBSVM, and pointers of Git LFS."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from kerash_cli.tables.formats.foreign.base import CSV, Foreign


def recognised(head: bytes) -> Foreign | None:
    """Returns the format of a UTF-8 text that begins with `head`."""
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    return next((answer for tell in FORMATS if (answer := tell(text))), None)


_PAGE = "open it in a browser: it may be an error message in place of the data"
_LFS = "version https://git-lfs.github.com/spec/"
_MARKUP = re.compile(r"<(!doctype html|html|head|body|table|\?xml|!--)[\s>-]", re.IGNORECASE)


def _markup(text: str) -> Foreign | None:
    if text.startswith(_LFS):
        return Foreign("a pointer of Git LFS", "", "get the file itself: git lfs pull")
    if text.startswith("{\\rtf"):
        return Foreign("an RTF document", "", "save it as CSV")
    markup = _MARKUP.match(text)
    if markup is None:
        return None
    is_xml = markup[1] == "?xml" and not re.search(r"<(!doctype )?html", text, re.IGNORECASE)
    return Foreign("an XML file", "", CSV) if is_xml else Foreign("an HTML page", "", _PAGE)


_RELATION = re.compile(r"\s*(?:%[^\n]*\n\s*)*@relation[ \t]", re.IGNORECASE)
_ARFF = (
    r"""awk '{sub(/\r$/,"")}d&&/^ *\{/{exit 1}d&&!/^ *(%|$)/{if(!/"/)gsub(/\047/,"\"");gsub(/,[ \t]+/,",");print}"""
    r"""tolower($1)=="@attribute"{sub(/^[ \t]*[^ \t]+[ \t]+/,"");n=$1;if(match($0,/^(\047[^\047]*\047|"[^"]*")/))"""
    r"""n=substr($0,2,RLENGTH-2);h=h c"\""n"\"";c=","}tolower($1)=="@data"{print h;d=1}'"""
)


def _arff(text: str) -> Foreign | None:
    if not _RELATION.match(text):
        return None
    if re.search(r"^[ \t]*@data\s*(?:%[^\n]*\n\s*)*\{", text, re.IGNORECASE | re.MULTILINE):
        return Foreign("a sparse ARFF file", "", "save it as CSV in Weka")
    return Foreign("an ARFF file", _ARFF)


_OBJECTS = (
    "python3 -c 'import csv,json,sys;r={};w=csv.DictWriter(sys.stdout,list(dict.fromkeys(k for d in r for k in d)));"
    "w.writeheader();w.writerows(r)'"
)
_ARRAYS = "python3 -c 'import csv,json,sys;csv.writer(sys.stdout).writerows({})'"
_COLUMNS = (
    'python3 -c \'import csv,itertools,json,sys;d=json.load(open(0,"rb"));w=csv.writer(sys.stdout);w.writerow(d);'
    "w.writerows(itertools.zip_longest(*{}))'"
)
_WHOLE, _LINES = 'json.load(open(0,"rb"))', '[json.loads(l) for l in open(0,"rb") if l.strip()]'
_JSON = Foreign("JSON", "", "make a CSV file of it, a line for each row")
_BEGUN = (
    # documents that are longer than the first bytes
    (r'\[\s*\{\s*"', Foreign("a JSON array of objects", _OBJECTS.replace("{}", _WHOLE, 1))),
    (
        r'\[\s*\[\s*(-?\d[\d.eE+-]*|"[^"]*"|null|true|false)\s*[,\]]',
        Foreign("a JSON array of arrays", _ARRAYS.format(_WHOLE)),
    ),
    (r'\{\s*"[^"]*"\s*:\s*\[\s*[-\d"ntf]', Foreign("JSON by columns", _COLUMNS.format("d.values()"))),
    (r'\{\s*"[^"]*"\s*:\s*[-\d"ntf\[{]', _JSON),
)


def _json(text: str) -> Foreign | None:
    if not text.startswith(("{", "[")):
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return _JSON
    except ValueError:
        return next((answer for begin, answer in _BEGUN if re.match(begin, text)), None)
    rest = text[end:].lstrip(" \t\r")
    if rest and not rest.startswith("\n"):
        return None
    return _json_lines(value) if rest.lstrip()[:1] == text[0] else _json_document(value)


def _json_lines(value: Any) -> Foreign:
    """Returns the format of a file of JSON lines, given the value of its first line."""
    if not _is_flat(value):
        return Foreign("JSON lines with values in values", "", _JSON.advice)
    form = _OBJECTS if isinstance(value, dict) else _ARRAYS
    return Foreign("JSON lines", form.replace("{}", _LINES, 1))


def _json_document(value: Any) -> Foreign | None:
    """Returns the format of a JSON document."""
    if isinstance(value, list):
        flat = bool(value) and all(map(_is_flat, value))
        if flat and all(isinstance(each, dict) for each in value):
            return _BEGUN[0][1]
        return _BEGUN[1][1] if flat and all(isinstance(each, list) for each in value) else _JSON
    columns = list(value.values())
    if columns and all(isinstance(each, list) and _is_flat(each) for each in columns):
        return _BEGUN[2][1]
    if columns and all(isinstance(each, dict) and _is_flat(each) for each in columns):
        return Foreign("JSON by columns", _COLUMNS.format("(c.values() for c in d.values())"))
    return _json_lines(value) if columns and _is_flat(value) else _JSON


def _is_flat(value: Any) -> bool:
    """Returns whether a value is an object or array without objects or arrays in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return isinstance(value, (dict, list)) and not any(isinstance(each, (dict, list)) for each in inner)


_PAIR = r"\d+:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LABELLED = re.compile(rf"[-+]?[\d.]+(?:[ \t]+{_PAIR})*[ \t]*(?:#.*)?")
_LIBSVM = (
    'python3 -c \'import sys;r=[l.split("#")[0].split()for l in sys.stdin];'
    'r=[(y,dict(p.split(":")for p in x))for y,*x in filter(None,r)];k={int(i)for _,d in r for i in d};'
    'k=range(min(1,*k),max(k)+1);print("label",*(f"x{i}"for i in k),sep=",");'
    '[print(y,*(d.get(str(i),0)for i in k),sep=",")for y,d in r]\''
)


def _libsvm(text: str) -> Foreign | None:
    """Recognises LIBSVM's lines, `label index:value index:value`, by ascending indices; clock times do not count."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    lines = lines[:-1] if len(lines) > 1 and not text.endswith("\n") else lines  # the last may be cut off

    if not all(map(_LABELLED.fullmatch, lines)):
        return None
    pairs = [[pair.split(":") for pair in line.partition("#")[0].split()[1:]] for line in lines]
    indices = [[int(index) for index, _ in each] for each in pairs]
    if not any(indices) or any(low >= high for each in indices for low, high in pairwise(each)):
        return None
    is_clock = all(re.fullmatch(r"[0-5]\d", value) and int(index) <= 24 for each in pairs for index, value in each)
    return None if is_clock else Foreign("LIBSVM's format", _LIBSVM)


FORMATS: tuple[Callable[[str], Foreign | None], ...] = (_markup, _arff, _json, _libsvm)
