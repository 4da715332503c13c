"""Text formats: markup, JSON by columns, and pointers of Git LFS."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from kerash_cli.tables.formats.foreign.base import CSV, Foreign


def text(head: bytes) -> Foreign | None:
    """Returns the format of a UTF-8 text that begins with `head`; None if it may be a table."""
    begin = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    return next((answer for tell in FORMATS if (answer := tell(begin))), None)


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


_COLUMNS = (
    'python3 -c \'import csv,itertools,json,sys;d=json.load(open(0,"rb"));w=csv.writer(sys.stdout);w.writerow(d);'
    "w.writerows(itertools.zip_longest(*{}))'"
)
_JSON = Foreign("JSON", "", "make a CSV file of it, a line for each row")
_BY_COLUMNS = Foreign("JSON by columns", _COLUMNS.replace("{}", "d.values()"))
_BEGUN = (
    # documents that are longer than the first bytes
    (r'\{\s*"[^"]*"\s*:\s*\[\s*[-\d"ntf]', _BY_COLUMNS),
    (r'\{\s*"[^"]*"\s*:\s*[-\d"ntf\[{]', _JSON),
)


def _json(text: str) -> Foreign | None:
    """Recognises JSON whose rows are not objects or arrays of their own."""
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
    columns = list(value.values()) if isinstance(value, dict) else []
    if columns and all(isinstance(each, list) and _is_flat(each) for each in columns):
        return _BY_COLUMNS
    if columns and all(isinstance(each, dict) and _is_flat(each.values()) for each in columns):
        return Foreign("JSON by columns", _COLUMNS.replace("{}", "(c.values() for c in d.values())"))
    return _JSON


def _is_flat(values: Iterable[Any]) -> bool:
    return not any(isinstance(each, (dict, list)) for each in values)


FORMATS: tuple[Callable[[str], Foreign | None], ...] = (_markup, _json)
