"""What the networks of a table may see of it, and how large they may be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_preparation import prepared

from kerash_cli.encoding.views import View
from kerash_cli.errors import BadInput
from kerash_cli.evolution.mutations import mutate
from kerash_cli.evolution.preparation import PreparedSearch, SearchSettings, prepare
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables import reading

FEATURES = {
    "standard": [*range(3)],
    "quantile": [*range(6)],
    "piecewise": [*range(3), *range(6, 30)],
    "piecewise:16": [*range(3), *range(30, 78)],
    "quantile,piecewise": [*range(30)],
}
"""Of three columns of numbers: z-scores, then normal quantiles, then 8 pieces of each and 16 pieces of each."""


def of_columns(folder: Path, columns: dict[str, list[str]], **words: Any) -> PreparedSearch:
    """A search over a table of sixty rows in which the values of each column take turns."""
    lines = [",".join(values[i % len(values)] for values in columns.values()) for i in range(60)]
    (folder / "t.csv").write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="ascii")
    return prepare(reading.read(str(folder / "t.csv")), None, ["y"], SearchSettings(8, 10, **words))


def test_each_view_sees_its_own_part_of_all_inputs(tmp_path: Path) -> None:
    found = prepared(tmp_path, 60)
    assert found.space.views == tuple((view, len(features)) for view, features in FEATURES.items())
    assert [each.tolist() for each in found.seen()] == list(FEATURES.values())
    assert {view: found.features(View.parse(view)).tolist() for view in FEATURES} == FEATURES
    assert (found.encoding.features, found.base.features) == (78, 3)
    assert "3 inputs" in found.describe()[0]


def test_z_scores_are_the_same_whatever_else_is_seen(tmp_path: Path) -> None:
    found = prepared(tmp_path, 60)
    plain = prepared(tmp_path, 60, inherit="always")  # without views
    assert plain.encoding.features == 3
    assert found.base.to_json() == plain.encoding.to_json()


@pytest.mark.parametrize(
    ("rows", "words"), [(40, {}), (60, {"inherit": "always"}), (60, {"inputs": 6, "shape": (1, 2, 3)})]
)
def test_but_for_tables_there_is_one_view_of_all_inputs(tmp_path: Path, rows: int, words: dict[str, Any]) -> None:
    found = prepared(tmp_path, rows, **words)
    assert (found.space.views, found.seen()) == ((), [])
    assert found.base is found.encoding
    assert found.features(View()).tolist() == list(range(found.encoding.features))


def test_words_and_yes_or_no_are_part_of_every_view_and_never_seen_otherwise(tmp_path: Path) -> None:
    columns = {"u": [str(i) for i in range(60)], "w": ["a", "b", "c"], "v": ["0", "1"], "y": ["p", "q"]}
    found = of_columns(tmp_path, columns)
    assert found.space.views == (
        *(("standard", 5), ("quantile", 6), ("piecewise", 13), ("piecewise:16", 21), ("quantile,piecewise", 14)),
    )
    for features in found.seen():
        assert features[:5].tolist() == [0, 1, 2, 3, 4]


def test_without_columns_of_numbers_there_is_one_view(tmp_path: Path) -> None:
    found = of_columns(tmp_path, {"w": ["a", "b", "c"], "v": ["0", "1"], "y": ["p", "q"]})
    assert found.space.views == (("standard", 4),)
    assert found.space.is_for_tables
    names = {mutate(found.start, found.space, np.random.default_rng(seed))[0] for seed in range(200)}
    assert "view" not in names
    assert names >= {"steps", "scale inputs", "add layer"}


@pytest.mark.parametrize(("most", "views"), [(78, 5), (77, 3), (30, 3), (29, 2), (6, 2), (5, 1), (3, 1), (1, 1)])
def test_views_are_given_up_from_the_last_until_the_inputs_are_few_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, views: int
) -> None:
    """That of z-scores stays, however many these are."""
    monkeypatch.setattr("kerash_cli.evolution.viewing.MOST_VIEWED", most)
    assert [view for view, _ in prepared(tmp_path, 60).space.views] == list(FEATURES)[:views]


@pytest.mark.parametrize(("features", "views"), [(78, 5), (77, 3), (30, 3), (29, 2), (1, 1)])
def test_views_are_given_up_too_if_the_samples_would_be_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, features: int, views: int
) -> None:
    def sized(encoding: Any, rows: int, dtype: Any) -> int:
        return int(rows * encoding.features)

    monkeypatch.setattr("kerash_cli.evolution.viewing.samples_bytes", sized)
    monkeypatch.setattr("kerash_cli.evolution.viewing.VIEWED_BYTES", 60 * features)
    assert [view for view, _ in prepared(tmp_path, 60).space.views] == list(FEATURES)[:views]


@pytest.mark.parametrize(
    ("rows", "needed", "networks", "words"),
    [
        (60, 60, 5, {}),  # five networks of 3 * 3 + 3 parameters
        (40, 12, 1, {}),
        (20_001, 12, 1, {}),
        (60, 60, 5, {"final": "single"}),
        (60, 155, 5, {"start": ModelDescription.parse("3 1 1\ninput\ndense 4 tanh\ndense 3 softmax\n")}),
    ],
)
def test_the_first_network_must_be_small_enough(
    tmp_path: Path, rows: int, needed: int, networks: int, words: dict[str, Any]
) -> None:
    with pytest.raises(BadInput, match=rf"--size: expected {needed} parameters or more.* got {needed - 1}"):
        prepared(tmp_path, rows, most_parameters=needed - 1, **words)
    found = prepared(tmp_path, rows, most_parameters=needed, **words)
    assert found.space.most_parameters == needed // networks
    assert found.space.fits(found.start)
    larger = prepared(tmp_path, rows, most_parameters=needed + networks - 1, **words)
    assert larger.space.most_parameters == needed // networks


def test_without_a_size_networks_may_be_of_any(tmp_path: Path) -> None:
    assert prepared(tmp_path, 60).space.most_parameters is None
