"""The kinds of layers, one file for each; importing this package registers them all."""

from kerash_cli.engine.layers.average_pooling import AveragePooling
from kerash_cli.engine.layers.base import IDENTITY, LAYERS, Layer, Mode
from kerash_cli.engine.layers.batch_normalization import BatchNormalization
from kerash_cli.engine.layers.convolution import Convolution
from kerash_cli.engine.layers.dense import Dense
from kerash_cli.engine.layers.dropout import Dropout
from kerash_cli.engine.layers.flatten import Flatten
from kerash_cli.engine.layers.global_average_pooling import GlobalAveragePooling
from kerash_cli.engine.layers.input import InputLayer
from kerash_cli.engine.layers.max_pooling import MaxPooling
from kerash_cli.engine.layers.output import OutputLayer
from kerash_cli.engine.layers.scale import Scale

__all__ = [
    "IDENTITY",
    "LAYERS",
    "AveragePooling",
    "BatchNormalization",
    "Convolution",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling",
    "InputLayer",
    "Layer",
    "MaxPooling",
    "Mode",
    "OutputLayer",
    "Scale",
]
