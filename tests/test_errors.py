from kerash_cli.errors import listed, shown


def test_what_is_shown_is_short_and_has_no_control_characters() -> None:
    assert shown("\x1b[31m\n\u202e") == r"'\x1b[31m\n\u202e'"
    assert len(shown("x" * 10**6)) < 50
    assert listed(["a", "b", "c"], 2) == "'a', 'b' and 1 more"
