"""The options of `kerash train`, in the sections of its help."""

from typing import TYPE_CHECKING

import click

from kerash_cli.commands import _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Option

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _rates() -> str:
    """Returns the default learning rates: `0.1 for sgd, 0.005 for rmsprop, adam and adamw`."""
    from kerash_cli.engine.optimizers import OPTIMIZERS

    names: dict[float, list[str]] = {}
    for name, optimizer in OPTIMIZERS.items():
        names.setdefault(optimizer.default_rate, []).append(name)
    return ", ".join(f"{rate:g} for {_and(each)}" for rate, each in names.items())


def _and(words: list[str]) -> str:
    """Returns words as a list in a sentence: `a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


KEEP = Option(
    "--keep",
    metavar="COLUMN",
    type=_options.COLUMN,
    multiple=True,
    help="Input column; if there is one, all others are ignored (repeatable).",
)
BALANCE = Option("--balance", is_flag=True, help="Weight rows so that each class counts the same.")
WEIGHTS = Option(
    "--weights",
    metavar="COLUMN",
    type=_options.COLUMN,
    help="Column of DATA with the weight of each row in the loss, from 0 on; it is no input.",
)

GROUPS = "groups:"


class ValidationRows(_options.Parsed):
    """Rows to validate on: a word, `groups:` with a column, or a file."""

    def __init__(self) -> None:
        super().__init__("rows", "kerash_cli.training.validating:ValidateOn.parse", "random", "last", GROUPS)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the words, the columns behind `groups:`, and an item that stands for tables."""
        from kerash_cli.completion import offers

        if incomplete.startswith(GROUPS):
            return offers.columns(ctx, incomplete, GROUPS)
        return [
            *super().shell_complete(ctx, param, incomplete),
            *_options.TABLE_FILE.shell_complete(ctx, param, incomplete),
        ]


VALIDATE_ON = Option(
    "--validate-on",
    metavar="random|last|groups:COLUMN|FILE",
    default="random",
    type=ValidationRows(),
    help="Rows to validate on: drawn at random; the last ones, if rows are in order of time; all rows of some groups, "
    "if several rows belong together, as those of a patient do; or those of another table, so that all of DATA train "
    "(default: {default}).",
)

NETWORK = (
    Option("--no-bias", is_flag=True, help="Leave the biases out."),
    Option(
        "--numbers",
        metavar="VIEW",
        type=_options.Parsed(
            "view", "kerash_cli.encoding.views:View.parse", "standard", "quantile", "piecewise", "quantile,piecewise"
        ),
        help="What the network sees of a column of numbers: standard, the scaled number; or beside it quantile, "
        "piecewise[:BINS], or both with a comma (default: piecewise to predict numbers with `?` inputs from 500 rows "
        "on, else standard).",
    ),
    Option("--no-standardize", is_flag=True, help="Use columns as they are, not scaled to mean 0 and deviation 1."),
    Option(
        "--init",
        type=_options.RegistryName("law", "kerash_cli.engine.initializers:INITIALIZERS"),
        help="Distribution of the initial weights (default: the one that suits each activation).",
    ),
    Option(
        "--start",
        metavar="MODEL|GENOME",
        type=_options.MODEL,
        help="Saved model or genome with the weights and the scaling to start from.",
    ),
    Option(
        "--dtype",
        type=click.Choice(["float32", "float64"]),
        default="float32",
        help="Number type for all arithmetic (default: {default}).",
    ),
)

TRAINING = (
    Option(
        "--loss",
        type=_options.LOSS,
        help="Loss to minimize (default: the one that suits the last activation and the labels).",
    ),
    BALANCE,
    WEIGHTS,
    Option("--batch-size", type=_options.COUNT, default=32, help="Rows per step (default: {default})."),
    Option(
        "--optimizer",
        type=_options.RegistryName("name", "kerash_cli.engine.optimizers:OPTIMIZERS"),
        default="adam",
        help="Optimizer (default: {default}).",
    ),
    Option(
        "--learning-rate", "--lr", type=_options.POSITIVE, help="Size of a step (default: {default}).", look_up=_rates
    ),
    Option(
        "--schedule",
        type=_options.Parsed(
            "schedule", "kerash_cli.engine.schedules:Schedule.parse", "constant", "cosine", "step:", "warmup:"
        ),
        default="constant",
        help="Course of the learning rate: constant, cosine or step:EVERY,FACTOR, optionally preceded by "
        "warmup:EPOCHS+ (default: {default}).",
    ),
    Option("--momentum", type=_options.Real(0, 1, max_open=True), default=0.0, help="Momentum, for sgd only."),
    Option("--nesterov", is_flag=True, help="Use Nesterov's form of momentum, for sgd only."),
    Option(
        "--weight-decay",
        type=_options.NOT_NEGATIVE,
        default=0.0,
        help="Penalty on large weights: L2, decoupled for adamw (default: none).",
    ),
    Option("--clip-norm", type=_options.POSITIVE, help="Clip gradients to this norm (default: no clipping)."),
    Option(
        "--seed",
        type=_options.SEED,
        default=0,
        help="Random seed for initial weights, validation rows, row order and dropout (default: {default}).",
    ),
)

