"""`kerash evolve` and `kerash tree`, as a user meets them."""

import json
import re
import shlex
import signal
from pathlib import Path

import numpy as np
import pytest
from conftest import Kerash
from processes import ended, on_terminal, read_until, under_way
from program import PROCESS, planted
from searches import SMALL, XOR, bytes_of, few_digits, table

from kerash_cli.model import archive


def worst(kerash: Kerash) -> float:
    """How far the farthest prediction of XOR is from its label."""
    out = kerash("predict", "xor_ev.kerash", "data/xor.data", "--proba").out
    likely = [float(line.split(",")[1]) for line in out.splitlines()]
    return max(abs(p - y) for p, y in zip(likely, [0, 1, 0, 1, 1], strict=True))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 40))])
def test_xor_is_solved(kerash: Kerash, seed: int) -> None:
    done = kerash("evolve", *XOR, "1", "3", "--seed", str(seed))
    assert done.code == 0, done.err
    assert worst(kerash) < 0.25


def test_the_winner_goes_to_standard_output_and_trains(kerash: Kerash, tmp_path: Path) -> None:
    done = kerash("evolve", *XOR, "1", "3")
    assert done.out.startswith("2 1 1\ninput\n")
    assert done.out.endswith("dense 1 sigmoid\n")
    trained = kerash(
        "train", "-", "data/xor.data", "data/xor.label", "-o", "again.kerash", "--epochs", "5", input=done.out
    )
    assert trained.code == 0, trained.err
    assert kerash("show", "xor_ev.kerash").code == 0
    assert (
        kerash("evaluate", "xor_ev.kerash", "data/xor.data", "data/xor.label", "--fail-under", "accuracy=1").code == 0
    )
    again, without = done.err.splitlines()[-2:]
    assert again == "again: kerash evolve 2 1 xor_ev data/xor.data data/xor.label 1 3"
    command, _, description = (tmp_path / "xor_ev.evolve/best.model").read_text(encoding="ascii").partition("\n")
    options = command.removeprefix("# kerash train MODEL DATA ")
    assert without.endswith(f" data/xor.label {options}")
    assert description == done.out
    before = (tmp_path / "xor_ev.kerash").read_bytes()
    assert kerash(*again.split()[2:], "--force").code == 0
    assert (tmp_path / "xor_ev.kerash").read_bytes() == before
    assert without.startswith("without the search: kerash train xor_ev.evolve/best.model data/xor.data data/xor.label ")
    assert kerash(*without.split()[4:], "-o", "other.kerash").code == 0


@pytest.mark.parametrize("kind", ["classes", "number"])
def test_the_best_network_can_be_trained_without_the_search(kerash: Kerash, tmp_path: Path, kind: str) -> None:
    """With the same view and the same settings, in as many folds."""
    data = table(tmp_path, kind=kind)
    done = kerash("evolve", "?", "?", "e", data, "5", "0", "--target", "label", *SMALL, "--drop", "c")
    assert done.code == 0, done.err
    (line,) = [each for each in done.err.splitlines() if each.startswith("without the search: ")]
    command = shlex.split(line.removeprefix("without the search: kerash "))
    trained = kerash(*command, "-o", "t.kerash", "--json", "-q")
    assert trained.code == 0, trained.err
    record = archive.load(str(tmp_path / "e.kerash")).record["training"]["metrics"]
    report = json.loads(kerash("evaluate", "t.kerash", data, "--json").out)
    assert report["rows"] == record["rows"] == 90
    measure = "accuracy" if kind == "classes" else "r2"
    assert report[measure] > record[measure] - 0.1


