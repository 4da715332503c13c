"""Cases made by hand, at the edges of thresholds."""

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kerash_cli.diagnosis import TrainingCase, symptoms
from kerash_cli.diagnosis.symptoms import SYMPTOMS, Advice, Sign
from kerash_cli.engine.layers import Dense
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.facts import Facts, LayerFacts
from kerash_cli.model.history import History

FACTS = Facts(
    1000, 512, 1.0, 1.0, 1.2, 0.5, 0.0, 0.9, 1.1, (LayerFacts(1, 64, 0.1, None),), (0.1, 0.2), (0.1, 0.2), (), ()
)
SETTINGS: dict[str, Any] = {
    "learning_rate": 0.005, "optimizer": "adam", "standardize": True, "init": None, "patience": 100, "epochs": 100,
}  # fmt: skip
NETWORK = "4 1 1\ninput\ndense 64 relu\ndropout 0.3\ndense 2 softmax\n"


def history(losses: list[float], validation: list[float] | None = None) -> History:
    judged, epochs = validation or losses, tuple(range(1, len(losses) + 1))
    best = judged.index(min(judged)) + 1 if validation else len(losses)
    rates = (0.005,) * len(losses)
    return History(epochs, tuple(losses), tuple(validation) if validation else None, rates, None, (), best)


PLAIN = history([1.1, 0.7, 0.6, 0.55, 0.52, 0.51, 0.5, 0.5], [1.0, 0.7, 0.62, 0.58, 0.56, 0.55, 0.54, 0.54])
CASE = TrainingCase(PLAIN, FACTS, SETTINGS, "epochs", ModelDescription.parse(NETWORK), ("no", "yes"), (0.9, 0.1))


