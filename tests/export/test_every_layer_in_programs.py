"""Every layer and activation in C and AWK, and which formats refuse which layers: `STEPS` of the writers."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from export_runs import program_rows
from exported import LAYERS, modelled, samples

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.errors import BadInput
from kerash_cli.export import awk_file, c_file
from kerash_cli.export.formats import FORMATS
from kerash_cli.export.material import Material

WORDS = [
    *(name for name, each in ACTIVATIONS.items() if not each.mixes),
    *("silu:2", "celu:0.5", "softplus:3", "prelu:-0.5", "selu:1,2", "isru:3", "hardtanh:-2,0.5", "hardshrink:0"),
]
Z = np.array([0, 1, -1, 0.5, -0.5, 3, -3, 7.25, -40, 40, 1e-9, -1e-9, 30, -30, 88, 710, -720, 1e4, -1e4, 1e15, -1e15])
IMAGES = {name for name, text in LAYERS.items() if "convolution" in text or "pooling" in text}
FOR_IMAGES = {".onnx", ".py", ".c", ".safetensors"}


def all_close(got: np.ndarray, expected: np.ndarray) -> None:
    assert np.all(np.abs(got - expected) <= 1e-9 * np.maximum(1, np.abs(expected))), (got, expected)


def test_activations_in_c(tmp_path: Path) -> None:
    functions = "".join(c_file.activation(Activation.parse(word), f"f{i}") for i, word in enumerate(WORDS))
    printed = "".join(f'printf("%.17g\\n", f{i}(z[i]));' for i in range(len(WORDS)))
    lines = printed.replace("z[i]", "z")
    main = f'int main(void) {{ double z; while (scanf("%lf", &z) == 1) {{ {lines} }} return 0; }}\n'
    (tmp_path / "f.c").write_text(f"#include <math.h>\n#include <stdio.h>\n{functions}{main}", encoding="utf-8")
    subprocess.run(["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", "f", "f.c", "-lm"], cwd=tmp_path, check=True)
    compare(["./f"], tmp_path)


@pytest.mark.parametrize("interpreter", ["gawk", "mawk"])
def test_activations_in_awk(interpreter: str, tmp_path: Path) -> None:
    from kerash_cli.export import frames

    functions = "".join(awk_file.activation(Activation.parse(word), f"f{i}") for i, word in enumerate(WORDS))
    helpers = "".join(text for name, text in frames.parts("awk").items() if name in awk_file.HELPERS)
    lines = "".join(f'printf "%.17g\\n", f{i}($1 + 0);' for i in range(len(WORDS)))
    (tmp_path / "f.awk").write_text(f"{functions}{helpers}{{ {lines} }}\n", encoding="utf-8")
    compare([interpreter, "-f", "f.awk"], tmp_path)


def compare(command: list[str], folder: Path) -> None:
    """Compares the functions, at z from standard input, with the activations in float64."""
    given = "".join(f"{z!r}\n" for z in Z.tolist())
    done = subprocess.run(command, input=given, capture_output=True, cwd=folder, text=True, check=True)
    assert done.stderr == ""
    got = np.array(done.stdout.split(), float).reshape(len(Z), len(WORDS)).T
    for word, row in zip(WORDS, got, strict=True):
        if word in ("sinusoid", "cosine", "sinc"):  # a large angle has no digits left
            row, z = row[np.abs(Z) < 1e3], Z[np.abs(Z) < 1e3]
        else:
            z = Z
        all_close(row, Activation.parse(word)(z[:, None])[:, 0])


def c_program(folder: Path) -> list[str]:
    subprocess.run(
        ["cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-o", "m", "m.c", "-lm"], cwd=folder, check=True
    )
    return ["./m"]


PROGRAMS: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    ".c": (c_program, ["--proba"]),
    ".awk": (lambda folder: ["mawk", "-f", "m.awk"], ["-v", "proba=1"]),
}
RUNS = [
    pytest.param(ending, name, dtype, marks=[pytest.mark.long] if place % 3 else [])
    for place, (ending, name, dtype) in enumerate(
        (ending, name, dtype) for ending in PROGRAMS for name in LAYERS for dtype in ("float32", "float64")
    )
    if not (ending == ".awk" and name in IMAGES)
]


@pytest.mark.parametrize(("ending", "name", "dtype"), RUNS)
def test_a_network_as_a_program_has_the_same_outputs(ending: str, name: str, dtype: str, tmp_path: Path) -> None:
    model = modelled(LAYERS[name], dtype=dtype)
    x = samples(model, 7)
    for path, content in FORMATS[ending].write(Material("m.kerash", model), f"m{ending}").items():
        (tmp_path / path).write_bytes(content)
    np.savetxt(tmp_path / "x.csv", x, "%.17g", ",")
    ready, options = PROGRAMS[ending]
    command, has = ready(tmp_path), model.encoding.targets.has_probabilities
    words = [command[0], *options * has, *command[1:], "x.csv"]
    got = np.array(program_rows(lambda table, proba: words, tmp_path, "x.csv", has), float)
    expected = model.encoding.targets.probabilities(model.outputs(x)) if has else model.outputs(x)
    assert np.abs(got - expected).max() < (1e-5 if dtype == "float32" else 1e-12) * max(1, np.abs(expected).max())


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_written_or_refused_by_its_line(ending: str, name: str) -> None:
    model = Material("m.kerash", modelled(LAYERS[name]))
    if ending in FOR_IMAGES or name not in IMAGES:
        assert all(FORMATS[ending].write(model, f"m{ending}").values())
        return
    with pytest.raises(BadInput) as error:
        FORMATS[ending].write(model, f"m{ending}")
    assert f"can't be written as {ending}; try .onnx, .py or .c" in str(error.value)
    assert any(f"'{layer}'" in str(error.value) for layer in model.network.layers)


def test_programs_for_these_tests_are_installed() -> None:
    assert all(map(shutil.which, ("cc", "gawk", "mawk"))), "apt install gcc gawk mawk"
