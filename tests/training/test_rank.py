import pytest

from kerash_cli.engine.network import Network
from kerash_cli.model.description import ModelDescription
from kerash_cli.training.division import most_parts
from kerash_cli.training.rows import PART, part_of
from kerash_cli.training.steps import own


def network(*lines: str) -> Network:
    description = ModelDescription.parse("\n".join(lines))
    return Network(description.layers, description.known_shape)


@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("chunks", [1, 2, 3, 4, 8, 16])
def test_every_chunk_is_one_ranks_and_nobody_has_two_more_than_another(ranks: int, chunks: int) -> None:
    shares = [own(rank, ranks, chunks) for rank in range(ranks)]
    assert [chunk for share in shares for chunk in share] == list(range(chunks))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 41, 101_770, 669_706])
def test_every_parameter_is_one_ranks_and_no_cache_line_is_divided(ranks: int, size: int) -> None:
    parts = [part_of(rank, ranks, size) for rank in range(ranks)]
    assert [index for each in parts for index in range(each.start, each.stop)] == list(range(size))
    assert all(each.start % PART == 0 for each in parts if each.start < size)
    shares = [each.stop - each.start for each in parts]
    assert max(shares) - min(shares) < 2 * PART  # a line, and what the last one lacks


def test_two_workers_each_compute_half_of_the_parts_of_a_batch_of_128() -> None:
    mnist = network("784 1 1", "input", "dense 128 relu", "dense 10 softmax")
    parts = most_parts(mnist, 60_000, 128)
    assert parts == 2
    assert [len(own(rank, 2, parts)) for rank in range(2)] == [1, 1]


def test_a_last_batch_that_is_smaller_may_have_fewer_chunks() -> None:
    wide = network("784 1 1", "input", "dropout 0.1", "dense 512 relu", "dense 10 softmax")
    assert most_parts(wide, 20, 512) == 1
    assert most_parts(wide, 600, 512) == most_parts(wide, 512, 512) > 1