def kinds(facts: dict[str, Any] | None = None, settings: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    """The kinds of symptoms of CASE with some changes."""
    found = replace(CASE, facts=FACTS._replace(**(facts or {})), settings={**SETTINGS, **(settings or {})}, **changes)
    return [each.kind for each in symptoms(found)]


def test_a_plain_case_has_none() -> None:
    assert kinds() == []


def layered(stuck: float, saturated: float | None = None) -> dict[str, Any]:
    return {"layers": (LayerFacts(1, 64, stuck, saturated),)}


def recalled(share: float, rows: int = 5) -> dict[str, Any]:
    return {"recall": (1.0, share), "class_rows": (50, rows)}


FAST, SLOW = {"learning_rate": 0.02}, {"learning_rate": 0.001}


@pytest.mark.parametrize(
    ("kind", "facts", "settings", "near"),
    [
        ("unscaled-inputs", {"most_input": 10.0}, {"standardize": False}, {"most_input": 9.9}),
        ("unscaled-inputs", {"least_input": 0.01}, {"standardize": False}, {"least_input": 0.02}),
        ("far-start", {"start": 10.0}, {"init": "uniform"}, {"start": 9.9}),
        ("far-start", {"start": None}, {"init": "uniform"}, {"chance": 2.0, "start": 19.0}),
        ("rate-too-small", {"alike": 0.5}, SLOW, {"alike": 0.49}),
        ("dead-units", layered(0.5), FAST, layered(0.49)),
        ("saturated-units", layered(0.1, 0.75), FAST, layered(0.1, 0.74)),
        ("underfitting", {"alike": 0.5}, {}, {"alike": 0.5, "end": 0.29}),
        ("rare-class", recalled(0.19), {}, recalled(0.2)),
        ("rare-class", recalled(0.0), {}, recalled(0.0, 4)),
    ],
)
def test_a_threshold_divides(kind: str, facts: dict[str, Any], settings: dict[str, Any], near: dict[str, Any]) -> None:
    assert kinds(facts, settings) == [kind]
    assert kinds(near, settings) == []


@pytest.mark.parametrize(
    ("gradients", "expected"),
    [
        ((9e-5, 1e-3, 0.1), "vanishing-gradients"),
        ((1e-4, 1e-3, 0.1), "underfitting"),
        ((1e-9, 0.1), "underfitting"),
        ((), "underfitting"),
    ],
)
def test_gradients_vanish_through_three_layers_or_more(gradients: tuple[float, ...], expected: str) -> None:
    assert kinds({"start_gradients": gradients, "alike": 0.5}) == [expected]
    if expected == "vanishing-gradients":
        assert kinds({"start_gradients": gradients, "alike": 0.5}, stopped="time") == [expected]
        (found,) = symptoms(replace(CASE, facts=FACTS._replace(start_gradients=gradients, alike=0.5)))
        assert found.figures == {"ratio": pytest.approx(9e-4), "layers": 2}
        assert kinds({"start_gradients": gradients, "alike": 0.5, **layered(0.5)}) == ["dead-units"]
        assert kinds({"start_gradients": gradients, "alike": 0.5, **layered(0.1, 0.8)}) == ["saturated-units"]


def test_of_a_deep_network_the_first_three_hidden_layers_stay() -> None:
    deep = "4 1 1\ninput\n" + "dense 8 sigmoid\ndropout 0.1\n" * 5 + "dense 2 softmax\n"
    facts = FACTS._replace(start_gradients=(1e-9, 0.1, 0.1, 0.1, 0.1, 0.1), alike=0.5)
    case = replace(CASE, facts=facts, description=ModelDescription.parse(deep))
    (found,) = symptoms(case)
    kept = [line for line in found.advice.network.splitlines() if line.startswith("dense")]
    assert kept == ["dense 8 relu"] * 3 + ["dense 2 softmax"]
    (found,) = symptoms(replace(case, settings={**SETTINGS, "init": "zeros"}))
    assert (found.advice.settings, found.advice.network) == ({"init": None}, "")


def test_a_larger_network_has_no_narrow_layers_but_groups() -> None:
    text = "4 1 1\ninput\ndense 6 tanh 2\ndense 8 tanh\ndropout 0.1\ndense 100 tanh\ndense 2 softmax\n"
    case = replace(CASE, facts=FACTS._replace(alike=0.5), description=ModelDescription.parse(text))
    (found,) = symptoms(case)
    assert found.advice.network.splitlines()[2:] == [
        "dense 6 tanh 2", "dense 64 tanh", "dense 100 tanh", "dense 64 relu", "dense 64 relu", "dense 2 softmax",
    ]  # fmt: skip


def test_dead_units_of_a_usual_training_get_a_leak() -> None:
    (found,) = symptoms(replace(CASE, facts=FACTS._replace(alike=0.5, **layered(0.6))))
    assert found.kind == "dead-units"
    assert found.advice.network.splitlines()[2:] == ["dense 64 leakyrelu", "dropout 0.3", "dense 2 softmax"]
    assert (found.figures["dead"], found.figures["units"], found.figures["value"]) == (38, 64, 0)


@pytest.mark.parametrize(("rows", "end", "expected"), [(50, 0.4, ["few-rows"]), (51, 0.4, []), (50, 0.5, [])])
def test_rows_are_few_for_many_inputs_if_others_have_a_higher_loss(rows: int, end: float, expected: list[str]) -> None:
    wide = ModelDescription.parse(NETWORK.replace("4 1 1", "10 1 1"))
    assert kinds({"rows": rows, "end": end}, {"validate_on": "groups:g"}, description=wide) == expected
    assert kinds({"rows": rows, "end": end}, {"folds": 5}, description=wide) == []


def test_a_setting_that_is_as_it_should_be_is_not_blamed() -> None:
    assert kinds({"most_input": 1000.0}) == []
    assert kinds({"start": 1000.0}) == []
    assert kinds({"start": 1000.0}, {"init": "uniform", "start": "ab" * 32}) == []
    assert kinds({"layers": (LayerFacts(1, 64, 0.9, None),)}) == []  # noise is left
    assert kinds({"recall": (1.0, 0.0), "class_rows": (50, 50)}, {"balance": True}) == []


def test_what_is_solved_is_well() -> None:
    solved = history([0.02] * 8, [0.02] * 8)
    bad = {"most_input": 1000.0, "start": None, "alike": 1.0, "end": 0.02}
    assert kinds(bad, {"standardize": False, "init": "uniform", "learning_rate": 1e-6}, history=solved) == []


def test_a_cause_is_told_and_what_follows_from_it_is_not() -> None:
    facts = {"most_input": 100.0, "start": 500.0, "alike": 0.9, "layers": (LayerFacts(1, 64, 0.9, None),)}
    assert kinds(facts, {"standardize": False, "init": "uniform", "learning_rate": 0.1}) == ["unscaled-inputs"]


@pytest.mark.parametrize(("best", "expected"), [(0.08, []), (0.12, ["rate-too-large"])])
def test_a_jump_matters_if_the_loss_did_not_come_down(best: float, expected: list[str]) -> None:
    jumped = history([1.1, 3.7, *[best] * 6], [best] * 8)
    assert kinds({}, {"learning_rate": 0.05}, history=jumped) == expected
    assert kinds({}, {"learning_rate": 0.01}, history=jumped) == []  # not far from the default
    for facts in ({"start": 1.3}, {"chance": 1.3}):
        assert kinds(facts, {"learning_rate": 0.05}, history=jumped) == []  # the usual loss is higher


@pytest.mark.parametrize(("waited", "expected"), [(99, ["diverged"]), (100, [])])
def test_a_training_that_ended_before_its_patience_diverged(waited: int, expected: list[str]) -> None:
    losses = [0.5] * (1 + waited)
    assert kinds(stopped="patience", history=history(losses, [0.4, *losses[1:]])) == expected


def test_a_loss_that_still_falls_needs_epochs_and_one_that_stays_a_larger_network() -> None:
    falling = history([1 - epoch / 20 for epoch in range(12)], [1 - epoch / 20 for epoch in range(12)])
    assert kinds({"alike": 0.6}, history=falling) == ["too-few-epochs"]
    assert kinds({"alike": 0.6}, history=falling, stopped="time") == []
    assert kinds({"alike": 0.6}, history=history([0.6] * 7)) == []
    assert kinds({"alike": 0.6}, history=history([0.6] * 8)) == ["underfitting"]
    (found,) = symptoms(replace(CASE, facts=FACTS._replace(alike=0.6)))
    assert found.kind == "underfitting"
    larger = ModelDescription.parse(found.advice.network)
    assert [str(layer) for layer in larger.layers] == [
        "input", "dense 64 relu", "dense 64 relu", "dense 64 relu", "dense 2 softmax",
    ]  # fmt: skip
    assert all(isinstance(layer, Dense) for layer in larger.layers[1:])


@pytest.mark.parametrize(
    ("losses", "validation", "expected"),
    [
        ([0.9] + [0.09] * 7, [0.4] + [0.81] * 7, ["overfitting"]),
        ([0.9] + [0.11] * 7, [0.4] + [0.81] * 7, []),
        ([0.9] + [0.09] * 7, [0.4] + [0.79] * 7, []),
        ([0.9] + [0.04] * 7, [0.2] + [0.81] * 7, []),
    ],
)
def test_a_validation_loss_that_doubles_is_overfitting(
    losses: list[float], validation: list[float], expected: list[str]
) -> None:
    assert kinds(history=history(losses, validation)) == expected
    if expected:
        for settings, advice in (
            ({}, {"weight_decay": 0.03, "folds": 5}),
            ({"refit": True}, {"weight_decay": 0.03}),
            ({"validate_on": "last"}, {"weight_decay": 0.03}),
            ({"weight_decay": 0.01}, {"weight_decay": 0.03, "folds": 5}),
            ({"weight_decay": 0.03}, {"folds": 5}),
            ({"weight_decay": 0.03, "folds": 5}, {"weight_decay": 0.09}),
        ):
            (found,) = symptoms(replace(CASE, history=history(losses, validation), settings={**SETTINGS, **settings}))
            assert found.advice.settings == advice


def test_a_log_that_falls_evenly_and_little_is_slow() -> None:
    slow = [1 - epoch / 200 for epoch in range(20)]
    assert [each.kind for each in symptoms(TrainingCase(history(slow)))] == ["rate-too-small"]
    for losses in ([0.5 + 0.5 / epoch for epoch in range(1, 21)], [1 - epoch / 40 for epoch in range(20)], slow[:7]):
        assert symptoms(TrainingCase(history(losses))) == []


def test_a_model_of_a_search_is_refused_with_the_reason() -> None:
    nothing = SimpleNamespace(history=None, training={"stopped": "search"}, encoding=SimpleNamespace(targets=None))
    with pytest.raises(BadInput, match="found by kerash evolve"):
        TrainingCase.of(nothing)  # type: ignore[arg-type]


def test_each_sentence_has_its_figures_alone() -> None:
    for kind in SYMPTOMS.values():
        assert "{" in kind.sentence
        assert set(kind.unless) <= {*SYMPTOMS}


def test_impossible_figures_and_settings_are_no_fault_of_the_program() -> None:
    rng = random.Random(3)
    numbers = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-300, 1e300, -1e300, 1.7e308)
    values = (None, True, "x", [], {}, 10**400, *numbers)

    def some() -> tuple[float, ...]:
        return tuple(rng.choice(numbers) for _ in range(rng.randrange(5)))

    shares, told = (0.0, 0.3, 0.8, 1.0), 0
    for _ in range(3000):
        losses = [rng.choice(numbers) for _ in range(rng.choice((1, 3, 9, 40)))]
        units = tuple(
            LayerFacts(rng.randrange(9), 1 + rng.randrange(99), rng.choice(shares), rng.choice((None, *shares)))
            for _ in range(3)
        )
        recall, figures = rng.sample(shares, 2), [rng.choice(numbers) for _ in range(7)]
        rows = (9, 9)
        facts = Facts(1 + rng.randrange(99), 1, *figures, units, some(), some(), tuple(recall), rows)
        settings = {name: rng.choice(values) for name in (*SETTINGS, "balance", "folds", "validate_on")}
        validation = [rng.choice(numbers) for _ in losses] if rng.random() < 0.5 else None
        case = replace(CASE, history=history(losses, validation), facts=facts, settings={**SETTINGS, **settings})
        found = [*symptoms(case), *symptoms(TrainingCase(case.history))]
        told += len(found)
        assert all(each.sentence.isprintable() for each in found)
    assert told > 300


@pytest.mark.parametrize("name", SYMPTOMS)
def test_advice_that_changes_nothing_is_no_symptom(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for same, expected in ((CASE.settings["patience"], []), (7, [name])):
        sign = Sign({}, Advice({"patience": same}))
        for each, kind in [*SYMPTOMS.items()]:
            found = sign if each == name else None
            monkeypatch.setitem(
                SYMPTOMS._members, each, kind._replace(sentence="", look=lambda case, found=found: found)
            )
        assert [each.kind for each in symptoms(CASE)] == expected
