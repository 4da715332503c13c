"""Everything that reads what a user or a disk gives, and bytes that were made to upset it: PROMISES I1, X1, X2.

To add a parser, give it a row in PARSERS; to add an input, a line in its CASES.
"""

import functools
import gzip
import io
import json
import random
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np
from arrays_by_hand import idx, npy
from mutating import JSON, mutated
from packed import HAS_ARROW, HAS_ZSTD, arrow, packed, parquet
from streamed import stream

from kerash_cli.classic.genomes import Genome
from kerash_cli.classic.models import StoredModel
from kerash_cli.diagnosis import TrainingCase, symptoms
from kerash_cli.encoding.learning import learn
from kerash_cli.evolution import history
from kerash_cli.matrices.operands import Operands
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.history import read_log
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import stage
from kerash_cli.system import files
from kerash_cli.tables import compression, labels, reading
from kerash_cli.tables.table import BadRow
from kerash_cli.training import experiment
from kerash_cli.training.checkpoint import Checkpoint
from kerash_cli.training.loop import train
from kerash_cli.training.run import Run
from kerash_cli.training.settings import TrainingSettings

ROOT = Path(__file__).parent.parent
ZEROS = b"0" * 64
DESCRIPTION = "4 1 1\ninput\ndropout 0.2\ndense 4 tanh\ndense 3 softmax\n"
TABLE = b"a,b,c,kind\n1,2.5,x,low\n-3,0.5,y,high\n4e2,.5,x,odd\n7,8,y,low\n"
IDENTITY = {"data": "abc", "strategy": {"population": 3}, "rungs": [1.0]}
CANDIDATE = {
    "generation": 0, "index": 0, "rung": 0, "loss": 0.5, "deviation": 0.1, "seconds": 1.0, "epochs": 3,
    "best_epoch": 2, "parameters": 3, "error": None, "reason": None, "model": "2 1 1\ninput\ndense 1 sigmoid\n",
    "learning_rate": 0.05, "weight_decay": 0.0001, "steps": 300, "view": "standard", "parent": None,
    "mutations": ["start"],
}  # fmt: skip


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """TimeoutError in what takes longer; the seconds are the processor's, so that a busy machine changes nothing."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"still at it after {seconds} s of the processor")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# Parsers: each in a folder that has what else it needs


class Parser(NamedTuple):
    """One way in: where the bytes go, what reads them, what they are when nothing is wrong."""

    file: str
    """Where in the folder."""
    parse: Callable[[Path], Any]
    """What reads the folder: to a number of rows where there are such, else to anything."""
    seed: Callable[[Path], bytes]
    """Sound bytes; called once the folder is furnished."""
    codes: tuple[int, ...]
    """Exit codes of its errors."""
    command: tuple[str, ...]
    """A command that reads the file."""
    words: tuple[bytes, ...] = ()
    """Pieces that a mutation inserts, besides those of all formats."""
    seal: Callable[[bytes], bytes] = bytes
    """Makes digests right again that a mutation made wrong."""


def rows(path: Path) -> int:
    """Of a table, read whole and in blocks to the same number."""
    count = reading.read(str(path)).rows
    blocks = [1 if isinstance(block, BadRow) else block.rows for block in stream(str(path))]
    assert sum(blocks) == count, "a row was dropped"
    return count


def labelled(folder: Path) -> int:
    """The labels of a table of 4 rows."""
    table = reading.read(str(folder / "beside.csv"))
    return labels.read_labels(str(folder / "labels"), table, None, None).rows


def used(path: Path) -> bytes:
    """What a saved model predicts of zeros: it loads, and can be used and explained."""
    model = TrainedModel.load(str(path))
    model.summary()
    if model.history:
        symptoms(TrainingCase.of(model))
    with np.errstate(all="ignore"):
        return model.outputs(np.zeros((2, model.network.features), model.params.dtype)).tobytes()


def resumed(path: Path) -> int:
    """Where a run stands that goes on from a checkpoint."""
    run = begun(path.parent)
    Checkpoint(str(path), {"seed": 0}).resume(run)
    return run.epoch


@functools.cache
def begun(folder: Path) -> Run:
    """A run that may be brought to where another stood, again and again."""
    with stage(10**6, str(folder / "run"), lambda _: None) as place:
        return experiment.start(prepared(folder), place).run


def prepared(folder: Path) -> experiment.PreparedTraining:
    """A small run of training."""
    table = reading.read(str(folder / "beside.csv"))
    settings = TrainingSettings(epochs=3, patience=3)
    return experiment.prepare(ModelDescription.parse(DESCRIPTION), table, None, ["kind"], settings)


def trained(folder: Path) -> tuple[bytes, bytes]:
    """A checkpoint after two epochs, and the saved model."""
    (folder / "run").mkdir(exist_ok=True)
    checkpoint = Checkpoint(str(folder / "made"), {"seed": 0})
    with stage(10**6, str(folder / "run"), lambda _: None) as place:
        training = experiment.start(prepared(folder), place)
        epochs = train(training.run, training.source, training.validate)
        for _ in range(2):
            next(epochs)
        checkpoint.epoch(training.run)
        checkpoint.write()
        with files.replacing(folder / "made model") as output:
            training.conclude().save(output)
    return (folder / "made").read_bytes(), (folder / "made model").read_bytes()


def searched(folder: Path) -> bytes:
    """The history of a search, with something of each kind in it."""
    name = str(folder / "made")
    lines = [
        CANDIDATE,
        {**CANDIDATE, "index": 1, "loss": None, "deviation": None, "reason": "training diverged"},
        {"generation": 0, "incumbent": [0, 0]},
        {**CANDIDATE, "generation": 1, "parent": [0, 0], "mutations": ["widen"]},
        {"generation": 1, "incumbent": [1, 0], "members": [[0, 0, 2], [1, 0, 3]], "loss": 0.25},
    ]
    with history.history(name, IDENTITY) as past:
        for line in lines:
            past.append(line)
        ancestors = [{"generation": 0, "index": 0}, {"generation": 1, "index": 0}]
        members = [[0, 0, 2], [1, 0, 3]]
        past.conclude({"lineage": ancestors, "members": members}, CANDIDATE["model"])
    return (folder / "made.evolve/history.jsonl").read_bytes()


def lineage(folder: Path) -> Any:
    """Who was tried in a search, or the winner's ancestors, and who was averaged; the run that goes on reads it too."""
    found = history.read(str(folder / "n"))
    with history.history(str(folder / "n"), IDENTITY):
        return found.lineage or found.tried, found.members


