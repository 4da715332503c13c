import json

import pytest

from kerash_cli.classic.fitting import Batch
from kerash_cli.views.batches import BatchLines

BATCHES = [Batch(0, 0, 0.5, 0.25), Batch(0, 1, 0.125, 1.0)]
LINES = [
    "Epoch:    0 Batch:    0 cost: 0.500000 accuracy: 25.0%",
    "Epoch:    0 Batch:    1 cost: 0.125000 accuracy: 100.0%",
]


@pytest.mark.parametrize(("quiet", "expected"), [(False, LINES), (True, LINES[1:])])
def test_each_batch_has_a_line_and_a_quiet_run_the_last_one(
    quiet: bool, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = BatchLines(as_json=False, quiet=quiet)
    for batch in BATCHES:
        lines.batch(batch)
    lines.close()
    assert capsys.readouterr().out.splitlines() == expected


def test_a_batch_may_be_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    lines = BatchLines(as_json=True, quiet=False)
    lines.batch(BATCHES[1])
    assert json.loads(capsys.readouterr().out) == {"epoch": 0, "number": 1, "cost": 0.125, "accuracy": 1.0}


def test_the_latest_batch_can_be_asked_for() -> None:
    lines = BatchLines(as_json=False, quiet=True)
    assert "no batch" in lines.latest
    lines.batch(BATCHES[0])
    assert lines.latest == LINES[0]
