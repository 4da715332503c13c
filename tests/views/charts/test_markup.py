import pytest
from wcwidth import wcswidth

from kerash_cli.views.charts.markup import escaped, number, shortened


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 5, "short"),
        ("0123456789abcdef", 10, "012345…def"),
        ("0123456789", 2, "01"),
        ("a\nb", 10, "a\\nb"),
        ("", 4, ""),
    ],
)
def test_the_middle_of_a_long_text_is_left_out(text: str, most: int, expected: str) -> None:
    assert shortened(text, most) == expected


@pytest.mark.parametrize("most", range(1, 30))
@pytest.mark.parametrize("text", ["層" * 50, "e\u0301" * 50, "plain" * 50, "a層" * 9])
def test_a_shortened_text_fits(text: str, most: int) -> None:
    assert wcswidth(shortened(text, most)) <= most
    assert wcswidth(shortened(text, most, "...")) <= most


def test_a_very_long_text_is_shortened_too() -> None:
    assert shortened("x" * 5_000_000, 24) == "x" * 16 + "…" + "x" * 7


def test_coordinates_have_two_decimals_at_most() -> None:
    assert [number(value) for value in (1.0, 12.345, -0.001, 100.0, 0.5)] == ["1", "12.35", "0", "100", "0.5"]


def test_escaped_texts_have_no_markup_and_no_control_characters() -> None:
    assert escaped("<a href='x'>&\"\x00\x1b\udfff") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;\\x00\\x1b\\udfff"