def stored(folder: Path) -> bytes:
    """The record of a stored model."""
    table = reading.read(str(folder / "beside.csv"))
    encoding = learn(table, targets=["kind"], output="distribution").fitted(table)
    model = StoredModel("m", ModelDescription.parse(DESCRIPTION), encoding, {"data": "0" * 64, "label": None})
    return model.record()


GENOME = {
    "meta.dat": "3 1 1\n2\n3\n4\n",
    "settings": "model m\nshape 2 2 1\nbias yes\n",
    "result": "0.113811\n",
    "topology/layer_0/meta.dat": "- input\n",
    "topology/layer_1/meta.dat": "prelu:0.1 dense\n",
    "topology/layer_1/weights.dat": "3 4 1\n0.5\n-1\n2.\n.25\n1e-3\n7\n8\n9\n10\n11\n12\n-0.0\n",
    "topology/layer_1/bias_weights.dat": "3 1 1\n1\n2\n3\n",
    "topology/layer_2/meta.dat": "- dense\n",
    "topology/layer_2/weights.dat": "2 3 1\n1\n2\n3\n4\n5\n6\n",
    "topology/layer_2/bias_weights.dat": "2 1 1\n0\n1e300\n",
    "topology/layer_3/meta.dat": "softmax output\n",
}


def sealed_model(content: bytes) -> bytes:
    """A saved model with its length and digest as they should be, if what they stand in is still there."""
    header = content.rfind(b"}}", 0, content.rfind(b"}") + 1) + 2
    start = content.find(mark := b'\\"sha256\\":\\"') + len(mark)
    padded = header + -header % 8
    content = (padded - 8).to_bytes(8, "little") + content[8:start] + ZEROS + content[start + 64 :]
    return content[:start] + sha256(content).hexdigest().encode() + content[start + 64 :]


def sealed_lines(content: bytes) -> bytes:
    """The lines of a history, or the one of a winner, as they are written, with digests that are right."""
    before, lines = "", []
    for line in content.split(b"\n"):
        try:
            record = json.loads(line)
            record.pop("digest", None)
            told = {key: value for key, value in record.items() if key != "seconds"}
            before = sha256(before.encode() + json.dumps(told, sort_keys=True).encode() + b"\n").hexdigest()
            lines.append(json.dumps({**record, "digest": before}, sort_keys=True).encode())
        except (ValueError, AttributeError, TypeError, RecursionError):
            lines.append(line)
    return b"\n".join(lines)


