"""The layers of a network: importing this package registers every file in it."""

from kerash_cli.engine.layers.base import IDENTITY, LAYERS, Layer, Mode
from kerash_cli.engine.layers.dense import Dense
from kerash_cli.engine.layers.dropout import Dropout
from kerash_cli.engine.layers.flatten import Flatten
from kerash_cli.engine.layers.input import Input
from kerash_cli.engine.layers.output import Output

__all__ = ["IDENTITY", "LAYERS", "Dense", "Dropout", "Flatten", "Input", "Layer", "Mode", "Output"]