MISTAKES = {
    "too many outputs": (("2", "3", *XOR[2:], "1", "3"), "expected OUTPUTS 2 (classes '0', '1') or 1"),
    "too few inputs": (("1", "1", *XOR[2:], "1", "3"), "expected INPUTS 2, as many as the table has, got 1"),
    "nobody": ((*XOR, "0", "3"), "expected POPULATION, a whole number from 1 to 10000, got '0'"),
    "no number": ((*XOR, "1", "three"), "expected GENERATIONS, a whole number from 0 to 1000000000, got 'three'"),
    "a word too few": ((*XOR, "1"), "POPULATION GENERATIONS, or --target COLUMN in place of LABEL, got 6 words"),
    "a label and a target": ((*XOR, "1", "3", "--target", "2"), "got 7 words"),
    "an activation": ((*XOR, "1", "3", "--activations", "relu,sigmiod"), "did you mean 'sigmoid'?"),
    "a name": (("2", "1", "../x", *XOR[3:], "1", "3"), "expected a name"),
    "a class too few": (
        ("4", "2", "e", "data/iris.csv", "--target", "species", "8", "3"), "data/iris.csv: expected OUTPUTS 3 (classes"
    ),
    "text as numbers": (("4", "1", "e", "data/iris.csv", "--target", "species", "8", "3"), "expected OUTPUTS 3"),
    "merged few": ((*XOR, "1", "3", "--final", "merged"), "try --final single"),
    "a shape": ((*XOR, "1", "3", "--shape", "3x3"), "expected INPUTS 9 for --shape 3x3, got 2"),
    "no shape": ((*XOR, "1", "3", "--shape", "3"), "expected --shape WxHxD"),
    "no layer": ((*XOR, "1", "3", "--max-layers", "0"), "try a larger --max-layers"),
    "no file": (("2", "1", "e", "none.csv", "none.label", "1", "3"), "none.csv: "),
    "a loss": ((*XOR, "1", "3", "--loss", "cross-entropy"), "expected an activation whose outputs"),
    "a time": ((*XOR, "1", "3", "--time", "soon"), "expected a time such as 90s"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_users_mistake_is_a_line_and_changes_nothing(kerash: Kerash, tmp_path: Path, mistake: str) -> None:
    arguments, words = MISTAKES[mistake]
    before = sorted(tmp_path.iterdir())
    done = kerash("evolve", *arguments)
    assert done.code == 2
    assert words in done.err
    assert len([line for line in done.err.splitlines() if line.startswith("Error: ")]) == 1
    assert done.out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_other_data_under_an_old_name_changes_nothing(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", *XOR, "1", "2").code == 0
    before = {path: path.read_bytes() for path in sorted(tmp_path.glob("xor_ev*/**/*")) if path.is_file()}
    model = (tmp_path / "xor_ev.kerash").read_bytes()
    (tmp_path / "and.label").write_text("0\n0\n1\n0\n0\n", encoding="ascii")
    for arguments, word in (
        (("2", "1", "xor_ev", "data/xor.data", "and.label", "1", "2"), "another label"),
        ((*XOR, "2", "2"), "another population"),
        ((*XOR, "1", "2", "--seed", "7"), "another seed"),
        ((*XOR, "1", "2", "--size", "90"), "another --size"),
        ((*XOR, "1", "2", "--max-width", "9"), "another --max-width"),
        ((*XOR, "1", "2", "--activations", "relu"), "another activations"),
    ):
        done = kerash("evolve", *arguments)
        assert done.code == 2
        assert word in done.error
        assert "--force" in done.error
    assert {path: path.read_bytes() for path in sorted(tmp_path.glob("xor_ev*/**/*")) if path.is_file()} == before
    assert (tmp_path / "xor_ev.kerash").read_bytes() == model
    assert kerash("evolve", "2", "1", "xor_ev", "data/xor.data", "and.label", "1", "2", "--force").code == 0


def test_a_file_that_is_no_model_is_not_overwritten(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "xor_ev.kerash").write_text("mine", encoding="ascii")
    done = kerash("evolve", *XOR, "1", "1")
    assert done.code == 2
    assert "--force" in done.error
    assert (tmp_path / "xor_ev.kerash").read_text(encoding="ascii") == "mine"


def test_json_tells_what_was_found_and_how(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    done = kerash("evolve", "3", "3", "j", data, "12", "1", "--target", "label", "--json", "-q", *SMALL)
    assert done.err == ""
    found = json.loads(done.out)
    assert found["model"] == "j.kerash"
    assert found["generations"] == 1
    assert found["trainings"] == 24
    assert found["stopped"] == "generations"
    places = [[each["generation"], each["index"]] for each in found["lineage"]]
    assert places == sorted(places)
    assert all(each["parent"] is None or each["parent"] in places for each in found["lineage"])
    assert found["lineage"][0]["mutation"] in ("start", "portfolio")
    assert sum(picks for *_, picks in found["members"]) == 5
    assert all(place in places for *place, _ in found["members"])
    assert found["loss_alone"] > 0
    assert found["view"] in ("standard", "quantile", "piecewise", "piecewise:16", "quantile,piecewise")
    assert {"learning_rate", "weight_decay", "steps"} <= found.keys()
    best = (tmp_path / "j.evolve/best.model").read_text(encoding="ascii").splitlines()
    sizes, *lines = found["description"].splitlines()
    assert best[1:] == [sizes if found["view"] == "standard" else "? 1 1", *lines]
    assert json.loads((tmp_path / "j.evolve/winner.json").read_text())["members"] == found["members"]
    saved = archive.load(str(tmp_path / "j.kerash"))
    assert found["saved_parameters"] == sum(tensor.size for tensor in saved.tensors.values())
    picked = len(found["members"])
    words = saved.record["training"]["settings"]["members"]
    assert words.startswith("the mean of " if picked > 1 else "candidate ")
    assert words.count("of 5") == (picked if picked > 1 else 0)
    assert len(found["final_seconds"]) == 5 - picked
    sizes = [each["parameters"] for each in found["front"]]
    losses = [each["loss"] for each in found["front"]]
    assert sizes == sorted(sizes)
    assert losses == sorted(losses, reverse=True)


def test_a_cross_validation_is_saved_as_one_network_or_as_one_of_all_rows(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    accuracy = {}
    for final in ("merged", "single"):
        rest = ("--target", "label", "--final", final, "--json", "-q", *SMALL)
        done = kerash("evolve", "3", "3", final, data, "6", "1", *rest)
        assert done.code == 0, done.err
        found = json.loads(done.out)
        assert (found["saved_parameters"] > found["parameters"]) == (final == "merged")
        report = kerash("evaluate", f"{final}.kerash", data, "--json")
        accuracy[final] = json.loads(report.out)["accuracy"]
    assert min(accuracy.values()) > 0.8


def test_small_is_the_smallest_within_a_standard_error(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = ("--target", "label", "--pick", "small", "--json", "-q", *SMALL)
    found = json.loads(kerash("evolve", "3", "3", "small", data, "12", "0", *rest).out)
    lines = [json.loads(line) for line in (tmp_path / "small.evolve/history.jsonl").read_text().splitlines()[1:]]
    full = [line for line in lines if line.get("rung") == 1 and line["loss"] is not None]
    ((generation, index),) = [line["incumbent"] for line in lines if "incumbent" in line]
    best = next(line for line in full if (line["generation"], line["index"]) == (generation, index))
    near = [line for line in full if line["loss"] <= best["loss"] + best["deviation"]]
    least = min(line["parameters"] for line in near)
    assert found["parameters"] == least <= best["parameters"]
    ((*place, picks),) = found["members"]
    assert picks == 5
    assert next(line["parameters"] for line in near if [line["generation"], line["index"]] == place) == least


@pytest.mark.parametrize(("most", "accepted"), [("59", False), ("60", True), ("900", True)])
def test_no_network_is_saved_that_is_larger_than_was_asked_for(
    kerash: Kerash, tmp_path: Path, most: str, accepted: bool
) -> None:
    data = table(tmp_path)
    done = kerash("evolve", "3", "3", "s", data, "5", "0", "--target", "label", "--size", most, "--json", "-q", *SMALL)
    if accepted:
        assert json.loads(done.out)["saved_parameters"] <= int(most)
    else:
        assert (done.code, done.error) == (
            2, "--size: expected 60 parameters or more, as the first network needs, got 59"
        )  # fmt: skip
        assert not (tmp_path / "s.evolve").exists()


@pytest.mark.parametrize("strategy", ["evolve", "random"])
def test_numbers_are_predicted_in_their_own_unit(kerash: Kerash, tmp_path: Path, strategy: str) -> None:
    data = table(tmp_path, rows=200, kind="number")
    done = kerash("evolve", "3", "1", "n", data, "6", "1", "--target", "label", "--strategy", strategy, "-q", *SMALL)
    assert done.code == 0, done.err
    assert done.out.endswith("dense 1 -\n")
    report = json.loads(kerash("evaluate", "n.kerash", data, "--json").out)
    assert report["r2"] > 0.7


def test_the_data_decides_what_is_left_open(kerash: Kerash) -> None:
    done = kerash("evolve", "?", "?", "q", "data/iris.csv", "1", "0", "--target", "species", "-q")
    assert done.code == 0, done.err
    assert done.out == "4 1 1\ninput\ndense 3 softmax\n"


def test_images_evolve_convolutions(kerash: Kerash, tmp_path: Path) -> None:
    few_digits(tmp_path, 120)
    done = kerash(
        "evolve", "64", "10", "im", "few.csv", "5", "1", "--target", "digit", "--shape", "8x8", "--json", "-q"
    )
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in (tmp_path / "im.evolve/history.jsonl").read_text().splitlines()[1:]]
    assert any("convolution" in line.get("model", "") for line in lines)
    children = [line for line in lines if line.get("generation") == 1 and line.get("parent")]
    assert all(line["error"] is not None for line in children)
    assert kerash("predict", "im.kerash", "few.csv").code == 0


def test_a_search_begins_with_a_model(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 6 tanh\ndense ? softmax\n", encoding="ascii")
    done = kerash("evolve", "4", "3", "f", "data/iris.csv", "1", "0", "--target", "species", "--from", "m.model", "-q")
    assert done.code == 0, done.err
    assert done.out == "4 1 1\ninput\ndense 6 tanh\ndense 3 softmax\n"
    again = kerash(
        "evolve", "4", "3", "g", "data/iris.csv", "1", "0", "--target", "species", "--from", "f.kerash", "-q"
    )
    assert "dense 150 tanh" in again.out  # five trainings in five folds, all in one


def test_the_search_stops_at_a_loss_or_before_its_time_is_over(kerash: Kerash, tmp_path: Path) -> None:
    found = json.loads(kerash("evolve", *XOR, "1", "50", "--stop-at", "0.01", "--json", "-q").out)
    assert found["stopped"] == "stop-at"
    assert found["loss"] <= 0.01
    data = table(tmp_path)
    rest = ("--target", "label", "-q", *SMALL)
    found = json.loads(kerash("evolve", "3", "3", "t", data, "6", "500", *rest, "--time", "1", "--json").out)
    assert found["stopped"] == "time"
    generations = str(found["generations"])
    assert kerash("evolve", "3", "3", "same", data, "6", generations, *rest).code == 0
    assert (tmp_path / "same.kerash").read_bytes() == (tmp_path / "t.kerash").read_bytes()


def test_an_interrupt_ends_with_the_generation_and_saves(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    data = table(tmp_path)
    rest = ("--target", "label", "--max-width", "4", "--max-layers", "1")
    words = ("evolve", "3", "3", "i", data, "6", "500", *rest)
    with under_way(words, tmp_path, environment) as process:
        read_until(process, "generation 0")
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)
    assert code == 130, err
    assert out.endswith("dense 3 softmax\n")
    assert (tmp_path / "i.kerash").exists()
    assert "Traceback" not in err
    generations = re.search(r"again: .* 6 ([0-9]+) --target", err)
    assert generations
    assert kerash("evolve", "3", "3", "same", data, "6", generations[1], *rest, "-q").code == 0
    assert (tmp_path / "same.kerash").read_bytes() == (tmp_path / "i.kerash").read_bytes()


def test_each_candidate_has_a_line_and_the_tree_shows_who_came_from_whom(kerash: Kerash) -> None:
    done = kerash("evolve", *XOR, "1", "3")
    lines = done.err.splitlines()
    assert sum(line.startswith("generation ") for line in lines) == 4
    assert any(
        re.fullmatch(r"0\.0  start  no hidden layer  3 parameters  loss 0\.\d+  \d+ epochs  kept", line)
        for line in lines
    )
    tree = kerash("tree", "xor_ev")
    assert tree.code == 0
    assert tree.out.startswith("0.0 start: no hidden layer, 3 parameters, loss 0.6")
    assert "├─ 1.0 add layer: " in tree.out
    found = json.loads(kerash("tree", "xor_ev.evolve", "--json").out)
    assert [each["generation"] for each in found["lineage"]] == sorted(each["generation"] for each in found["lineage"])
    assert found["lineage"][0] in found["candidates"]
    plain = kerash("tree", "xor_ev", PYTHONIOENCODING="ascii")
    assert "|- 1.0 add layer: " in plain.out
    assert kerash("tree", "none").code == 2


def test_a_terminal_has_a_live_table(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    code, text = on_terminal([*PROCESS, "evolve", *XOR, "1", "3"], tmp_path, {**environment, "COLUMNS": "100"})
    assert code == 0
    assert "mutation" in text
    assert "generation 3 of 3  █" in text
    assert "best loss █" in text
    assert "└─ 1.0 add layer: " in text


def test_missing_values_and_dropped_columns_are_as_for_train(kerash: Kerash, tmp_path: Path) -> None:
    path = table(tmp_path)
    lines = path.read_text(encoding="ascii").splitlines()
    lines[3] = "," + lines[3].partition(",")[2]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    rest = (path, "1", "0", "--target", "label", "-q")
    done = kerash("evolve", "3", "3", "m", *rest, "--missing", "error")
    assert done.code == 2
    assert "--missing drop" in done.error
    assert kerash("evolve", "3", "3", "f", *rest).code == 0
    assert kerash("evolve", "3", "3", "m", *rest, "--missing", "drop").code == 0
    assert kerash("evolve", "2", "3", "d", *rest, "--drop", "a").code == 0


def test_fewer_generations_are_what_they_were(kerash: Kerash, tmp_path: Path) -> None:
    """Also where the weights of that time are gone: they are trained again."""
    for generations in ("1", "3"):
        assert kerash("evolve", *XOR[:2], f"x{generations}", *XOR[3:], "1", generations, "-q").code == 0
    assert kerash("evolve", *XOR[:2], "long", *XOR[3:], "1", "30", "-q").code == 0
    before = (tmp_path / "long.evolve/history.jsonl").read_bytes()
    for generations in ("3", "1"):
        assert kerash("evolve", *XOR[:2], "long", *XOR[3:], "1", generations, "-q").code == 0
        assert (tmp_path / "long.kerash").read_bytes() == (tmp_path / f"x{generations}.kerash").read_bytes()
    assert (tmp_path / "long.evolve/history.jsonl").read_bytes() == before


def test_columns_too_large_for_a_gradient_end_the_same_for_any_number_of_workers(
    kerash: Kerash, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.4f},{int(abs(rng.normal()) * 1e18)},{i % 2}" for i in range(30)]
    (tmp_path / "ns.csv").write_text("a,t,l\n" + "\n".join(rows) + "\n", encoding="ascii")
    for workers in ("1", "2"):
        done = kerash("evolve", "2", "1", f"w{workers}", "ns.csv", "--target", "l", "2", "3", "--workers", workers)
        assert done.code == 0, done.err
        assert re.search(r"no hidden layer  3 parameters  loss [0-9.]+e\+", done.err)
    assert (tmp_path / "w1.kerash").read_bytes() == (tmp_path / "w2.kerash").read_bytes()


def test_a_cell_that_no_network_takes_changes_nothing(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", *XOR, "1", "1").code == 0
    before = (tmp_path / "xor_ev.evolve/history.jsonl").read_bytes()
    (tmp_path / "huge.data").write_text("0,0\n0,1\n1,1e39\n1,0\n1,0\n", encoding="ascii")
    for name in ("xor_ev", "new"):
        done = kerash("evolve", "2", "1", name, "huge.data", XOR[4], "1", "1", "--force")
        assert done.code == 2
        assert "huge.data:3:" in done.error
    assert (tmp_path / "xor_ev.evolve/history.jsonl").read_bytes() == before
    assert not (tmp_path / "new.evolve").exists()


def test_a_space_that_runs_out_of_changes_still_ends_in_a_model(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("2 1 1\ninput\ndense 4 tanh\ndense 1 sigmoid\n", encoding="ascii")
    bounds = ("--max-layers", "0", "--max-width", "4", "--activations", "tanh")
    done = kerash("evolve", *XOR, "1", "9", "--from", "m.model", *bounds)
    assert done.code == 0, done.err


def test_a_refit_of_few_rows_is_one_batch(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path, rows=53)
    done = kerash("evolve", "3", "3", "r", data, "1", "0", "--target", "label", "--final", "single", "-q")
    assert done.code == 0, done.err
    (refit,) = (tmp_path / "r.evolve/weights").glob("refit-*")
    assert archive.load(str(refit)).record["identity"]["regime"]["batch_size"] == 53
    (first, *_) = (tmp_path / "r.evolve/weights").glob("final-*")
    assert archive.load(str(first)).record["candidate"]["regime"]["batch_size"] == 43


def test_an_interrupt_of_the_final_training_is_told(kerash: Kerash, tmp_path: Path) -> None:
    path = planted(
        tmp_path,
        "import os, signal, sys\n"
        "from kerash_cli.evolution import search\n"
        "conclude = search.Search.conclude\n"
        "def interrupted(self):\n    os.kill(os.getpid(), signal.SIGINT)\n    return conclude(self)\n"
        "search.Search.conclude = interrupted\n",
    )
    done = kerash("evolve", *XOR, "1", "1", PYTHONPATH=path)
    assert done.code == 130
    assert (tmp_path / "xor_ev.kerash").exists()


def test_rows_that_are_held_out_judge_where_there_are_many_images(kerash: Kerash, tmp_path: Path) -> None:
    """And one network is trained on all rows in the end; the number of workers changes no byte."""
    pixels = np.random.default_rng(0).integers(9, size=(2001, 4))
    rows = [",".join(map(str, [*row, "ab"[int(row[0] > row[3])]])) for row in pixels.tolist()]
    (tmp_path / "p.csv").write_text("a,b,c,d,y\n" + "\n".join(rows) + "\n", encoding="ascii")
    rest = ("p.csv", "2", "1", "--target", "y", "--shape", "2x2", "--max-width", "8", "--json", "-q")
    found = [kerash("evolve", "4", "2", name, *rest, "--workers", name[1]) for name in ("w1", "w2")]
    assert [each.code for each in found] == [0, 0]
    assert list(bytes_of(tmp_path, "w1").values()) == list(bytes_of(tmp_path, "w2").values())
    told = json.loads(found[0].out)
    assert (told["saved_parameters"], told["members"]) == (told["parameters"], [])
    report = json.loads(kerash("evaluate", "w1.kerash", "p.csv", "--json").out)
    assert report["accuracy"] > 0.8


@pytest.mark.long
def test_rows_that_are_held_out_judge_where_there_are_many(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path, rows=20_500)
    rest = (data, "5", "0", "--target", "label", "--json", "-q", *SMALL)
    found = [kerash("evolve", "3", "3", name, *rest, "--workers", name[1]) for name in ("w1", "w2")]
    assert list(bytes_of(tmp_path, "w1").values()) == list(bytes_of(tmp_path, "w2").values())
    assert len(json.loads(found[0].out)["members"]) >= 1
    report = json.loads(kerash("evaluate", "w1.kerash", data, "--json").out)
    assert report["accuracy"] > 0.9


def test_the_last_lines_say_what_is_saved(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = (data, "1", "0", "--target", "label")
    merged = kerash("evolve", "3", "3", "m", *rest).err
    assert re.search(
        r"saved: candidate 0\.0, 25 networks in one, 12 parameters, loss 0\.\d+",
        merged,
    )
    single = kerash("evolve", "3", "3", "s", *rest, "--final", "single").err
    assert "trained again on all rows" in single
    few = kerash("evolve", *XOR, "1", "1").err
    assert re.search(r"saved: candidate \d\.\d as it was trained, \d+ parameters", few)


@pytest.mark.parametrize(("old", "new"), [('"parameters": 3', '"parameters": 4'), ('"loss"', '"lost"'), ('{"', "{")])
def test_a_damaged_history_is_not_gone_on_from(kerash: Kerash, tmp_path: Path, old: str, new: str) -> None:
    assert kerash("evolve", *XOR, "1", "1").code == 0
    path = tmp_path / "xor_ev.evolve/history.jsonl"
    first, second, *rest = path.read_text(encoding="ascii").splitlines()
    assert old in second
    path.write_text("\n".join([first, second.replace(old, new), *rest]) + "\n", encoding="ascii")
    done = kerash("evolve", *XOR, "1", "1")
    assert done.code == 5
    assert "--force" in done.error
    assert kerash("evolve", *XOR, "1", "1", "--force").code == 0


def test_data_that_nothing_can_be_trained_on_is_divergence(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "huge.csv").write_text("1e38,-1e38,0\n-1e38,1e38,1\n1e38,1e38,1\n", encoding="ascii")
    done = kerash("evolve", "2", "1", "h", "huge.csv", "--target", "3", "1", "1")
    assert done.code == 4
    assert "no candidate of the first generation can be trained" in done.error
    assert not (tmp_path / "h.kerash").exists()