def zipped(name: str, content: bytes) -> bytes:
    """A zip archive of one member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


RUN = "".join(
    f'{{"epoch":{epoch},"loss":{1 / epoch},"validation_loss":{2 / epoch},"learning_rate":0.005,"improved":true,'
    f'"validation_accuracy":0.5,"seconds":0.25}}\n'
    for epoch in range(1, 10)
)
"""The log of a run of nine epochs."""

ROWS = {
    "JSON lines": (b'{"a": 1, "b": 2.5, "c": "x"}\n{"a": -3, "c": null}\n{"c": true, "b": 4e2}\n', JSON),
    "JSON array": (b'[{"a": 1, "b": "x"},\n {"a": 2.5,\n  "b": null}, {"b": "y"}]\n', JSON),
    "ARFF": (
        b"% x\n@relation r\n@attribute a real\n@attribute 'b c' {x,'y z'}\n@attribute d string\n"
        b"@data\n1,x,'y, z'\n?,'y z',\"w\"\n{0 2.5, 2 v}\n3,x,?\n",
        (b"@attribute ", b"@data\n", b"{", b"}", b"'", b'"', b"?", b"%", b"\\", b"numeric"),
    ),
    "LIBSVM": (b"+1 1:0.5 3:1e-3 # x\n-1\n0 2:-7 4:1\n", (b"1:1", b":", b"#", b" ", b"4:2", b"qid:1")),
    "JSON arrays": (b'["a", "b"]\n[1, 2]\n[3, 4.5]\n', JSON),
}
"""Files with a row for each object, array or line: sound bytes, and pieces for mutations."""
if HAS_ARROW:
    ROWS |= {"Parquet": (parquet(), (b"PAR1", b"\x15")), "Arrow": (arrow(), (b"ARROW1\0\0", b"\xff\xff\xff\xff"))}
OTHER_COMPRESSIONS = ("bzip2", "xz", "lzma", *(["zstd"] if HAS_ZSTD else []))
"""Compressions besides gzip."""
MAGIC = {codec.name: codec.begins[0] for codec in compression.CODECS}

PARSERS: dict[str, Parser] = {
    "model": Parser(
        "in.model", lambda folder: ModelDescription.read(str(folder / "in.model")),
        lambda _: b"? 1 1\ninput\ndropout .25\ndense 4 srelu:-1,0.1,1,0.1\ndense ? softmax # comment\n", (2,),
        ("show", "in.model"), (b"?", b"-", b":", b"#", b"dense", b"input", b"flatten", b"2 1 1", b"relu"),
    ),
    "data": Parser(
        "in.csv", lambda folder: rows(folder / "in.csv"), lambda _: TABLE, (2,),
        ("evolve", "?", "?", "new", "in.csv", "--target", "1", "1", "0"), (b'"', b";", b"NA", b"\t"),
    ),
    "labels": Parser(
        "labels", labelled, lambda _: b"setosa\nvirginica\nsetosa\nsetosa\n", (2,),
        ("evaluate", "sound.kerash", "beside.csv", "labels"), (b'"', b";", b"NA", b"\t"),
    ),
    "tensor text": Parser(
        "in.dat", lambda folder: Operands().read(str(folder / "in.dat")),
        lambda _: b"2 3 2\n" + b"".join(b"%d\n" % value for value in range(12)),
        (2, 3), ("matrix", "sum", "in.dat"), (b"3 2 1\n", b"1 1 1"),
    ),
    "matrix rows": Parser(
        "in.txt", lambda folder: Operands().read(str(folder / "in.txt")),
        lambda _: b"# x\na;b;c\n" + b"".join(b"%d;.5;%de1\n" % (value, value) for value in range(12)),
        (2, 3), ("matrix", "sum", "in.txt"), (b";", b",", b"\t", b"#", b"nan", b"a"),
    ),
    ".npy": Parser(
        "in.npy", lambda folder: rows(folder / "in.npy"), lambda _: npy(), (2,),
        ("evolve", "?", "?", "new", "in.npy", "--target", "1", "1", "0"), (b"(", b"'", b"<f8", b"True", b"|O"),
    ),
    ".npy as a tensor": Parser(
        "in.npy", lambda folder: Operands().read(str(folder / "in.npy")), lambda _: npy(), (2, 3),
        ("tensor", "sum", "in.npy"), (b"(", b"'", b"<f8", b"True", b"|O"),
    ),
    ".npz and zip": Parser(
        "in.npz", lambda folder: rows(folder / "in.npz"), lambda _: zipped("a.npy", npy()), (2,),
        ("evolve", "?", "?", "new", "in.npz", "--target", "1", "1", "0"), (b"PK\3\4", b"PK\5\6"),
    ),
    "PGM": Parser(
        "in.pgm", lambda folder: rows(folder / "in.pgm"), lambda _: b"P2\n# x\n3 2\n255\n0 1 2\n3 4 255\n", (2,),
        ("evolve", "?", "?", "new", "in.pgm", "--target", "1", "1", "0"), (b"P5", b"P6", b"#", b"65535", b"256"),
    ),
    "IDX": Parser(
        "in.idx", lambda folder: rows(folder / "in.idx"), lambda _: idx(8, 3, 2, 2, content=bytes(range(12))), (2,),
        ("evolve", "?", "?", "new", "in.idx", "--target", "1", "1", "0"), (b"\0\0\0\x08", b"\x0e", b"\xff\xff"),
    ),
    "gzip": Parser(
        "in.gz", lambda folder: rows(folder / "in.gz"), lambda _: gzip.compress(TABLE, mtime=0), (2,),
        ("evolve", "?", "?", "new", "in.gz", "--target", "1", "1", "0"), (b"\x1f\x8b", b"\x08"),
    ),
    **{
        name: Parser(
            f"in.{name}", lambda folder, name=name: rows(folder / f"in.{name}"),
            lambda _, name=name: packed(name, TABLE), (2,),
            ("evolve", "?", "?", "new", f"in.{name}", "--target", "1", "1", "0"),
            (MAGIC[name], b"\x21\x01", b"\xff\xff"),
        )
        for name in OTHER_COMPRESSIONS
    },
    **{
        name: Parser(
            f"in.{name}", lambda folder, name=name: rows(folder / f"in.{name}"), lambda _, seed=seed: seed, (2,),
            ("evolve", "?", "?", "new", f"in.{name}", "--target", "1", "1", "0"), words,
        )
        for name, (seed, words) in ROWS.items()
    },
    "saved model": Parser(
        "in.kerash", lambda folder: used(folder / "in.kerash"), lambda folder: trained(folder)[1], (5,),
        ("predict", "in.kerash", "beside.csv"), (*JSON, b"F64", b"dense"),
    ),
    "checkpoint": Parser(
        "in.ckpt", lambda folder: resumed(folder / "in.ckpt"), lambda folder: trained(folder)[0], (2, 5),
        ("predict", "./in.ckpt", "beside.csv"), JSON,
    ),
    "run log": Parser(
        "in.jsonl", lambda folder: len(read_log(str(folder / "in.jsonl"))[0].epochs),
        lambda _: RUN.encode(), (2,), ("explain", "in.jsonl"), (*JSON, b"epoch", b'"refit":true', b"improved"),
    ),
    "history.jsonl": Parser("n.evolve/history.jsonl", lineage, searched, (2, 5), ("tree", "n"), JSON),
    "winner.json": Parser(
        "n.evolve/winner.json", lineage, lambda folder: (folder / "made.evolve/winner.json").read_bytes(), (5,),
        ("tree", "n"), JSON,
    ),
    "record.json": Parser(
        "mount/model/m/record.json", lambda folder: StoredModel.read(folder / "mount/model/m"), stored, (2, 5),
        ("predict", "g", "beside.csv", "--mountpoint", "mount"), JSON,
    ),
    **{
        f"genome {file}": Parser(
            f"mount/model/genomes/gen_g/{file}", lambda folder: Genome.read(folder / "mount/model/genomes/gen_g"),
            lambda _, text=text: text.encode(), (2, 3), ("predict", "g", "beside.csv", "--mountpoint", "mount"),
            (b"1 1 1", b"dense", b"input", b"../", b"bias no\n"),
        )
        for file, text in GENOME.items()
    },
}  # fmt: skip
for sealed, seal in ((("saved model", "checkpoint"), sealed_model), (("history.jsonl", "winner.json"), sealed_lines)):
    PARSERS |= {f"{name}, sealed": PARSERS[name]._replace(seal=seal) for name in sealed}


def furnish(folder: Path) -> None:
    """Makes a folder in which each parser finds sound bytes, its own among them."""
    for place in ("mount/model/m", "n.evolve/weights"):
        (folder / place).mkdir(parents=True)
    (folder / "beside.csv").write_bytes(TABLE.replace(b",c,", b",d,"))
    (folder / "mount/model/m.model").write_text(DESCRIPTION.replace("4 1 1", "? 1 1"), encoding="ascii")
    (folder / "sound.kerash").write_bytes(trained(folder)[1])
    for name, text in GENOME.items():
        path = folder / "mount/model/genomes/gen_g" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    (folder / "mount").chmod(0o700)
    seeds: dict[str, bytes] = {}
    for parser in PARSERS.values():
        if parser.file not in seeds:
            seeds[parser.file] = parser.seed(folder)
            (folder / parser.file).write_bytes(seeds[parser.file])


def mutations(parser: Parser, seed: bytes, count: int, key: str) -> Iterator[bytes]:
    """So many mutations, the same ones for the same key."""
    rng = random.Random(f"{key} {count}")
    return (parser.seal(mutated(seed, rng, parser.words)) for _ in range(count))
