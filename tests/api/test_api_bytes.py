"""Models and predictions of a Python program beside those of the command line, byte for byte."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Kerash

from kerash_cli import api

IRIS = Path(__file__).parents[2] / "data/iris.csv"
MIXED = "size,colour,price\n" + "".join(
    f"{1 + place / 7},{('red', 'blue', '')[place % 3]},{place * 2.5}\n" for place in range(60)
)


def trained_by_command(kerash: Kerash, folder: Path, *words: str) -> bytes:
    done = kerash("train", *words, "-o", "by_command.kerash", "-q")
    assert done.code == 0, done.err
    return (folder / "by_command.kerash").read_bytes()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"seed": 3, "batch_size": 8, "validation": 0.3, "learning_rate": 0.001, "schedule": "cosine"},
        {"workers": 2, "batch_size": 64},
        pytest.param({"refit": True, "test": 0.1}, marks=pytest.mark.long),
        {"folds": 3, "keep": ["petal_length", "petal_width"], "no_bias": True, "dtype": "float64"},
        {"model": "? 1 1\ninput\ndense 3 tanh\ndense ? softmax\n"},
    ],
    ids=lambda settings: ",".join(settings) or "defaults",
)
def test_a_file_gives_the_bytes_of_the_command(
    settings: dict[str, Any], kerash: Kerash, tmp_path: Path, in_tmp_path: None
) -> None:
    (tmp_path / "some.model").write_text(settings.get("model", ""), encoding="ascii")
    words = ["some.model"] * ("model" in settings) + [str(IRIS), "--target", "species", "--epochs", "6"]
    for name, value in settings.items():
        option = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list) else [value]:
            words += [] if name == "model" else [option] if each is True else [option, str(each)]
    api.train(IRIS, target="species", epochs=6, **settings).save("by_python.kerash")
    assert (tmp_path / "by_python.kerash").read_bytes() == trained_by_command(kerash, tmp_path, *words)


def test_arrays_and_frames_give_the_bytes_of_their_files(kerash: Kerash, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    (tmp_path / "mixed.csv").write_text(MIXED, encoding="ascii")
    frame = pandas.read_csv(tmp_path / "mixed.csv")
    frame.to_csv(tmp_path / "frame.csv", index=False)
    expected = trained_by_command(kerash, tmp_path, "frame.csv", "--target", "price", "--epochs", "3")
    assert api.train(frame, target="price", epochs=3).to_bytes() == expected
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    expected = trained_by_command(kerash, tmp_path, "x.npy", "y.npy", "--epochs", "3")
    assert api.train(x, y, epochs=3).to_bytes() == expected


@pytest.mark.parametrize("target", ["colour", "price"])
def test_predictions_are_those_that_the_command_prints(target: str, kerash: Kerash, tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text("\n".join(line for line in MIXED.splitlines() if ",," not in line), encoding="ascii")
    model = api.train(path, target=target, epochs=3)
    model.save(tmp_path / "m.kerash")
    kind = str if target == "colour" else float
    printed = kerash("predict", "m.kerash", "mixed.csv", "-q").out.split()
    assert api.predict(tmp_path / "m.kerash", path).tolist() == [kind(each) for each in printed]
    if target == "colour":
        shares = np.loadtxt(kerash("predict", "m.kerash", "mixed.csv", "--proba").out.splitlines(), delimiter=",")
        assert np.array_equal(model.predict_proba(path), shares.astype(np.float32))


def test_a_product_has_the_bits_of_one_thread_whatever_the_program_has(kerash: Kerash, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(900, 300)), rng.normal(size=900)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    words = ("x.npy", "y.npy", "--epochs", "1", "--batch-size", "256", "--numbers", "standard")
    expected = trained_by_command(kerash, tmp_path, *words)
    assert api.train(x, y, epochs=1, batch_size=256, numbers="standard").to_bytes() == expected


def test_scores_are_those_of_the_command(kerash: Kerash, tmp_path: Path) -> None:
    import json

    model = api.train(IRIS, target="species", epochs=3)
    model.save(tmp_path / "iris.kerash")
    expected = json.loads(kerash("evaluate", "iris.kerash", "data/iris.csv", "--json").out)
    assert json.loads(json.dumps(model.evaluate(IRIS))) == expected
    assert json.loads(json.dumps(api.evaluate(tmp_path / "iris.kerash", str(IRIS)))) == expected
    assert "among those that the model was trained on" in model.notes[-1]


def test_a_pickle_has_the_model_and_its_notes() -> None:
    model = api.train(IRIS, target="species", epochs=2)
    again = pickle.loads(pickle.dumps(model))
    assert (again.to_bytes(), again.notes) == (model.to_bytes(), model.notes)
    assert "network: dense 64 relu" in " ".join(model.notes)
