"""The kinds of input columns: importing this package registers all but those of views, which `encoding.views` imports.

A new kind is a subclass of InputColumn in a file of its own, imported here. A column gets the first kind that takes it.
"""

from kerash_cli.encoding.inputs.base import INPUTS, ColumnGroup, InputColumn
from kerash_cli.encoding.inputs.category import Category
from kerash_cli.encoding.inputs.frequent import Frequent
from kerash_cli.encoding.inputs.moment import Moment
from kerash_cli.encoding.inputs.number import Number

__all__ = ["INPUTS", "Category", "ColumnGroup", "Frequent", "InputColumn", "Moment", "Number"]
