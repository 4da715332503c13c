"""Lists of calls: running them, showing them, and naming their owners in errors."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from kerash_cli.engine.tensors import Call, Calls


def labelled(calls: Calls, owner: str) -> Calls:
    """Returns the calls, each marked with `owner`, the label of the layer that it belongs to."""
    for call in calls:
        vars(call)["owner"] = owner
    return calls


def run_calls(calls: Iterable[Call]) -> None:
    """Makes the calls in order; an error carries a note that names the call and its owner."""
    call = None
    try:
        for call in calls:
            call()
    except Exception as error:
        error.add_note(f"in the call {' '.join(described(call))}")
        raise


def described(call: Any) -> tuple[str, str]:
    """Returns a call's owner, and the call as text with its arrays' sizes: `ndarray.dot(16x5, 5x32, 16x32)`."""
    owner = getattr(call, "owner", "")
    if not isinstance(call, partial):
        return owner, f"{getattr(call, '__qualname__', repr(call)).rpartition('.')[2]}()"
    itself = getattr(call.func, "__self__", None)
    name = call.func.__name__
    given = [*call.args, *call.keywords.values()]
    if isinstance(itself, np.ufunc):
        name = f"{itself.__name__}.{name}"
    elif isinstance(itself, np.ndarray):
        name, given = f"ndarray.{name}", [itself, *given]
    return owner, f"{name}({', '.join(map(_shown, given))})"


def _shown(operand: object) -> str:
    if isinstance(operand, np.ndarray):
        return "x".join(map(str, operand.shape)) or "number"
    return "..." if operand is ... else repr(operand)
