"""Trains on each split of each real file, and prints one table.

    python -m benchmarks.real                               all files, five splits each
    python -m benchmarks.real Auto tips                     the files whose names have one of these words
    python -m benchmarks.real --with '--weight-decay 1e-3'  the same with more options of `kerash train`
    python -m benchmarks.real --table --markdown            the table of what was measured before

Each result goes to benchmarks/real/results.jsonl as soon as there is one, and what is there is not measured again, but
for kerash with `--again`.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.real import report
from benchmarks.real.files import FILES, RealFile
from benchmarks.real.ours import Failed
from benchmarks.real.report import OURS, THEIRS, Result
from benchmarks.real.splitting import SPLITS

RESULTS = Path(__file__).with_name("results.jsonl")
Key = tuple[str, int, str]


class Results:
    """A file of raw results, a JSON object a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.all: dict[Key, dict[str, Any]] = {_key(record): record for record in map(json.loads, lines)}

    def put(self, record: dict[str, Any]) -> None:
        """Adds or replaces a result, in the file too."""
        self.all[_key(record)] = record
        text = "".join(json.dumps(each) + "\n" for each in self.all.values())
        self.path.write_text(text, encoding="utf-8")

    def of(self, files: Sequence[RealFile], side: str) -> Iterator[Result]:
        """Yields both sides' scores of each file that has all of them."""
        for file in files:
            mine, theirs = (
                [self.all[file.name, split, each] for split in range(SPLITS) if (file.name, split, each) in self.all]
                for each in (side, THEIRS)
            )
            if len(mine) == len(theirs) == SPLITS:
                yield Result(file, mine[0]["rows"], *([each["score"] for each in both] for both in (mine, theirs)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real", description="kerash train on real files.")
    parser.add_argument("word", nargs="*", help="only files whose names have one of these")
    parser.add_argument("--with", dest="options", default="", metavar="OPTIONS", help="more options of kerash train")
    parser.add_argument("--again", action="store_true", help="run kerash anew")
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE", help="raw results")
    parser.add_argument("--table", action="store_true", help="only print the table of what was measured before")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    arguments = parser.parse_args()
    chosen = [file for file in FILES if not arguments.word or any(word in file.name for word in arguments.word)]
    results, options = Results(arguments.output), arguments.options.split()
    side = " ".join([OURS, *options])
    for file in () if arguments.table else chosen:
        wanted = [
            (split, each)
            for split in range(SPLITS)
            for each in (side, THEIRS)
            if (file.name, split, each) not in results.all or (arguments.again and each != THEIRS)
        ]
        try:
            for record in _measured(file, wanted, options):
                results.put(record)
        except Failed as failure:
            print(f"{file.name}: {failure}", file=sys.stderr)
    print(report.text(list(results.of(chosen, side)), arguments.markdown))


def _measured(file: RealFile, wanted: Sequence[tuple[int, str]], options: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yields a result for each wanted split and side."""
    if not wanted:
        return
    from benchmarks.real import measuring  # needs pandas and scikit-learn, which the table alone does not

    divided = measuring.divide(file)
    for split, side in wanted:
        score = divided.theirs(split) if side == THEIRS else divided.ours(split, options)
        print(f"{file.name} {split + 1} {side} {score:.4f}", file=sys.stderr)
        yield {"file": file.name, "split": split, "side": side, "rows": divided.rows, "score": round(score, 6)}


def _key(record: dict[str, Any]) -> Key:
    return record["file"], record["split"], record["side"]


if __name__ == "__main__":
    main()
