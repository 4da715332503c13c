"""Completion in the real shells: someone types, presses Tab, and reads what the terminal shows."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import program
import pytest
from terminal import Terminal, running_any

from kerash_cli.completion import shells

COMMANDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SETUP = {
    "bash": "PS1='%> '; bind 'set bell-style none'; {load}; kerash() {{ printf '<%s>' \"$@\"; echo; }}",
    "zsh": "PS1='%%> '; unsetopt beep; {load}; kerash() {{ printf '<%s>' \"$@\"; echo; }}",
    "fish": "function fish_prompt; echo '%> '; end; {load}; function kerash; printf '<%s>' $argv; echo; end",
}
LOADING = {"bash": 'eval "$(kerash completion bash)"', "zsh": 'eval "$(kerash completion zsh)"'}
LOADING["fish"] = "kerash completion fish | source"
NAMES = ["sepal length", "pet:al", "$(touch x)", "`touch y`", "it's", 'say "hi"', "größe!", "a\\b", "\x1b[31mred\a"]
"""Columns of odd.csv; the last name is not printable, and its number stands for it."""

CLEAR, ENTER, NEW_SCREEN = b"\x15", b"\r", b"\x0c"


class Typing:
    """A shell in which Tab asks the program, and `kerash` prints the words that it is called with."""

    def __init__(self, terminal: Terminal, shell: str) -> None:
        self._terminal, self.shell = terminal, shell

    def lists(self, keys: str, *expected: str) -> str:
        """Types `keys` and Tab, in bash twice, to see a list."""
        return self.shows(keys + ("\t\t" if self.shell == "bash" else "\t"), *expected)

    def shows(self, keys: str, *expected: str) -> str:
        """Types `keys` on an empty line; a tab is the key Tab. Waits until the screen shows all that is expected."""
        screen = self._terminal.screen
        screen.reset()
        screen.scrolled.clear()
        self._terminal.press(CLEAR + NEW_SCREEN + keys.encode())
        assert self._terminal.wait(lambda screen: all(each in screen.text for each in expected)), screen.text
        return screen.text

    def gets(self, keys: str, *words: str) -> None:
        """Types `keys`, in the end Tab, and then Enter; waits for the words that the command gets."""
        called = "".join(f"<{word}>" for word in words)
        self.shows(keys + "\r", called)


@contextmanager
def person(shell: str, loading: str, home: Path) -> Iterator[Typing]:
    """Someone at a shell that has read the completion, in a folder with a few files."""
    folder = home / "here"
    folder.mkdir()
    (folder / "iris.csv").write_text("length,width,species\n1,2,a\n3,4,b\n")
    with (folder / "odd.csv").open("w", newline="") as file:
        csv.writer(file).writerows([NAMES, range(9), range(1, 10)])
    for name in ("iris.model", "notes.md", "a b.csv", "$(touch z).model", "xor.model"):
        (folder / name).touch()
    (folder / "more").mkdir()
    (folder / "kerash_mountpoint").mkdir(mode=0o700)
    stored = folder / "kerash_mountpoint" / "model"
    for name in ("genomes/gen_cleverest", "wisest"):
        (stored / name).mkdir(mode=0o700, parents=True)
    (stored / "wisest.model").touch()
    settings = {**program.install(home / "bin"), "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with running_any(COMMANDS[shell], folder, **settings) as terminal:
        terminal.press(f"{SETUP[shell].format(load=loading)}; echo re''ady\r".encode())
        assert terminal.wait(lambda screen: "\nready" in screen.text), terminal.screen.text
        yield Typing(terminal, shell)
    assert not {"x", "y", "z"} & {path.name for path in folder.iterdir()}, "something of a name was run"


@pytest.fixture(scope="module", params=COMMANDS)
def typing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typing]:
    """One person for all tests of a shell."""
    with person(request.param, LOADING[request.param], tmp_path_factory.mktemp("home")) as typing:
        yield typing


@pytest.mark.long
@pytest.mark.parametrize(
    ("shell", "loading"),
    [
        ("bash", ". {}/kerash"),
        ("zsh", "fpath=({} $fpath); autoload -Uz compinit; compinit -u -D"),
        ("fish", "set -g fish_complete_path {} $fish_complete_path"),
    ],
)
def test_the_file_is_read_from_a_folder_of_completions(shell: str, loading: str, tmp_path: Path) -> None:
    folder = (Path(shells.__file__).parent / shells.SCRIPTS[shell]).parent
    with person(shell, loading.format(folder), tmp_path) as typing:
        typing.gets("kerash check iris.csv --target sp\t", "check", "iris.csv", "--target", "species")


def test_commands_come_with_a_sentence(typing: Typing) -> None:
    typing.lists("kerash comp", "compare", "Compare two models on the same rows", "Print the completion for a shell")
    typing.shows("kerash compl\t", "kerash completion")


@pytest.mark.long
def test_options_come_with_a_sentence(typing: Typing) -> None:
    typing.lists("kerash export m.kerash --", "--raw", "With .onnx", "--mountpoint", "Folder for tensors and genomes")


def test_the_columns_of_the_table_on_the_line_are_listed_and_what_is_not_printable_is_not_shown(typing: Typing) -> None:
    screen = typing.lists("kerash check odd.csv --target ", "sepal", "touch", "it", "column 3", "red")
    assert r"\x1b[31mred\x07" in screen
    assert any(line.lstrip().startswith("9 ") or " 9  (" in line for line in screen.splitlines())


@pytest.mark.parametrize("place", [1, 2, *(pytest.param(place, marks=pytest.mark.long) for place in (0, 3, 4, 5, 6))])
def test_a_column_arrives_as_it_is_called(typing: Typing, place: int) -> None:
    begun = {2: "'$", 3: "'`", 5: "say", 6: "gr"}.get(place, NAMES[place][:2])
    if typing.shell == "fish" and place in (2, 3):
        begun = f"\\{NAMES[place][0]}"
    typing.gets(f"kerash check odd.csv --target {begun}\t", "check", "odd.csv", "--target", NAMES[place])


def test_quotes_that_are_open_stay_open(typing: Typing) -> None:
    typing.gets('kerash check odd.csv --drop "sepal l\t', "check", "odd.csv", "--drop", "sepal length")
    typing.gets("kerash check odd.csv --drop 'say \t", "check", "odd.csv", "--drop", 'say "hi"')


def test_values_behind_an_equals_sign_and_a_colon(typing: Typing) -> None:
    typing.gets("kerash train iris.csv --target=sp\t", "train", "iris.csv", "--target=species")
    typing.gets(
        "kerash train iris.csv --validate-on groups:sp\t", "train", "iris.csv", "--validate-on", "groups:species"
    )
    typing.gets("kerash train odd.csv --target pet:\t", "train", "odd.csv", "--target", "pet:al")


@pytest.mark.long
def test_files_behind_a_redirection(typing: Typing) -> None:
    typing.gets("kerash predict m.kerash < not\t", "predict", "m.kerash")
    typing.gets("kerash predict m.kerash < iris.csv --id sp\t", "predict", "m.kerash", "--id", "sp")


def test_files_are_those_that_fit(typing: Typing) -> None:
    screen = typing.lists("kerash store-model m ", "iris.model", "xor.model")
    assert "odd.csv" not in screen
    assert "notes.md" not in screen
    typing.gets("kerash check a\t", "check", "a b.csv")
    typing.shows("kerash check mo\t", "kerash check more/")
    typing.gets("kerash show '$\t", "show", "$(touch z).model")


@pytest.mark.long
def test_activations_are_completed_behind_a_comma_too(typing: Typing) -> None:
    typing.gets("kerash activation arct\t", "activation", "arctan")
    typing.gets("kerash evolve --activations relu,arct\t", "evolve", "--activations", "relu,arctan")


@pytest.mark.long
def test_what_is_stored_is_offered_beside_files(typing: Typing) -> None:
    typing.gets("kerash create-genome new wis\t", "create-genome", "new", "wisest")
    typing.gets("kerash predict cle\t", "predict", "cleverest")
    typing.gets("kerash train --start=cle\t", "train", "--start=cleverest")
    typing.gets("kerash check --drop=1 ir\t", "check", "--drop=1", "iris.csv")
    typing.gets("kerash train --output=no\t", "train", "--output=notes.md")


def test_nothing_is_said_where_there_is_nothing_to_offer(typing: Typing) -> None:
    screen = typing.shows("kerash check none.csv --target \t\tx", "--target x")
    assert screen.strip().count("\n") == 0
