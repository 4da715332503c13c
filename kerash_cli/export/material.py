"""The material of a writer: a trained model, and the words about it that each format writes in its own way."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from kerash_cli import __version__
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput, printable, shown
from kerash_cli.export.features import Inputs, doubts, inputs
from kerash_cli.export.steps import NetworkStep, steps
from kerash_cli.model.trained import TrainedModel

WIDTH = 110
"""Maximum number of letters in a line of comment or of numbers."""

MOST_NAMED = 12
"""Maximum number of columns or classes that a comment names."""

CARD, CARD_MARK = "README.md", b"library_name: kerash\n"
"""Name of a model card, and what one of kerash has near its beginning."""


@dataclass(frozen=True, eq=False)
class Material:
    """A trained model that is to be exported, and the name of the file that it comes from."""

    name: str
    trained: TrainedModel

    @cached_property
    def steps(self) -> list[NetworkStep]:
        """The steps of the network."""
        return steps(self.trained.network, self.trained.params)

    @cached_property
    def inputs(self) -> Inputs:
        """Knowledge that a program needs about the inputs."""
        return inputs(self.trained.encoding)

    @property
    def network(self) -> Network:
        """The network."""
        return self.trained.network

    def about(self, *usage: str) -> list[str]:
        """Returns the lines of comment at the top of a program: what it is, how to run it, and where it comes from."""
        first, *others = self.told(doubts(self.inputs))
        *others, made = others
        return [first, *others, "", *(f"    {printable(each)}" for each in usage), "", made]

    def told(self, doubtful: Sequence[str] = ()) -> list[str]:
        """Returns lines that say what the model predicts from which columns, and where it comes from."""
        targets, columns = self.trained.encoding.targets, self.inputs.columns
        named = enumerated([each.name for each in columns], MOST_NAMED)
        layers = ", ".join(layer.short for layer in self.network.layers[1:])
        lines = [
            f"Predicts {targets.describe()}.",
            f"It reads {counted(len(columns), 'column')}: {named}.",
            "Cells are plain numbers, or words as in training.",
            *["A row with a missing value is refused."] * self.inputs.refuses_gaps,
            *(f"{line[:1].upper()}{line[1:]}." for line in doubtful),
            f"The network: {layers}. Written by kerash {__version__} from {self.name}.",
        ]
        return [printable(line) for line in lines]

    def check_steps(self, ending: str, known: Collection[type[NetworkStep]]) -> None:
        """Raises BadInput at a layer that needs a step that a format does not have."""
        for step in self.steps:
            if type(step) not in known:
                raise BadInput(
                    f"{self.name}: the layer '{step.title}' can't be written as {ending}; try .onnx, .py or .c"
                )

    def check_missing(self, ending: str) -> None:
        """Raises BadInput if words for missing values have letters whose capitals only Unicode knows."""
        for word in self.inputs.missing:
            if not word.isascii():
                raise BadInput(f"{self.name}: the word {shown(word)} for missing values can't be written as {ending}")


def filled(words: Sequence[str], indent: str, width: int = WIDTH) -> str:
    """Returns words with commas between them, in lines that are not too long."""
    lines, line = list[str](), indent
    for word in words:
        if len(line) + len(word) + 1 > width and line != indent:
            lines.append(line.rstrip())
            line = indent
        line += f"{word}, "
    return "\n".join([*lines, line.rstrip()])
