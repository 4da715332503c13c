"""Tables of a page, with what those need who can't see them: a caption, and what each header is the header of."""

from collections.abc import Sequence

from kerash_cli.views.html.elements import Content, Markup, element, joined


def table(
    caption: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Content]],
    texts: Sequence[int] = (),
    hidden: bool = False,
) -> Markup:
    """Returns a table; the first cell of each row is its header, and cells are numbers but for the columns `texts`.

    A table that is wider than the screen scrolls by itself. With `hidden`, the caption is for readers of screens only,
    because a heading above says the same.
    """
    whole = _whole(element("caption", caption, class_="unseen" if hidden else ""), header, rows, texts)
    return element("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def unseen_table(caption: str, header: Sequence[str], rows: Sequence[Sequence[Content]]) -> Markup:
    """Returns a table for readers of screens, for what others see in a chart."""
    return element("div", _whole(element("caption", caption), header, rows), class_="unseen")


def _whole(
    caption: Markup, header: Sequence[str], rows: Sequence[Sequence[Content]], texts: Sequence[int] = ()
) -> Markup:
    names = [element("th", each, scope="col", class_=_kind(place, texts)) for place, each in enumerate(header)]
    body = (element("tr", *_cells(row, texts)) for row in rows)
    return element("table", caption, element("thead", element("tr", *names)), element("tbody", joined(body, "\n")))


def _cells(row: Sequence[Content], texts: Sequence[int]) -> list[Markup]:
    first, *rest = row
    return [
        element("th", first, scope="row"),
        *(element("td", each, class_=_kind(place, texts)) for place, each in enumerate(rest, 1)),
    ]


def _kind(place: int, texts: Sequence[int]) -> str:
    return "" if not place or place in texts else "number"


def facts(pairs: Sequence[tuple[str, Content]], short: bool = False) -> Markup:
    """Returns a list of names and values; with `short`, in several columns where there is room."""
    parts = (element("div", element("dt", name), element("dd", value)) for name, value in pairs)
    return element("dl", joined(parts, "\n"), class_="facts short" if short else "facts")
