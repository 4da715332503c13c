"""The kinds of targets: importing this package registers every file in it.

A new kind is a subclass of Targets in a file of its own, imported here; `encoding.learning` says when it is chosen.
"""

from kerash_cli.encoding.targets.base import OUTPUTS, TARGETS, Targets, read
from kerash_cli.encoding.targets.binary import Binary
from kerash_cli.encoding.targets.classes import Classes
from kerash_cli.encoding.targets.multilabel import Multilabel
from kerash_cli.encoding.targets.one_class import OneClass
from kerash_cli.encoding.targets.one_hot import OneHot
from kerash_cli.encoding.targets.values import Values

__all__ = [
    "OUTPUTS",
    "TARGETS",
    "Binary",
    "Classes",
    "Multilabel",
    "OneClass",
    "OneHot",
    "Targets",
    "Values",
    "read",
]
