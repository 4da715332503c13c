"""The loop of training: a generator of epochs."""

from collections.abc import Callable, Iterator
from math import isfinite
from time import perf_counter

import numpy as np

from kerash_cli.errors import Diverged
from kerash_cli.training.run import Epoch, Run
from kerash_cli.training.sources import GradientSource


def train(run: Run, source: GradientSource, validate: Callable[[], float] | None = None) -> Iterator[Epoch]:
    """Trains and yields epochs until `run.epochs` are done, or the last `run.patience` epochs brought no improvement.

    An epoch improves if it lowers the validation loss. `run` is up to date before each epoch is yielded, so that the
    caller may leave the loop there. At the end, `run.params` are those of the best epoch by validation loss, or of the
    last epoch if nothing validates. Raises Diverged, with epoch and batch, if a loss or the parameters are no longer
    finite; `run.best_params` still has the last good parameters. NumPy's floating-point warnings are off until the
    generator ends or is closed.
    """
    batches, params = run.batches, run.params.reshape(-1)
    before = perf_counter() - run.seconds
    with np.errstate(all="ignore"):  # an overflow shows in the loss
        while not run.stop and not run.is_over:
            rate = run.optimizer.current_rate()
            loss = _pass(run, source, batches)
            if run.stop:
                break
            validation_loss = validate() if validate else None
            judged = loss if validation_loss is None else validation_loss
            if not (isfinite(judged) and isfinite(params.dot(params))):
                raise Diverged(diverged(run, len(batches), judged))
            run.epoch += 1
            improved = validation_loss is None or validation_loss < run.best_loss
            if improved:
                run.best_loss, run.best_epoch = judged, run.epoch
                run.best_params[...] = run.params  # np.copyto takes twice as long to call
            run.seconds = perf_counter() - before
            epoch = Epoch(run.epoch, loss, validation_loss, rate, improved, run.seconds)
            run.history.append(epoch)
            yield epoch
    np.copyto(run.params, run.best_params)


def _pass(run: Run, source: GradientSource, batches: list[tuple[int, int]]) -> float:
    """Trains on all samples once, in a new order; returns their mean loss. Stops early if `run.stop` is set."""
    run.rng.shuffle(run.order)
    total = 0.0
    for number, (start, stop) in enumerate(batches, 1):
        loss = source.step(start, stop)
        if not isfinite(loss):
            raise Diverged(diverged(run, number, loss))
        total += loss
        run.mode.step += 1
        if run.stop:
            break
    return total / len(run.order)


def diverged(run: Run, batch: int, loss: float, first: int = 1, advice: str = ", or --clip-norm 1") -> str:
    """Returns the message of Diverged: the cause, the epoch, the batch and some advice.

    The first epoch has the number `first`; `advice` comes after the advice to lower the learning rate.
    """
    what = "finite weights, got NaN or infinity" if isfinite(loss) else f"a finite loss, got {loss}"
    return (
        f"training diverged: expected {what} in epoch {run.epoch + first}, batch {batch}; "
        f"try a learning rate below {run.optimizer.rate:g}{advice}"
    )
