"""kerash from Python: `train`, `load`, `predict` and `evaluate`, the functions behind the commands of these names.

    from kerash_cli import api

    model = api.train("iris.csv", target="species")
    model.predict([[5.1, 3.5, 1.4, 0.2]])  # array(['setosa'])
    model.save("iris.kerash")  # the same bytes as `kerash train iris.csv --target species`

Nothing is printed: what a command would say is in `model.notes`. What a user can mend is a KerashError, usually the
BadInput of `kerash_cli.errors`. docs/python.md has more.
"""

from kerash_cli.api.handing import TableData
from kerash_cli.api.models import KerashModel, evaluate, load, predict
from kerash_cli.api.options import MeasuringOptions, ReadingOptions, TrainOptions
from kerash_cli.api.training import train

__all__ = [
    "KerashModel",
    "MeasuringOptions",
    "ReadingOptions",
    "TableData",
    "TrainOptions",
    "evaluate",
    "load",
    "predict",
    "train",
]
