"""Schedules: the words they are written in, and their shares by hand."""

from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.engine.schedules import CONSTANT, Schedule
from kerash_cli.errors import BadInput


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("constant", CONSTANT),
        ("cosine", Schedule("cosine")),
        ("step:10,0.5", Schedule("step", 10, 0.5)),
        ("step:1,.1", Schedule("step", 1, 0.1)),
        ("step:1,1", Schedule("step", 1, 1.0)),
        ("step:3,1e-05", Schedule("step", 3, 1e-5)),
        ("warmup:5", Schedule(warmup=5)),
        ("warmup:5+constant", Schedule(warmup=5)),
        ("warmup:5+cosine", Schedule("cosine", warmup=5)),
        ("warmup:2+step:7,.25", Schedule("step", 7, 0.25, 2)),
        ("warmup:0+cosine", Schedule("cosine")),
    ],
)
def test_a_word_is_read_as_a_schedule(text: str, schedule: Schedule) -> None:
    assert Schedule.parse(text) == schedule


@pytest.mark.parametrize(
    "text",
    [
        *("", "cos", "Cosine", "cosine ", "cosine\n", "constant+cosine", "cosine+warmup:5"),
        *("step", "step:", "step:5", "step:5,", "step:0,.5", "step:5,0", "step:5,1.5", "step:5,-.5", "step:5,.5,.5"),
        *("step:5,1e5", "step:5,1e-400", "step:5,nan", "step:1.5,.5", "step:5,1_0", "step:1234567890,.5"),
        *("warmup", "warmup:", "warmup:5+", "warmup:+cosine", "warmup:5cosine", "warmup:-1", "warmup:5+warmup:5"),
        *("warmup:٣", "step:" + "1" * 100_000 + ",.5", "step:1," + "1" * 100_000 + "x"),
    ],
    ids=lambda text: text[:20],
)
def test_anything_else_is_refused(text: str) -> None:
    expected = r"^expected constant, cosine or step:EVERY,FACTOR, optionally preceded by warmup:EPOCHS\+, got "
    with pytest.raises(BadInput, match=expected):
        Schedule.parse(text)


@given(
    kind=st.sampled_from(["constant", "cosine", "step"]),
    every=st.integers(1, 999_999_999),
    factor=st.floats(0, 1, exclude_min=True),
    warmup=st.integers(0, 999_999_999),
)
def test_writing_and_reading_are_inverse(kind: str, every: int, factor: float, warmup: int) -> None:
    schedule = Schedule(kind, every, factor, warmup) if kind == "step" else Schedule(kind, warmup=warmup)
    assert Schedule.parse(str(schedule)) == schedule


@pytest.mark.parametrize(
    ("text", "epoch", "epochs", "share"),
    [
        ("constant", 0, 10, 1),
        ("constant", 9.5, 10, 1),
        ("cosine", 0, 10, 1),
        ("cosine", 5, 10, 0.5),
        ("cosine", 2.5, 10, (1 + cos(pi / 4)) / 2),
        ("cosine", 10, 10, 0),
        ("step:3,.5", 2.9, 10, 1),
        ("step:3,.5", 3, 10, 0.5),
        ("step:3,.5", 6, 10, 0.25),
        ("step:3,.5", 9.9, 10, 0.125),
        ("warmup:4", 0, 10, 0.00025),
        ("warmup:4", 1, 10, 0.25),
        ("warmup:4", 3.5, 10, 0.875),
        ("warmup:4", 4, 10, 1),
        ("warmup:4+cosine", 2, 10, 0.5),
        ("warmup:4+cosine", 4, 10, 1),
        ("warmup:4+cosine", 7, 10, 0.5),
        ("warmup:4+step:3,.5", 5, 10, 0.5),
        ("warmup:10+cosine", 9, 10, 0.9),
        ("warmup:20+cosine", 9, 10, 0.45),
        ("warmup:9+cosine", 9.5, 10, 0.5),
        ("warmup:10+cosine", 10, 10, 1),
        ("warmup:3+step:3,.5", 3, 10, 0.5),
    ],
)
def test_shares_by_hand(text: str, epoch: float, epochs: int, share: float) -> None:
    assert Schedule.parse(text)(epoch, epochs) == pytest.approx(share, abs=1e-15)


@given(
    text=st.sampled_from(["constant", "cosine", "step:2,.5", "warmup:3+cosine", "warmup:20+step:1,.1"]),
    epoch=st.floats(0, 10),
)
def test_a_share_is_from_0_to_1(text: str, epoch: float) -> None:
    assert 0 <= Schedule.parse(text)(epoch, 10) <= 1
