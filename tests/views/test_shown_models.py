from types import SimpleNamespace
from typing import Any, cast

from kerash_cli.model.trained import TrainedModel
from kerash_cli.views.models import about_checkpoint, about_model, layer_table

SETTINGS: dict[str, Any] = {
    "activations": ["relu", "tanh"],
    "batch_size": 32,
    "images": False,
    "init": None,
    "drop": [],
    "start": "4 1 1\ninput\ndense 3 softmax\n",
    "tunes": True,
}


def test_settings_are_words_and_a_description_has_lines_of_its_own() -> None:
    encoding = SimpleNamespace(describe_columns=lambda: "columns")
    training = {"settings": SETTINGS, "sha256": {"data": "12ab", "label": None}}
    trained = SimpleNamespace(training=training, encoding=encoding, summary=lambda: "summary")
    assert about_model(cast(TrainedModel, trained)) == [
        "columns",
        "summary",
        "settings: activations relu tanh, batch size 32, images no, tunes yes",
        "start:",
        "  4 1 1",
        "  input",
        "  dense 3 softmax",
        "data sha256 12ab",
    ]


def test_a_checkpoint_says_how_to_continue() -> None:
    run = {"epoch": 7, "best_epoch": 5, "seconds": 61.0}
    train, evolve = {"model": "2 1 1\ninput\n", "settings": {"seed": 1}}, {"search": "12ab"}
    lines = about_checkpoint("my c", {**run, "identity": train})
    assert lines[0].endswith("epoch 7, best epoch 5, 1 min 1 s of training")
    assert "--checkpoint 'my c' --resume" in lines[1]
    assert lines[2:] == ["", "2 1 1", "input", "", "settings: seed 1"]
    assert "kerash evolve" in about_checkpoint("c", {**run, "identity": evolve})[1]


def test_layers_are_summed_up_where_all_sizes_are_known() -> None:
    dense = {"layer": "dense 1200 relu", "output": [1200, 1, 1], "parameters": 2400, "flops": 4800, "memory": 2000}
    long = dense | {"layer": f"dense 4 - {','.join(['1-3:1'] * 4000)}"}
    assert max(map(len, layer_table([dense, long], 32).splitlines())) < 140
    assert f"\n{long['layer'][:77]}...  " in layer_table([dense, long], 32)
    assert f"\n{long['layer'][:80]}  " in layer_table([dense, long | {"layer": long["layer"][:80]}], 32)
    known = layer_table([dense, dense], 32)
    assert known.splitlines()[-1].split() == ["in", "all", "4,800", "9,600", "4", "kB"]
    unknown = layer_table([dense, dict.fromkeys(dense) | {"layer": "dense ? softmax"}], 32)
    assert unknown.splitlines()[-1].split() == ["dense", "?", "softmax", *"????"]
