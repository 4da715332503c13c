"""A model for the Hub: kerash_cli/export/hub.py."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Kerash
from exported import draw, modelled
from safetensors.numpy import load_file

from kerash_cli.export import hub
from kerash_cli.export.material import Material


def card(text: str) -> tuple[dict[str, Any], str]:
    """The facts and the page of a model card."""
    empty, facts, page = text.split("---\n", 2)
    assert not empty
    return yaml.safe_load(facts), page


def test_a_card_has_what_the_hub_looks_for(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense ? softmax\n", encoding="ascii")
    assert (
        kerash("train", "m.model", "data/iris.csv", "-t", "species", "--epochs", "2", "-q", "-o", "i.kerash").code == 0
    )
    (tmp_path / "hub").mkdir()
    done = kerash("export", "i.kerash", "-o", "hub/iris.safetensors")
    assert done.code == 0
    facts, page = card((tmp_path / "hub/README.md").read_text(encoding="utf-8"))
    assert (facts["library_name"], facts["pipeline_tag"]) == ("kerash", "tabular-classification")
    (result,) = facts["model-index"][0]["results"]
    shown = json.loads(kerash("show", "i.kerash", "--json").out)["training"]["metrics"]["accuracy"]
    assert result["metrics"] == [{"type": "accuracy", "value": shown}]
    assert "kerash predict ./iris.safetensors table.csv" in page
    assert "| `petal_width` | numbers |" in page
    assert "Classes: `setosa`, `versicolor`, `virginica`." in page


def test_the_weights_are_found_and_kerash_predicts_with_them(kerash: Kerash, tmp_path: Path) -> None:
    drawn = draw(4)
    drawn.train(tmp_path)
    assert kerash("export", "m.kerash", "-o", "m.safetensors", "-q").code == 0
    assert {name.split(".")[-1] for name in load_file(tmp_path / "m.safetensors")} == {"weights", "bias"}
    words = ("known.csv", "--proba")
    assert kerash("predict", "./m.safetensors", *words).out == kerash("predict", "m.kerash", *words).out != ""


def test_another_page_is_not_replaced(kerash: Kerash, tmp_path: Path) -> None:
    draw(2).train(tmp_path)
    (tmp_path / "README.md").write_text("# My thesis, with kerash\n", encoding="ascii")
    done = kerash("export", "m.kerash", "-o", "m.safetensors")
    assert done.code == 2
    assert "README.md already exists and kerash did not export it" in done.error
    assert not (tmp_path / "m.safetensors").exists()
    assert kerash("export", "m.kerash", "-o", "m.safetensors", "--force").code == 0


@pytest.mark.parametrize("name", ["a|b", "`x`", "two\nlines", "---", "``", "<script>", " "])
def test_names_do_not_break_a_card(name: str) -> None:
    shown = hub.code(name)
    assert "\n" not in shown
    fence = shown[: len(shown) - len(shown.lstrip("`"))]
    assert fence
    assert fence not in shown[len(fence) : -len(fence)]
    assert "|" not in shown.replace("\\|", "")


def test_a_model_of_a_genome_has_a_card_without_figures() -> None:
    model = modelled("2 1 1\ninput\ndense 2 softmax\n")
    files = hub.write(Material("g", model), "x/g.safetensors")
    assert [*files] == ["x/g.safetensors", "x/README.md"]
    facts, _ = card(files["x/README.md"].decode())
    assert "model-index" not in facts
