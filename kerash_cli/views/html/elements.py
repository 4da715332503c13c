"""Elements of HTML, in which all text is escaped."""

from collections.abc import Iterable
from typing import TypeAlias

from kerash_cli.views.charts.markup import escaped


class Markup(str):
    """HTML that is written as it is; any other string is text, and is escaped."""

    __slots__ = ()


Content: TypeAlias = "str | Markup | None"
"""Text, or HTML; None is nothing."""

_EMPTY = {"meta", "link"}


def lines(text: str) -> Markup:
    """Returns a text of several lines, for an element that shows line ends."""
    return joined(text.splitlines(), "\n")


def joined(parts: Iterable[Content], between: str = "") -> Markup:
    """Returns the parts one after the other."""
    return Markup(between.join(_written(each) for each in parts if each is not None))


def element(tag: str, *content: Content, **attributes: str | bool) -> Markup:
    """Returns an element with this content. `class_="x"` is the attribute class, and `aria_label=…` is aria-label.

    An attribute that is True has no value; one that is False or empty is left out.
    """
    own = "".join(_attribute(name, value) for name, value in attributes.items() if value)
    end = "" if tag in _EMPTY else f"{joined(content)}</{tag}>"
    return Markup(f"<{tag}{own}>{end}")


def _written(part: str) -> str:
    return part if isinstance(part, Markup) else escaped(part)


def _attribute(name: str, value: str | bool) -> str:
    word = name.removesuffix("_").replace("_", "-")
    return f" {word}" if value is True else f' {word}="{escaped(str(value))}"'
