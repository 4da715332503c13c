"""The options of `kerash evolve`, in the sections of its help."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._chosen import SuggestedList
from kerash_cli.commands._help import Option

NETWORKS = (
    Option(
        "--from",
        "start",
        metavar="MODEL",
        type=_options.DESCRIPTION,
        help="Description or saved model to start from (default: an empty network).",
    ),
    Option(
        "--shape",
        metavar="WxHxD",
        help="Shape of the inputs if they are images; evolves convolutions and poolings too.",
    ),
    Option(
        "--max-layers",
        type=_options.Whole(0, 64),
        help="Largest number of hidden layers (default: 3, or 4 for images and for fewer than 50 rows).",
    ),
    Option(
        "--max-width",
        type=_options.Whole(1, 2**20),
        help="Largest number of units in a layer (default: 256; 20 to 256 for images and for fewer than 50 rows).",
    ),
    Option(
        "--activations",
        metavar="LIST",
        type=SuggestedList(words="activations"),
        help="Activations to choose from, such as relu,tanh (default: 5 of them, or 14 for images and for fewer than "
        "50 rows).",
    ),
    Option(
        "--size",
        type=_options.COUNT,
        metavar="PARAMETERS",
        help="Largest number of parameters of the saved network (default: no limit).",
    ),
    Option("--loss", type=_options.LOSS, help="Loss to minimize (default: the one that suits OUTPUTS)."),
)

SEARCH = (
    Option(
        "--strategy",
        type=click.Choice(["evolve", "random"]),
        default="evolve",
        help="Where candidates come from: mutations of the best so far, or random draws, for comparison "
        "(default: {default}).",
    ),
    Option(
        "--inherit",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Whether a child starts with its parent's weights; auto: for tables under 50 rows, for images, and if "
        "training is expensive (default: {default}).",
    ),
    Option(
        "--pick",
        type=click.Choice(["best", "small"]),
        default="best",
        help="Which candidate to save: the one with the best loss, or the smallest within a standard error of it "
        "(default: {default}).",
    ),
    Option(
        "--final",
        type=click.Choice(["merged", "single"]),
        help="What to save: the best ensemble of networks, merged into one, or one network trained on all rows "
        "(default: merged where possible).",
    ),
    Option("--seed", type=_options.SEED, default=0, help="Random seed (default: {default})."),
    Option(
        "--time",
        "limit",
        type=_options.SECONDS,
        help="Time limit, such as 90s, 5m or 1h: start no generation that would run past it (default: none).",
    ),
    Option(
        "--stop-at",
        type=_options.NOT_NEGATIVE,
        metavar="LOSS",
        help="Stop once the best loss is this low (default: go through all GENERATIONS).",
    ),
)

SCHEDULER = Option(
    "--scheduler",
    metavar="ADDRESS",
    type=_options.Parsed("scheduler", "kerash_cli.parallel.connecting:address_of", "tcp://", "tls://"),
    help="Train candidates on a Dask cluster: tcp://HOST:PORT, tls://HOST:PORT or a scheduler file.",
)

OUTPUT = (
    Option(
        "--force", is_flag=True, help="Start the search anew, and replace NAME.kerash even if it is not a saved model."
    ),
    Option(
        "--every",
        type=_options.COUNT,
        help="Print every Nth generation when not on a terminal (default: about 50 lines in all).",
    ),
    _options.AS_JSON,
    _options.QUIET,
)

SECTIONS = {
    "Data": (
        *_options.TABLE,
        *_options.PREPARING,
    ),
    "Networks": NETWORKS,
    "Search": SEARCH,
    "Running": (_options.WORKERS, SCHEDULER, _options.MOUNTPOINT),
    "Output": OUTPUT,
}
