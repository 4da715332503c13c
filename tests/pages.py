"""Pages of HTML as tests look at them: parsed by the rules of the standard, without a browser."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import html5lib

LOADS = re.compile(r"url\(|@import|expression\(", re.IGNORECASE)
"""What makes a style sheet load something."""


def parsed(text: str) -> Any:
    """The root element; fails at the first mistake in the page."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def name(node: Any) -> str:
    """Name of an element, without its namespace."""
    return str(node.tag).rpartition("}")[2]


def texts(node: Any) -> str:
    """All text in an element."""
    return "".join(node.itertext())


def found(root: Any, *names: str) -> list[Any]:
    """The elements with one of these names, in their order."""
    return [node for node in root.iter() if isinstance(node.tag, str) and name(node) in names]


def faults(text: str) -> Iterator[str]:
    """What is wrong with a page: things from elsewhere, scripts, links that lead nowhere, what has no name."""
    root = parsed(text)
    yield from (f"active: {name(each)}" for each in found(root, "script", "iframe", "object", "embed", "form", "img"))
    everything = found(root, *{name(node) for node in root.iter() if isinstance(node.tag, str)})
    yield from (f"from elsewhere: {each}" for node in everything for each in _elsewhere(node))
    yield from (f"event: {key}" for node in everything for key in node.attrib if key.startswith("on"))
    idents = [node.attrib["id"] for node in everything if "id" in node.attrib]
    yield from (f"twice: {each}" for each in set(idents) if idents.count(each) > 1)
    for node in everything:
        named = [*node.attrib.get("aria-labelledby", "").split(), *_target(node)]
        yield from (f"leads nowhere: {each}" for each in named if each not in idents)
    yield from _unnamed(root)
    yield from _disordered(root)


def _elsewhere(node: Any) -> Iterator[str]:
    """What an element would load, or lead to; a place in the page and `data:,` are none."""
    for key, value in node.attrib.items():
        word = key.rpartition("}")[2]
        if word in ("src", "srcset", "data", "action", "poster", "background", "ping"):
            yield f"{key}={value}"
        if word == "href" and not value.startswith("#") and value != "data:,":
            yield f"{key}={value}"
        if word == "style" and LOADS.search(value):
            yield value
    if name(node) == "style":
        yield from LOADS.findall(texts(node))


def _target(node: Any) -> list[str]:
    link = node.attrib.get("href", "") if name(node) == "a" else ""
    return [link.removeprefix("#")] if link else []


def _unnamed(root: Any) -> Iterator[str]:
    """What a reader that does not see the page could not tell."""
    if not root.attrib.get("lang"):
        yield "no language"
    for node in found(root, "svg"):
        if node.attrib.get("aria-hidden") != "true" and [name(each) for each in node][:2] != ["title", "desc"]:
            yield "a picture without title and description"
    for node in found(root, "table"):
        captions = found(node, "caption")
        if len(captions) != 1 or not texts(captions[0]).strip():
            yield "a table without a caption"
        yield from (
            "a header of nothing" for each in found(node, "th") if each.attrib.get("scope") not in ("row", "col")
        )
        widths = {len(found(row, "th", "td")) for row in found(node, "tr")}
        if len(widths) != 1:
            yield f"rows of different widths: {widths}"
    for tag in ("header", "nav", "main", "footer", "h1"):
        if len(found(root, tag)) != 1:
            yield f"not one {tag}"


def _disordered(root: Any) -> Iterator[str]:
    levels = [int(name(node)[1]) for node in found(root, "h1", "h2", "h3", "h4")]
    yield from (f"a heading of level {b} below {a}" for a, b in pairwise(levels) if b > a + 1)
