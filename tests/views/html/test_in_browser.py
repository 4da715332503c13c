"""Reports in a real browser: at the widths of a telephone, a screen and a sheet, light and dark, and by axe-core."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import browser
import program
import pytest
from browser import Browser
from reports import HOSTILE, TRAINED, write_hostile

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.PROGRAM is None, reason="Chromium is not installed"),
]

PHONE, SCREEN, SHEET = 390, 1280, 688
"""Widths in pixels; that of a sheet is A4 without its margins."""


Pages = Callable[[str], Path]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Makes a report on one of the sample tables, or on `hostile`, a table whose names are hostile."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("data", "models"):
        (folder / name).symlink_to(program.ROOT / name)

    @cache
    def page(which: str) -> Path:
        data = f"data/{which}.csv"
        if which in TRAINED:
            model, target, epochs = TRAINED[which]
            words = [f"models/{model}", data, "--target", target, "--epochs", str(epochs)]
        else:
            data = "hostile.csv"
            write_hostile(folder / data)
            words = [data, "--target", "kind", "--epochs", "3"]
        program.right(folder, "train", *words, "-q", "-o", f"{which}.kerash")
        program.right(folder, "report", f"{which}.kerash", data)
        return folder / f"{which}.html"

    return page


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser.started(tmp_path_factory.mktemp("chromium")) as running:
        yield running


NAMES = ["hostile", "digits", *(pytest.param(name, marks=pytest.mark.long) for name in ("iris", "diabetes"))]


@pytest.mark.parametrize("which", NAMES)
def test_nothing_is_wider_than_the_screen_or_the_sheet(chromium: Browser, pages: Pages, which: str) -> None:
    chromium.open(pages(which))
    for width in (320, PHONE, SCREEN):
        chromium.shown(width)
        assert chromium.evaluate("document.documentElement.scrollWidth") == width
    chromium.shown(SHEET, printed=True)
    assert chromium.evaluate("document.documentElement.scrollWidth") == SHEET


@pytest.mark.parametrize("which", NAMES)
def test_nothing_is_loaded_and_nothing_runs(chromium: Browser, pages: Pages, which: str) -> None:
    chromium.open(pages(which))
    chromium.evaluate("document.querySelectorAll('*').forEach(each => each.dispatchEvent(new Event('mouseover')))")
    assert chromium.requests == [pages(which).as_uri()]
    assert chromium.messages == []


@pytest.mark.skipif(not browser.AXE.exists(), reason="axe-core is not installed; try make axe")
@pytest.mark.parametrize("which", NAMES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(chromium: Browser, pages: Pages, which: str, dark: bool) -> None:
    chromium.open(pages(which))
    for width in (PHONE, SCREEN):
        chromium.shown(width, dark=dark)
        assert chromium.violations() == []


def test_colours_follow_the_settings_of_the_reader_and_print_is_light(chromium: Browser, pages: Pages) -> None:
    chromium.open(pages("hostile"))
    colour = "getComputedStyle(document.querySelector('section')).backgroundColor"
    chromium.shown(SCREEN)
    assert chromium.evaluate(colour) == "rgb(255, 255, 255)"
    chromium.shown(SCREEN, dark=True)
    assert chromium.evaluate(colour) == "rgb(20, 23, 28)"
    chromium.shown(SHEET, dark=True, printed=True)
    assert chromium.evaluate(colour) == "rgb(255, 255, 255)"


def test_names_are_shown_as_they_are_written(chromium: Browser, pages: Pages) -> None:
    chromium.open(pages("hostile"))
    shown = chromium.evaluate("document.querySelector('main').innerText")
    assert HOSTILE[0] in shown
    assert HOSTILE[1] in shown
