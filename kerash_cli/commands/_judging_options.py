"""Options of all commands that measure models on rows with answers: evaluate, compare, importance, report and plot."""

from kerash_cli.commands import _options
from kerash_cli.commands._help import Option

DATA = (
    _options.on_error("stop", "skip", help="What to do about a bad row: stop, or skip it (default: {default})."),
    *_options.READING,
    _options.LABEL_HEADER,
)
"""Options about the rows."""

WEIGHTS = Option(
    "--weights",
    metavar="COLUMN",
    type=_options.COLUMN,
    help="Column of DATA with how much each row counts, from 0 on (default: all count the same).",
)
