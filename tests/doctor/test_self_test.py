"""The self-test: it passes here, and each of its tests notices what it is for."""

import ctypes
import math
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerash_cli.doctor import by_hand, self_test
from kerash_cli.doctor.findings import Fact, Fault, Patient
from kerash_cli.doctor.import_trial import ImportTrial
from kerash_cli.doctor.self_test import TESTS, Workshop, WrongResult
from kerash_cli.engine.layers import Dense
from kerash_cli.errors import WorkerFailed
from kerash_cli.model.trained import TrainedModel
from kerash_cli.parallel.processes import Processes


def run(name: str, folder: Path, processes: Processes | None = None) -> None:
    """Runs one of the tests with a mountpoint of its own."""
    TESTS[name](Workshop(str(folder), processes, "no worker"))


def test_all_pass_here_and_say_how_long_they_took(tmp_path: Path) -> None:
    found = [*self_test.self_test(Patient(str(tmp_path), ImportTrial()))]
    assert [fact.name for fact in found if isinstance(fact, Fact)] == [*TESTS]
    assert all(isinstance(fact, Fact) and fact.value["ok"] and fact.text.startswith("ok, ") for fact in found)


def test_failures_of_one_cause_are_one_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*words: Any) -> None:
        raise WorkerFailed("worker 1 could not start: no more; try --workers 1")

    monkeypatch.setattr(self_test, "Processes", fail)
    monkeypatch.setattr(self_test, "_xor_model", fail)
    found = [*self_test.self_test(Patient(str(tmp_path), ImportTrial()))]
    faults = [each.text for each in found if isinstance(each, Fault)]
    assert faults == ["two workers, saving: worker 1 could not start: no more; try --workers 1"]


def test_plain_python_follows_the_slope_of_the_mean_cross_entropy() -> None:
    rng, hidden, step = np.random.default_rng(3), 3, 1e-6
    params = rng.normal(size=4 * hidden + 1)

    def loss(p: Any) -> float:
        pairs = zip(by_hand.answers(p.tolist(), hidden), by_hand.XOR, strict=True)
        return -sum(math.log(said if row[-1] else 1 - said) for said, row in pairs) / 4

    stepped = np.array(by_hand.trained(params.tolist(), hidden, 1, 0.5))
    slopes = [(loss(params + step * each) - loss(params - step * each)) / (2 * step) for each in np.eye(params.size)]
    np.testing.assert_allclose((params - stepped) / 0.5, slopes, rtol=1e-6, atol=1e-9)


def test_a_wrong_product_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def off(whole: Any, dtype: Any) -> Any:
        numbers = whole.astype(dtype)
        numbers[-1, -1] += 1
        return numbers

    run("products", tmp_path)
    monkeypatch.setattr(self_test, "_as", off)
    with pytest.raises(WrongResult, match=r"multiplies wrongly \(70x130 by 130x50, float32\)"):
        run("products", tmp_path)


@pytest.mark.parametrize("name", ["exp", "tanh", "log", "sqrt", "log1p"])
def test_a_function_that_is_off_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = getattr(np, name)
    monkeypatch.setattr(np, name, lambda x: right(x) * x.dtype.type(1 + 2e-6))
    with pytest.raises(WrongResult, match=f"NumPy's {name} is off by 1"):
        run("functions", tmp_path)


@contextmanager
def tiny_numbers_as_zero() -> Iterator[None]:
    """Makes the processor do what code does that was built with -ffast-math: bits 6 and 15 of its register MXCSR."""
    mathematics = ctypes.CDLL("libm.so.6")
    before, after = (ctypes.c_uint32 * 8)(), (ctypes.c_uint32 * 8)()
    mathematics.fegetenv(before)
    mathematics.fegetenv(after)
    after[7] |= 0x8040
    mathematics.fesetenv(after)
    try:
        yield
    finally:
        mathematics.fesetenv(before)


@pytest.mark.skipif(platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc", reason="a register of x86-64")
def test_a_processor_that_takes_tiny_numbers_for_0_is_noticed(tmp_path: Path) -> None:
    run("tiny numbers", tmp_path)
    with tiny_numbers_as_zero(), pytest.raises(WrongResult, match=r"below 2\^-126 become 0 \(float32\)"):
        run("tiny numbers", tmp_path)


def test_a_wrong_gradient_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = Dense.backward

    def off(self: Any, x: Any, a: Any, da: Any, dx: Any, own: Any) -> Any:
        return [*right(self, x, a, da, dx, own), lambda: np.multiply(own.grads["bias"], 1.001, own.grads["bias"])]

    monkeypatch.setattr(Dense, "backward", off)
    with pytest.raises(WrongResult, match=r"a slope is .*, but .* by differences"):
        run("gradients", tmp_path)


def test_a_training_that_differs_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = self_test._learnt

    def off(*words: Any, **more: Any) -> Any:
        first, last = right(*words, **more)
        return first, last * (1 + 1e-8)

    monkeypatch.setattr(self_test, "_learnt", off)
    with pytest.raises(WrongResult, match=r"weights are off by .* after 200 epochs of XOR \(float64\)"):
        run("training", tmp_path)


def test_workers_that_compute_other_bytes_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(self_test, "_learnt", lambda *words, **more: (0, np.float32(len(words))))
    with Processes(0, "kerash_cli.training.pool") as processes, pytest.raises(WrongResult, match="two workers compute"):
        run("two workers", tmp_path, processes)


def test_a_model_that_changes_when_it_is_saved_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    right = TrainedModel.load
    monkeypatch.setattr(TrainedModel, "load", lambda path: right(path)._replace(params=right(path).params * 2))
    with pytest.raises(WrongResult, match="predicts other numbers after it was saved"):
        run("saving", tmp_path)
