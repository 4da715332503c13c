"""Any bytes in any file of a genome give a genome or one line that names the file."""

import random
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from mutating import mutated

from kerash_cli.classic.genomes import Genome
from kerash_cli.classic.shelf import Draft
from kerash_cli.errors import BadInput, Damaged, OutOfSpace

FILES: dict[str, bytes] = {
    "meta.dat": b"3 1 1\n2\n3\n6\n",
    "settings": b"model my-model_1\nshape 2 2 1\nbias yes\n",
    "result": b"0.113811\n",
    "topology/layer_0/meta.dat": b"- input\n",
    "topology/layer_1/meta.dat": b"- flatten\n",
    "topology/layer_2/meta.dat": b"- dropout 0.2\n",
    "topology/layer_3/meta.dat": b"prelu:0.1 dense\n",
    "topology/layer_3/weights.dat": b"3 4 1\n0.5\n-1\n2.\n.25\n1e-3\n7\n8\n9\n10\n11\n12\n-0.0\n",
    "topology/layer_3/bias_weights.dat": b"3 1 1\n1\n2\n3\n",
    "topology/layer_4/meta.dat": b"- dense\n",
    "topology/layer_4/weights.dat": b"2 3 1\n1\n2\n3\n4\n5\n6\n",
    "topology/layer_4/bias_weights.dat": b"2 1 1\n0\n1e300\n",
    "topology/layer_5/meta.dat": b"softmax output\n",
}

WORDS = (b"1 1 1", b"3 1 1\n", b"dense", b"input", b"output", b"softmax", b"bias no\n", b"shape 4 1 1\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / "gen_g" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "gen_g" / name).write_bytes(content)
    return tmp_path / "gen_g"


def outcome(folder: Path) -> Genome | None:
    """The genome, if it is sound; None if the error was one line about a file of it."""
    try:
        genome = Genome.read(folder)
    except (BadInput, OutOfSpace, Damaged) as error:
        message = str(error)
    else:
        assert genome.params.size == genome.network.size
        assert all(np.isfinite(each).all() for layer in genome.tensors for each in layer.values())
        assert genome.result is None or np.isfinite(genome.result)
        return genome
    assert message.startswith(f"{folder}/"), message
    assert message.isprintable()
    assert len(message) < 1000
    return None


class Written:
    """In the place of a draft: files in a folder, without flushing each to the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, path: str, data: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(data)


@pytest.mark.timeout(280)
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("count", [100, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_bytes_in_a_file_give_a_genome_or_one_line(name: str, count: int, folder: Path) -> None:
    rng = random.Random(f"{name} {count}")
    results = 0
    for _ in range(count):
        (folder / name).write_bytes(mutated(FILES[name], rng, WORDS))
        results += outcome(folder) is not None
    assert 0 < results < count


@pytest.mark.parametrize("name", FILES)
def test_a_genome_of_any_bytes_is_the_same_when_written_and_read_again(name: str, folder: Path, tmp_path: Path) -> None:
    rng = random.Random(name)
    again = 0
    for number in range(50):
        (folder / name).write_bytes(mutated(FILES[name], rng, WORDS))
        if genome := outcome(folder):
            place = Written(tmp_path / f"again_{number}")
            genome.write(cast(Draft, place))
            read = Genome.read(place.folder)
            assert (read.description, read.bias, read.model) == (genome.description, genome.bias, genome.model)
            assert (read.result, read.params.tobytes()) == (genome.result, genome.params.tobytes())
            again += 1
    assert again


@pytest.mark.timeout(280)
@pytest.mark.parametrize("count", [100, pytest.param(20_000, marks=pytest.mark.long)])
def test_files_that_are_missing_or_in_each_others_places_give_a_genome_or_one_line(count: int, folder: Path) -> None:
    rng = random.Random(count)
    results = 0
    for _ in range(count):
        changed = rng.sample(list(FILES), rng.choice((1, 2, 3)))
        for name in changed:
            (folder / name).unlink()
            if rng.random() < 0.7:
                (folder / name).write_bytes(FILES[rng.choice(list(FILES))])
        results += outcome(folder) is not None
        for name in changed:
            (folder / name).write_bytes(FILES[name])
    assert 0 < results < count
