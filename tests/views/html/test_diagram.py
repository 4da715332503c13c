import re

from pages import parsed, texts

from kerash_cli.engine.network import Network
from kerash_cli.model.description import ModelDescription
from kerash_cli.views.html.diagram import diagram


def layers(text: str) -> list[dict[str, object]]:
    description = ModelDescription.parse(text)
    return Network(description.layers, description.known_shape).summary(1, 4)


def test_each_layer_is_a_box_with_its_shape_and_its_parameters() -> None:
    picture = diagram(layers("8 8 1\ninput\nconvolution relu 4 1 1 3 3\ndense 10 softmax\n"))
    shown = re.findall(r"<text[^>]*>([^<]*)<", picture)
    assert shown == [
        *("input", "8×8×1"),
        *("convolution relu 4 1 1 3 3", "8×8×4 · 40 parameters"),  # 4 filters of 9 and a bias
        *("dense 10 softmax", "10 outputs · 2,570 parameters"),  # 10 times 256 and a bias
    ]
    widths = [int(each) for each in re.findall(r'width="(\d+)" height="44"', picture)]
    assert widths[2] < widths[0] < widths[1]
    assert "convolution relu 4 1 1 3 3: 8×8×4, 40 parameters" in texts(
        parsed(f"<!DOCTYPE html><title>t</title>{picture}")
    )


def test_of_very_many_layers_the_middle_is_left_out() -> None:
    picture = diagram(layers("2 1 1\ninput\n" + "dense 3 tanh\n" * 60))
    assert picture.count("<rect") == 40
    assert "… 21 more layers …" in picture


def test_a_long_line_is_shortened() -> None:
    picture = diagram(layers("2 1 1\ninput\ndense 12 tanh " + ",".join(["1-2:2"] * 6) + "\ndense 1 -\n"))
    assert "dense 12 tanh 1-2:2,1-2:2,1-2:2,1…" in picture
