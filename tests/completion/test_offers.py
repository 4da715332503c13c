"""What is offered where, asked for as a shell asks, but in this process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from conftest import ROOT
from setuptools import Distribution

from docs import generate
from kerash_cli.cli import program
from kerash_cli.completion import shells, words
from kerash_cli.completion.typed import Typed
from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.engine.losses import LOSSES
from kerash_cli.engine.optimizers import OPTIMIZERS
from kerash_cli.export.formats import FORMATS
from kerash_cli.matrices.operations import OPERATIONS

BREAKS = " \t\n\"'@><=;|&(:"
"""$COMP_WORDBREAKS as bash has it."""


def offered(line: str, after: str = "") -> list[str]:
    """The words that may stand where the line ends, without files; `after` is what is behind the cursor."""
    *before, current = line.split(" ")
    typed = Typed(tuple(before[1:]), current, tuple(after.split()))
    return [each.value for each in shells.found(program, typed) if each.type == "plain"]


def bash(line: str, after: str = "", listing: str = "9", columns: int = 80) -> list[str]:
    """What bash is told: whether the word goes on, then the words."""
    return shells.answer(program, "bash", [listing, str(columns), BREAKS, line, after]).split("\n")


@pytest.fixture(autouse=True)
def _in_a_folder(in_tmp_path: None, tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text("length,width,species\n1,2,a\n3,4,b\n")
    (tmp_path / "kerash_mountpoint").mkdir(mode=0o700)


def test_commands_are_offered_in_their_order_and_hidden_ones_are_not() -> None:
    names = offered("kerash ")
    assert names[:3] == ["data", "check", "init"]
    assert "completion" in names
    assert not {"shell-answer", "shell-complete"} & {*names}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kerash train iris.csv --target ", ["length", "width", "species"]),
        ("kerash train iris.csv -t ", ["length", "width", "species"]),
        ("kerash train m.model iris.csv --target ", ["length", "width", "species"]),
        ("kerash train iris.csv --target species --drop ", ["length", "width", "species"]),
        ("kerash train iris.csv --validate-on groups:", ["groups:length", "groups:width", "groups:species"]),
        ("kerash train iris.csv --target=", ["--target=length", "--target=width", "--target=species"]),
        ("kerash evolve ? ? i iris.csv 4 5 -t ", ["length", "width", "species"]),
        ("kerash predict m.kerash iris.csv --id w", ["width"]),
        ("kerash check iris.csv --no-header --target ", ["1", "2", "3"]),
        ("kerash check none.csv --target ", []),
        ("kerash train --target ", []),
        ("kerash train --loss ", [*LOSSES]),
        ("kerash train --workers mpi --optimizer ", [*OPTIMIZERS]),
        ("kerash train --optimizer adam --loss nonsense --optimizer ", [*OPTIMIZERS]),
        ("kerash train --missing ", ["auto", "mean", "drop", "error"]),
        ("kerash train --schedule ", ["constant", "cosine", "step:", "warmup:"]),
        ("kerash evolve --activations relu,", [f"relu,{name}" for name in ACTIVATIONS if name != "relu"]),
        ("kerash activation ", [*ACTIVATIONS]),
        ("kerash matrix ", [name for name, each in OPERATIONS.items() if "matrix" in each.groups]),
        ("kerash tensor ", [name for name, each in OPERATIONS.items() if "tensor" in each.groups]),
        ("kerash matrix apply ", [*ACTIVATIONS]),
        ("kerash matrix mean --axis ", ["x", "y", "z"]),
        ("kerash tensor reduce ", ["max", "min", "sum", "product", "mean"]),
        ("kerash tensor apply-convreduce 1 0 2 2 2 ", ["max", "min", "sum", "product", "mean"]),
        ("kerash tensor apply-convreduce 1 ", []),
        ("kerash help matrix ", [name for name, each in OPERATIONS.items() if "matrix" in each.groups]),
        ("kerash evaluate m.kerash iris.csv --threshold-for r", ["recall=", "recall:"]),
        ("kerash completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_words_are_offered_where_they_belong(line: str, expected: list[str]) -> None:
    current = line.rpartition(" ")[2]
    assert [each for each in offered(line) if each.startswith(current)] == expected


def test_a_table_behind_the_cursor_counts_too() -> None:
    assert offered("kerash train --target ", after="iris.csv") == ["length", "width", "species"]


def test_options_are_offered_where_no_more_words_are_expected() -> None:
    assert "--json" in offered("kerash show m.kerash ")
    assert "--axis" in offered("kerash matrix mean --a")
    assert not [each for each in offered("kerash train iris.csv --target x --epochs ") if each.startswith("-")]


def test_stored_models_genomes_and_searches(tmp_path: Path) -> None:
    model = tmp_path / "kerash_mountpoint" / "model"
    for name in ("genomes/gen_one", "genomes/other", "genomes/.gen_x.0123456789abcdef.new", "xor", "draft"):
        (model / name).mkdir(parents=True, mode=0o700)
    model.chmod(0o700)
    (model / "genomes").chmod(0o700)
    (model / "xor.model").touch()
    (tmp_path / "search.evolve").mkdir()
    assert offered("kerash predict ") == ["one"]
    assert offered("kerash create-genome new ") == ["xor"]
    assert offered("kerash remove ") == ["xor", "one"]
    assert offered("kerash fit 5 ") == ["one"]
    assert offered("kerash tree ") == ["search"]
    assert offered("kerash predict --mountpoint nowhere ") == []


def test_files_are_those_with_the_right_endings_and_all_if_there_are_none(tmp_path: Path) -> None:
    for name in ("m.model", "m.kerash", "x.py", ".hidden.csv"):
        (tmp_path / name).touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "$a b.CSV").touch()
    assert bash("kerash check ") == ["nospace", "data/", "iris.csv", "kerash_mountpoint/"]
    assert bash("kerash check data/") == ["", r"data/\$a\ b.CSV"]
    (tmp_path / "data" / "b").mkdir()
    assert bash("kerash check data/") == ["nospace", r"data/\$a\ b.CSV", "data/b/"]
    assert bash("kerash check data/", listing="63") == ["nospace", r"\$a\ b.CSV", "b/"]
    assert bash("kerash check x") == ["", "x.py"]
    assert bash("kerash check .") == ["", ".hidden.csv"]
    assert bash("kerash show m") == ["", "m.kerash", "m.model"]
    assert bash("kerash predict m.kerash iris.csv --layers ") == ["nospace", "data/", "kerash_mountpoint/"]
    assert bash("kerash train iris.csv -o x") == ["", "x.py"]


def test_a_home_folder_stays_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("D", str(tmp_path))
    assert bash("kerash check ~/i") == ["", "~/iris.csv"]
    assert bash("kerash check ~/iris.csv --target s") == ["", "species"]
    assert bash("kerash check $D/iris.csv --target s") == ["", "species"]
    assert bash("kerash check $D/i") == ["", "$D/iris.csv"]
    assert bash('kerash check "${D}/i') == ["", "${D}/iris.csv"]
    assert bash("kerash train iris.csv --output=$D/i") == ["", "$D/iris.csv"]
    assert bash("kerash check '$D/i") == bash("kerash check \\$D/i") == bash('kerash check "~/i') == [""]


@pytest.mark.parametrize("line", ["<", "m.kerash < ", "m.kerash <", "m.kerash iris.csv 2>", "m.kerash &>> ", '>| "'])
def test_behind_a_redirection_is_a_file(line: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").touch()
    assert bash(f"kerash predict {line}no") == ["", "notes.md"]


@pytest.mark.parametrize("line", ["< x --id ", "2>x --id ", "--id "])
def test_a_redirection_is_no_word_of_the_command(line: str) -> None:
    assert bash(f"kerash predict m.kerash iris.csv {line}", after=" > y") == ["", "length", "width", "species"]
    assert bash("kerash train > y ir")[1:] == ["iris.csv"]


def test_an_export_is_called_as_the_model_with_the_ending_of_each_format(tmp_path: Path) -> None:
    endings = [name.removeprefix(".") for name in FORMATS]
    names = [f"best.{ending}" for ending in endings]
    assert offered("kerash export more/best.kerash -o ") == offered("kerash export -o ", "more/best.kerash") == names
    assert offered("kerash export best.kerash -o more/") == [f"more/{name}" for name in names]
    assert offered("kerash export best.kerash --output=be") == [f"--output={name}" for name in names]
    (tmp_path / "other.onnx").touch()
    assert bash("kerash export best.kerash -o o") == bash("kerash export -o o") == ["", "other.onnx"]


def test_files_come_before_the_many_activations(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").touch()
    offers = bash("kerash plot ")
    assert offers.index("run.jsonl") < offers.index("relu")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", r"a\ \$\(b\)\'\"\!:c"),
        ("a\\ ", r"a\ \$\(b\)\'\"\!:c"),
        ('"a', "a \\$(b)'\\\"\"'!'\":c"),
        ("'a", "a $(b)'\\''\"!:c"),
    ],
)
def test_a_name_is_quoted_as_the_line_of_bash_needs_it(tmp_path: Path, typed: str, expected: str) -> None:
    (tmp_path / "t.csv").write_text('"a $(b)\'""!:c",y\n1,2\n2,3\n')
    assert bash(f"kerash check t.csv --target {typed}")[1] == expected


def test_bash_lists_a_sentence_with_each_word_if_there_is_room() -> None:
    _, *lines = bash("kerash comp", listing="63", columns=60)
    assert [line.rstrip() for line in lines] == [
        "compare     Compare two models on the same rows",
        "completion  Print the completion for a shell",
    ]
    assert bash("kerash comp", listing="63", columns=30)[1:] == ["compare", "completion"]
    assert bash("kerash compl", listing="63")[1:] == ["completion"]


def test_what_is_asked_in_another_way_is_answered_by_nothing() -> None:
    for question in ([], ["x"]):
        for shell in shells.SHELLS:
            done = CliRunner().invoke(program, ["shell-complete", shell, "--", *question])
            assert (done.exit_code, done.output) == (0, "")


def test_no_completion_imports_numpy_or_rich() -> None:
    lines = ["", "train --", "train iris.csv --target ", "train --loss ", "matrix a", "matrix apply ", "predict "]
    script = (
        "import sys\nfrom kerash_cli.cli import program\nfrom kerash_cli.completion.shells import answer\n"
        f"for line in {lines!r}:\n"
        "    assert answer(program, 'bash', ['9', '80', ' ', 'kerash ' + line, ''])\n"
        "print({'numpy', 'rich', 'safetensors'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_the_words_are_those_of_the_registries() -> None:
    assert Path(words.FILE).read_text(encoding="utf-8") == generate.completed_words(), "python -m docs.generate"


def parameters(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Parameter]]:
    """All parameters of a command and of its subcommands, with the words in front of them."""
    for each in command.params:
        yield context.command_path, each
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from parameters(inner, click.Context(inner, context, name, resilient_parsing=True))


NUMBERS = (click.types.IntParamType, click.types.FloatParamType, click.IntRange, click.FloatRange)
NEW = {
    "create-genome genome": "a name that nothing has yet",
    "store-model name": "a name that nothing has yet",
    "activation x": "numbers",
    "shell-answer question": "no person types it",
    "shell-complete question": "no person types it",
    "shell-complete shell": "no person types it",
}
FREE = {"--missing-values": "words of the table", "--shape": "three numbers", "--time": "a time"}
"""Parameters that have nothing to choose from."""


def test_every_parameter_that_takes_a_word_is_completed() -> None:
    context = click.Context(program, info_name="kerash", resilient_parsing=True)
    for path, parameter in parameters(program, context):
        if isinstance(parameter.type, NUMBERS) or getattr(parameter, "is_flag", False) or parameter.opts[0] in FREE:
            continue
        if f"{path} {parameter.name}".removeprefix("kerash ") in NEW:
            continue
        own = type(parameter.type).shell_complete is not click.ParamType.shell_complete
        assert own, f"{path}: give {parameter.opts[-1]} a type of kerash_cli.commands._chosen, so that Tab completes it"


METAVARS = {"COLUMN": "column", "FILE": "path", "FOLDER": "path", "DATA": "path", "LABEL": "path", "MODEL": "path"}


def test_columns_and_files_have_their_types() -> None:
    context = click.Context(program, info_name="kerash", resilient_parsing=True)
    seen = set()
    for path, parameter in parameters(program, context):
        kind = parameter.metavar or ("" if isinstance(parameter, click.Option) else parameter.human_readable_name)
        if name := METAVARS.get(kind.strip("[]").partition("|")[0].removesuffix("...")):
            seen.add(kind)
            assert parameter.type.name == name, f"{path} {parameter.name}"
    assert {"COLUMN", "FILE", "FOLDER", "DATA", "LABEL"} <= seen


def test_the_wheel_has_each_script_where_the_shell_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    package = Distribution()
    package.parse_config_files(["setup.cfg"])
    installed = {folder: [Path(each).read_text() for each in files] for folder, files in package.data_files}
    assert installed["share/bash-completion/completions"] == [shells.script("bash")]
    assert installed["share/zsh/site-functions"] == [shells.script("zsh")]
    assert installed["share/fish/vendor_completions.d"] == [shells.script("fish")]
    assert {*shells.SCRIPTS.values()} <= {*package.package_data["kerash_cli.completion"]}
