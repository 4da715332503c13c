"""The text that `kerash shell-init` prints: definitions of the functions of 2019, for zsh or bash."""

import re
from importlib.resources import files
from typing import Any

from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.matrices.kinds import FOLDS, PAIRINGS
from kerash_cli.matrices.operation import Group
from kerash_cli.matrices.operations import OPERATIONS
from kerash_cli.registry import Registry

RENAMED = {"create_fill": "fill", "create_direct": "direct"}
"""New name of each operation that was renamed since 2019; the keys are the old names."""

_DEFINED = re.compile(r"^function (\w+) \{", re.MULTILINE)


def script(shell: str) -> str:
    """Returns the functions for `zsh` or `bash`: those in files, and one per remaining operation or activation."""
    written = "\n".join(
        files(__package__).joinpath(f"functions.{ending}").read_text(encoding="utf-8") for ending in (shell, "sh")
    )
    lists: dict[str, Registry[Any]] = {"activations": ACTIVATIONS, "folds": FOLDS, "pairings": PAIRINGS}
    lines = [f"_kerash_{name}='{' '.join(registry.words())}'" for name, registry in lists.items()]
    given = set(_DEFINED.findall(written))
    for name, question in _asking().items():
        if name not in given:
            lines.append(f'function {name} {{ _kerash_ask {name} {question} "$@"; }}')
    return "\n".join([*lines, written])


def _asking() -> dict[str, str]:
    """Returns the question for each operation and activation; the keys are the names of the functions that ask them."""

    questions: dict[str, str] = {}
    groups: tuple[Group, ...] = ("matrix", "tensor")
    for group in groups:
        names = {name.replace("-", "_"): name for name in OPERATIONS if group in OPERATIONS[name].groups} | RENAMED
        questions |= {f"{group}_{name}": f"{group} {operation}" for name, operation in names.items()}
    for name in filter(str.isidentifier, ACTIVATIONS.words()):
        questions |= {f"activ_{name}": f"activation {name}", f"activ_d_{name}": f"derivative {name}"}
    return questions
