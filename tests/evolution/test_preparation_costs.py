"""How long a search is said to take, the settings that are drawn, and the rows that inheriting looks at."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import log
from pathlib import Path

import numpy as np
import pytest
from test_mutations import recipe, space
from test_preparation import prepared

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.evolution.evaluation import MOST_ROWS, _some
from kerash_cli.evolution.portfolio import PORTFOLIO
from kerash_cli.evolution.preparation import STEP_SECONDS, PreparedSearch, SearchSettings, _duration, prepare
from kerash_cli.model.description import ModelDescription
from kerash_cli.system import cores
from kerash_cli.tables import reading


def test_a_duration_is_said_in_the_largest_unit_of_which_there_are_two() -> None:
    seconds = (0.2, 1.4, 1.6, 119, 120, 200, 7199, 7200, 36_000)
    said = "1 s, 1 s, 2 s, 119 s, 2 min, 3 min, 120 min, 2 h, 10 h"
    assert ", ".join(map(_duration, seconds)) == said


@pytest.fixture
def search(tmp_path_factory: pytest.TempPathFactory) -> PreparedSearch:
    """8 candidates, for 11 generations of 150 rows in 5 folds."""
    return prepared(tmp_path_factory.mktemp("t"), 150)


def cost(widths: Sequence[int], steps: int) -> float:
    """Seconds of a training of dense layers on 120 rows, which are four batches, in five folds."""
    pairs = list(pairwise(widths))
    flops = 2 * sum(a * b for a, b in pairs)
    size = sum((a + 1) * b for a, b in pairs)
    return 4 * round(steps / 4) * (STEP_SECONDS + (3 * flops * 32 + 20 * size) * 5 / cores.RATE)


def portfolio(search: PreparedSearch) -> list[float]:
    """Seconds of each training in the first generation: those of the network without hidden layers are the first."""
    inputs = {"standard": 3, "quantile": 6, "piecewise": 3 + 3 * 8, "piecewise:16": 3 + 3 * 16}
    inputs["quantile,piecewise"] = 6 + 3 * 8
    assert dict(search.space.views) == inputs
    first = [([inputs[each.view], each.width, each.width, 3], each.steps) for each in PORTFOLIO[:7]]
    return [cost([3, 3], 1000), *(cost(*each) for each in first)]


def test_a_search_takes_as_long_as_its_portfolio_and_then_as_trainings_like_these(search: PreparedSearch) -> None:
    assert (search.strategy.rungs, search.strategy.strangers, search.strategy.inherits) == ([1 / 3, 1.0], 2, False)
    costs = portfolio(search)
    trained = 8 / 3 + (2 + 1) * 2 / 3  # the better third of six children, and of two, goes on
    assert search.seconds() == pytest.approx(sum(costs) + 10 * trained * sum(costs) / 8, rel=0.02)
    assert f"about {_duration(search.seconds())} on one core" in search.describe()[1]


def test_random_search_has_no_portfolio(tmp_path: Path, search: PreparedSearch) -> None:
    found = prepared(tmp_path, 150, strategy="random")
    costs = portfolio(search)
    trained = 8 / 3 + (2 + 1) * 2 / 3
    assert found.seconds() == pytest.approx(trained * costs[-1] + 10 * trained * sum(costs) / 8, rel=0.02)


def test_the_lines_say_what_is_done(search: PreparedSearch) -> None:
    data, plan = search.describe()
    assert data == "150 rows, 3 inputs (standardised), 3 classes from y: a, b, c; loss categorical-cross-entropy"
    assert plan.startswith(
        "evolution: population 8, generations 0 to 10, seed 0; cross-validation in 5 folds; "
        "7 proven networks first, then mutations of the best ensemble; about "
    )


def test_networks_are_as_wide_as_they_may_be(tmp_path: Path) -> None:
    assert replace(space(), widest=1000).most_filters == 64
    assert replace(space(), widest=9).most_filters == 9
    names = [f"c{i}" for i in range(70)]
    lines = [",".join(map(str, [*range(i, i + 70), "ab"[i % 2]])) for i in range(60)]
    (tmp_path / "wide.csv").write_text("\n".join([",".join([*names, "y"]), *lines]) + "\n", encoding="ascii")
    wide = prepare(reading.read(str(tmp_path / "wide.csv")), None, ["y"], SearchSettings(8, 10, inherit="always"))
    assert wide.space.widest == 256


def test_a_search_that_can_change_nothing_is_refused_unless_it_draws_or_changes_nothing_anyway(tmp_path: Path) -> None:
    few = {"most_layers": 0}  # with so few rows, settings are not evolved
    with pytest.raises(BadInput, match="--max-layers"):
        prepared(tmp_path, 40, **few)
    assert prepared(tmp_path, 40, strategy="random", **few).strategy.random


def test_what_a_model_to_start_from_has_must_be_what_was_asked_for(tmp_path: Path) -> None:
    start = ModelDescription.parse("3 1 1\ninput\ndense 4 tanh\ndense 3 softmax\n")
    assert prepared(tmp_path, 60, start=start, inputs=3).start.description == start
    with pytest.raises(BadInput, match=r"t\.csv: expected OUTPUTS 3 "):
        prepared(tmp_path, 60, start=start, outputs=5)


@pytest.mark.parametrize("rows", [60, 2000], ids=["of five folds", "where rows are held out"])
def test_networks_that_no_memory_holds_are_refused_before_they_are_drawn(tmp_path: Path, rows: int) -> None:
    with pytest.raises(OutOfSpace, match="--max-width"):
        prepared(tmp_path, rows, widest=2**20)


def test_layers_that_do_not_fit_make_no_recipe() -> None:
    image = recipe("6 6 1\ninput\ndense 3 softmax\n")
    large = ModelDescription.parse("9 9 1\ninput\nconvolution relu 4 1 0 7 7\ndense 3 softmax\n").layers
    with pytest.raises(BadInput, match="expected a kernel that fits"):
        image.with_layers(large)


def test_as_many_workers_as_were_asked_for_but_no_more_than_candidates(search: PreparedSearch) -> None:
    assert [search.workers(asked) for asked in (1, 7, 8, 9, 100)] == [1, 7, 8, 8, 8]


def test_settings_of_a_stranger_are_drawn_evenly_by_their_logarithms() -> None:
    start, own, rng = recipe(), space(), np.random.default_rng(1)
    found = [own.random(start, rng) for _ in range(3000)]
    for name, low, high in (("learning_rate", 1e-3, 2e-2), ("weight_decay", 1e-4, 1e-1)):
        places = np.array([log(getattr(each, name) / low) / log(high / low) for each in found])
        assert 0 <= places.min() + 1e-3 <= 0.01
        assert 0.99 <= places.max() <= 1 + 1e-3
        assert np.histogram(places, 4, (0, 1))[0] == pytest.approx(750, abs=110)
    fixed = space(tunes=False).random(start, rng)
    assert (fixed.learning_rate, fixed.weight_decay) == (start.learning_rate, start.weight_decay)


@pytest.mark.parametrize("rows", [1, MOST_ROWS - 1, MOST_ROWS])
def test_inheriting_looks_at_all_rows_where_they_are_few(rows: int) -> None:
    assert _some(np.arange(rows) * 3).tolist() == (np.arange(rows) * 3).tolist()


@pytest.mark.parametrize("rows", [MOST_ROWS + 1, 5000])
def test_inheriting_looks_at_rows_from_everywhere(rows: int) -> None:
    found = _some(np.arange(rows) * 3)
    assert len(found) == MOST_ROWS
    assert (found[0], found[-1]) == (0, 3 * (rows - 1))
    steps = np.diff(found) // 3
    assert steps.min() >= rows // MOST_ROWS
    assert steps.max() <= rows // MOST_ROWS + 1