ENDING = (
    Option(
        "--epochs",
        type=_options.COUNT,
        default=1000,
        help="Largest number of passes over the data (default: {default}).",
    ),
    Option(
        "--validation",
        type=_options.Real(0, 1, max_open=True),
        default=0.2,
        help="Share of rows to validate on; 0 for tables under 50 rows (default: {default}). "
        "If the rows are in order of time, see --validate-on.",
    ),
    VALIDATE_ON,
    Option(
        "--validate-label",
        metavar="FILE",
        type=_options.TABLE_FILE,
        help="Answers of the rows in the file of --validate-on, if it has no column of them.",
    ),
    Option(
        "--test",
        type=_options.Real(0, 1, min_open=True, max_open=True),
        help="Share of rows to keep for a test of the trained network, drawn as --validate-on says; they are used for "
        "nothing else (default: none).",
    ),
    Option(
        "--folds",
        type=_options.Whole(2, 20),
        help="Train N networks, each on all rows but those of one of N folds, which validate it, and save their "
        "average as one network; 5 is usual (default: one network).",
    ),
    Option(
        "--cv",
        type=_options.Whole(2, 1000),
        help="Judge the settings: train N networks, each on all rows but those of one of N folds, and measure each on "
        "its fold; 5 is usual. Nothing is saved, except with -o, which then trains as without --cv.",
    ),
    Option(
        "--refit",
        is_flag=True,
        help="Then train again on all rows, also those to validate on, for as many epochs as were best.",
    ),
    Option(
        "--patience",
        type=_options.COUNT,
        default=100,
        help="Stop after this many epochs without a lower validation loss (default: {default}).",
    ),
    Option("--time", "limit", type=_options.SECONDS, help="Time limit, such as 90s, 5m or 1h (default: none)."),
)

WORKERS = Option(
    "--workers",
    type=_options.WorkerCount(mpi=True),
    help="Number of processes (default: as many as speed up training); mpi for those that mpiexec has started, on one "
    "machine or several.",
)

RUNNING = (
    WORKERS,
    _options.MOUNTPOINT,
    Option(
        "--stream/--no-stream",
        default=None,
        help="Keep the rows in files on a disk, for a table that is larger than memory, or in memory only (default: on "
        "a disk if memory has no room).",
    ),
    Option(
        "--checkpoint",
        metavar="FILE",
        type=_options.OUTPUT,
        help="Save the state of the run to FILE about every second; signal USR1 saves it now.",
    ),
    Option(
        "--resume",
        is_flag=True,
        help="Continue from the --checkpoint file if it exists; you may raise --epochs and --patience.",
    ),
)

OUTPUT = (
    Option(
        "-o",
        "--output",
        metavar="FILE",
        type=FileName(dash=False, endings=("kerash",)),
        help="Saved model to write (default: MODEL.kerash, or DATA.kerash without MODEL).",
    ),
    Option(
        "--force", is_flag=True, help="Replace FILE even if it is not a saved model, or is another run's checkpoint."
    ),
    Option(
        "--log",
        metavar="FILE",
        type=_options.FILE,
        help="Append a JSON object per epoch to FILE (- for standard output).",
    ),
    Option(
        "--every",
        type=_options.COUNT,
        help="Print every Nth epoch when not on a terminal (default: about 50 lines in all).",
    ),
    _options.AS_JSON,
    _options.QUIET,
)

SECTIONS = {
    "Data": (
        *_options.TABLE,
        KEEP,
        *_options.PREPARING,
    ),
    "Network": NETWORK,
    "Training": TRAINING,
    "When to stop": ENDING,
    "Running": RUNNING,
    "Output": OUTPUT,
}
