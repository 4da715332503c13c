from kerash_cli.views.html.elements import Markup, element, joined, lines


def test_text_is_escaped_and_elements_are_not() -> None:
    made = element("p", "a < b & 'c'", element("b", "d"), None, class_='"x')
    assert made == '<p class="&quot;x">a &lt; b &amp; &#x27;c&#x27;<b>d</b></p>'
    assert joined(["<", Markup("<br>")]) == "&lt;<br>"


def test_what_would_steer_a_terminal_or_turn_letters_round_is_spelled() -> None:
    assert element("td", "\x1b[2J\u202e\0") == "<td>\\x1b[2J\\u202e\\x00</td>"


def test_attributes_may_have_no_value_or_be_left_out() -> None:
    assert element("div", hidden=True, id="", aria_label="a") == '<div hidden aria-label="a"></div>'
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_lines_stay_lines() -> None:
    assert lines("a\r\n<b>\n") == "a\n&lt;b&gt;"
