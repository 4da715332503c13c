"""A look at a table before training: importing this package registers every kind of finding.

A new family of findings is a file of its own, imported here.
"""

from kerash_cli.inspection import belonging, gaps, giveaways, identity, meanings, repetition, targets
from kerash_cli.inspection.inspected import InspectedTable

__all__ = ["InspectedTable", "belonging", "gaps", "giveaways", "identity", "meanings", "repetition", "targets"]
