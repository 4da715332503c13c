"""The operations of `kerash matrix`, `kerash tensor` and `kerash blas`. Importing this package fills their registry.

To add one, write its function in the file of its subject; `kerash_cli.matrices.operation` says how the signature is
read. The function is then a subcommand and a step of a pipeline, with help and errors. `tests/operation_cases.py` needs
a row that says what it should return.
"""

# This is the order in which operations are listed.
# isort: off
from kerash_cli.matrices.operations import creating, arithmetic, products, activations, reductions, algebra
from kerash_cli.matrices.operations import shapes, windows, network_layers, comparing, printing

# isort: on
from kerash_cli.matrices.operation import OPERATIONS

__all__ = [
    "OPERATIONS",
    "activations",
    "algebra",
    "arithmetic",
    "comparing",
    "creating",
    "network_layers",
    "printing",
    "products",
    "reductions",
    "shapes",
    "windows",
]
