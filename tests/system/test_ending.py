"""Signals that arrive where Python would turn their exception into another, or drop it."""

import signal
import sys
from pathlib import Path

import pytest
from program import Done, finished

SENT = "import os, signal, sys; os.kill(os.getpid(), getattr(signal, sys.argv[1]))"
SCRIPT = """
from kerash_cli.system import signals
def wait():
    import time
    time.sleep(60)
with signals.ending():
    {line}
    wait()
"""
MODULE = f"""
class Named:
    def __set_name__(self, owner, name):
        {SENT}

class Owner:
    field = Named()
"""
PLACES = {
    "the top of a module": ("import sent", SENT),
    "a class of a module": ("import sent", MODULE),
    "a module that catches all": ("import sent", f"try:\n    {SENT}\nexcept BaseException:\n    pass"),
    "a finalizer": (f"type('A', (), {{'__del__': lambda self: exec({SENT!r})}})()", ""),
    "a callback": (f"import weakref; a = {{1}}; r = weakref.ref(a, lambda _: exec({SENT!r})); del a", ""),
    "ordinary code": (SENT, ""),
}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("place", PLACES)
def test_a_signal_ends_the_program_wherever_it_arrives(
    tmp_path: Path, environment: dict[str, str], place: str, name: str
) -> None:
    line, module = PLACES[place]
    (tmp_path / "sent.py").write_text(module, encoding="ascii")
    (tmp_path / "script.py").write_text(SCRIPT.format(line=line), encoding="ascii")
    done = finished([sys.executable, "script.py", name], tmp_path, environment, timeout=30)
    assert done == Done(128 + signal.Signals[name], "", "")


CLEANING = """
import signal, time
from contextlib import contextmanager
from pathlib import Path
from kerash_cli.system import signals
@contextmanager
def cleaned():
    try:
        yield
    finally:
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
        time.sleep({seconds})
        Path("clean").touch()
with signals.ending(), cleaned():
    {body}
Path("more").touch()
"""


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("1 / 0", 1), ("signal.raise_signal(signal.SIGINT)", 130)])
def test_what_is_under_way_is_cleaned_up_first(
    tmp_path: Path, environment: dict[str, str], body: str, code: int
) -> None:
    (tmp_path / "script.py").write_text(CLEANING.format(seconds=0.1, body=body), encoding="ascii")
    done = finished([sys.executable, "script.py"], tmp_path, environment, timeout=30)
    assert {path.name for path in tmp_path.iterdir()} - {"more"} == {"script.py", "clean"}
    assert done.code in (code, 143)  # the second, where TERM arrives between the end of the cleanup and that of the run


def test_a_cleanup_that_hangs_is_ended(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "script.py").write_text(CLEANING.format(seconds=60, body="pass"), encoding="ascii")
    done = finished([sys.executable, "script.py"], tmp_path, environment, timeout=30)
    assert done == Done(143, "", "")


def test_what_is_held_back_arrives_after_the_block(tmp_path: Path, environment: dict[str, str]) -> None:
    held = "with signals.held(): import os, time; os.kill(os.getpid(), 15); time.sleep(0.1); print(1)"
    (tmp_path / "script.py").write_text(SCRIPT.format(line=held), encoding="ascii")
    done = finished([sys.executable, "script.py"], tmp_path, environment, timeout=30)
    assert done == Done(143, "1\n", "")


def test_what_else_is_dropped_is_told(tmp_path: Path, environment: dict[str, str]) -> None:
    broken = "type('A', (), {'__del__': lambda self: 1 / 0})(); raise SystemExit(5)"
    (tmp_path / "script.py").write_text(SCRIPT.format(line=broken), encoding="ascii")
    done = finished([sys.executable, "script.py"], tmp_path, environment, timeout=30)
    assert done.code == 5
    assert "ZeroDivisionError" in done.err
