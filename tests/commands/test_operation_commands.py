"""`kerash matrix`, `kerash tensor` and `kerash blas`: the operations of the table from a shell."""

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shells
from click.testing import CliRunner, Result
from conftest import Kerash
from operation_cases import drawn
from program import Done, function
from program import shell as run_script
from shells import SHELLS

from kerash_cli.cli import program
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import KerashError, Mismatched
from kerash_cli.matrices.operations import OPERATIONS
from kerash_cli.tables.formats import tensor_text

A = "2 2 1\n1\n-2\n3\n4\n"
B = "2 2 1\n5\n6\n-7\n8\n"
TENSOR = "2 1 2\n1\n2\n3\n4\n"

Shell = Callable[..., Done]


@pytest.fixture(autouse=True)
def operands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a.mat, b.mat, wide.mat and t.ten."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("a.mat", A), ("b.mat", B), ("wide.mat", "3 1 1\n1\n2\n3\n"), ("t.ten", TENSOR)):
        Path(name).write_text(content)


def invoke(*words: str) -> Result:
    """What a command comes to, in this process."""
    return CliRunner().invoke(program, words, catch_exceptions=True)


def run(*words: str) -> bytes:
    result = invoke(*words)
    assert result.exception is None, result.exception
    assert result.stderr == ""
    return result.stdout_bytes


def refused(*words: str) -> str:
    result = invoke(*words)
    assert isinstance(result.exception, KerashError), result.output
    assert result.stdout == ""
    return str(result.exception)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs a script in which `kerash` is this checkout, with standard input at its end."""
    return lambda script, **extra: run_script(function() + script, tmp_path, **extra)


def rendered(operands: list[Array], name: str = "operand") -> list[str]:
    names = [f"{name}{i}" for i in range(len(operands))]
    for name, operand in zip(names, operands, strict=True):
        Path(name).write_bytes(tensor_text.render(operand))
    return names


Answer = tuple[int, bytes, str]
Functions = dict[str, dict[str, list[Answer]]]

NOT_AS_THE_COMMAND = {
    "load": '{{ matrix_load w h a < {0}; printf \'%s\\n\' "$w $h 1" "${{a[@]}}" | matrix_mul_scalar 1; }}',
    "resize": "tensor_resize {words[0]} {words[1]} 1 {words[2]} < {0}",
}
"""Operations whose function of 2019 leaves its result elsewhere, in variables or in the file itself."""

DESCRIPTORS = {1: "< {0}", 2: "3< {0} 4< {1}"}


def called(name: str) -> list[str]:
    """Lines of a shell that call the function of an operation: with files, and with descriptors as in 2019."""
    _, group, (operands, words) = drawn(name, 1)
    files = rendered(operands, f"{name}.")
    if name in NOT_AS_THE_COMMAND:
        return [NOT_AS_THE_COMMAND[name].format(*files, words=words)]
    function = shlex.join([f"{group}_{name.replace('-', '_')}", *words])
    if name == "apply-convreduce":
        return [f"{function} 3< {files[0]}"]
    lines = [" ".join([function, *files])]
    if len(files) in DESCRIPTORS:
        lines.append(f"{function} {DESCRIPTORS[len(files)].format(*files)}")
    return lines


@pytest.fixture(scope="session")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    """For each shell that is installed: what the function of each operation comes to, called in one way or another."""
    answers: Functions = {}
    for shell in filter(shutil.which, SHELLS):
        folder = tmp_path_factory.mktemp(shell)
        with contextlib.chdir(folder):
            lines = {name: called(name) for name in OPERATIONS}
            script = [
                f"{line} > {name}.out{i} 2> {name}.err{i}; echo $? > {name}.code{i}"
                for name in lines
                for i, line in enumerate(lines[name])
            ]
            done = shells.run(shell, "\n".join(script), folder)
            assert (done.code, done.out, done.err) == (0, "", "")
            answers[shell] = {
                name: [
                    (
                        int(Path(f"{name}.code{i}").read_text()),
                        Path(f"{name}.out{i}").read_bytes(),
                        Path(f"{name}.err{i}").read_text(),
                    )
                    for i in range(len(lines[name]))
                ]
                for name in lines
            }
    return answers


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("npy", [[], ["--npy"]], ids=["text", "npy"])
def test_a_command_a_step_and_the_functions_of_zsh_and_bash_give_the_same_bytes(
    name: str, npy: list[str], functions: Functions
) -> None:
    operation, group, (operands, words) = drawn(name, 1)
    if npy and operation.result in ("text", "verdict"):
        assert refused(group, name, *words, "--npy").startswith(f"--npy: the result of {name} is not")
        return
    files = rendered(operands)
    alone = invoke(group, name, *words, *files, *npy)
    first = invoke("blas", f"{group} {shlex.join([name, *words, *files])}", *npy)
    later = invoke(
        "blas", shlex.join([group, "load", *files[:1]]) + f"|{group} {shlex.join([name, *words, *files[1:]])}", *npy
    )
    results = [alone, first, later] if files else [alone, first]
    answers = {(result.exit_code, result.stdout_bytes, result.stderr) for result in results}
    if not npy:
        answers |= {answer for shell in functions.values() for answer in shell[name]}
    assert answers == {(alone.exit_code, alone.stdout_bytes, "")}
    assert not isinstance(alone.exception, KerashError)
    if operation.result == "array" and not npy:
        expected = operation(*operands, **operation.bind(words, group).options)
        assert alone.stdout_bytes == tensor_text.render(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_help_that_ends_in_a_line_to_paste(name: str) -> None:
    operation = OPERATIONS[name]
    for group in operation.groups:
        lines = run(group, name, "--help").decode().splitlines()
        assert lines[0].split()[:3] == ["Usage:", "program", group]
        assert operation.sentence.split()[0] in lines[2]
        *_, command, paste = " ".join(lines).partition(f"program {group} {name} ")[2].rpartition(f"{group} {name}")
        bound = operation.bind(shlex.split(paste), group)
        assert len(bound.operands) == len(operation.operands), command


def test_help_shows_options_with_what_they_are_and_their_defaults() -> None:
    told = " ".join(run("matrix", "gemm", "--help").decode().split())
    assert re.search(r"--alpha ALPHA +Factor of .*: a decimal number\. \[default: 1\]", told)
    assert "--transpose-a Use A transposed." in told
    assert re.search(r"--npy +Write the result as \.npy", told)
    assert "descriptors 3 and 4" in told


@pytest.mark.parametrize("group", ["matrix", "tensor"])
def test_the_list_has_each_operation_with_its_words_and_its_sentence(group: str) -> None:
    told = " ".join(run(group, "--help").decode().split())
    for operation in OPERATIONS.values():
        usage = " ".join([operation.usage(group), *operation.sentence.split()])  # type: ignore[arg-type]
        assert (usage in told) == (group in operation.groups)


def test_what_2019_prints(shell: Shell) -> None:
    script = """
        kerash matrix direct 3 3 1 2 3 4 5 6 7 8 9 > m
        kerash matrix direct 2 2 1 0 0 1 > k
        kerash tensor apply-convolution 1 1 3 3 matrix_conv 3< m 4< k
        kerash matrix add 3< m 4< m | kerash matrix mean
        kerash matrix similar 0.1 m m
    """
    done = shell(script)
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == ["6.0", "8.0", "3.0", "12.0", "14.0", "6.0", "7.0", "8.0", "9.0", "10.0"]


def test_operands_come_from_files_standard_input_and_descriptors(shell: Shell) -> None:
    for line in (
        "kerash matrix add a.mat b.mat",
        "kerash matrix add - b.mat < a.mat",
        "kerash matrix add a.mat - < b.mat",
        "kerash matrix add 3< a.mat 4< b.mat",
        "kerash matrix add 3< <(cat a.mat) 4< <(cat b.mat)",
        "kerash matrix add <(gzip < a.mat) b.mat",
        "kerash matrix add <(kerash matrix load a.mat --npy) <(kerash matrix load b.mat --npy)",
        "kerash blas 'load - | add b.mat' < a.mat",
        "kerash blas 'add | load' 3< a.mat 4< b.mat",
    ):
        done = shell(line)
        assert (done.code, done.out, done.err) == (0, "2 2 1\n6.0\n4.0\n-4.0\n12.0\n", ""), line
    for line in ("kerash matrix mean a.mat", "kerash matrix mean < a.mat", "kerash matrix mean - < a.mat"):
        assert shell(line).out == "1.5\n"


MISTAKES = [
    ("matrix add 3< a.mat", 2, "descriptor 4: is closed; try a file as operand, or 4< FILE"),
    ("matrix add 4< a.mat", 2, "descriptor 3: is closed; try a file as operand, or 3< FILE"),
    ("matrix add 3< a.mat 4< /dev/null", 2, "descriptor 4: expected 'WIDTH HEIGHT DEPTH' and values, got no"),
    ("matrix add 3< a.mat 4>x", 2, "descriptor 4: can't be read (Bad file"),
    ("matrix add 3< a.mat 4< .", 2, "descriptor 4: is a folder"),
    ("matrix mean", 2, "<stdin>: expected 'WIDTH HEIGHT DEPTH' and values, got nothing"),
    ("matrix mean <&-", 1, "standard input is closed; try a file"),
    ("matrix mean nothing.mat", 2, "nothing.mat: no such file; "),
    ("matrix mean .", 2, ".: is a folder"),
    ("matrix add - - < a.mat", 2, "standard input, '-', can be read only once; try files"),
    ("blas 'load - | add -' < a.mat", 2, "step 2, 'add -': standard input, '-', can be read only once"),
    ("matrix add a.mat", 2, "add: expected the operand B, got nothing; usage: add [A B]"),
    ("matrix add a.mat wide.mat", 1, "expected operands of the same sizes, got 2x2 and 3x1"),
    ("matrix add 3< a.mat 4< wide.mat", 1, "expected operands of the same sizes, got 2x2 and 3x1"),
    ("matrix mul a.mat wide.mat", 1, "expected a second operand as high as the first is wide"),
    ("blas 'load a.mat | mul wide.mat'", 1, "step 2, 'mul wide.mat': expected a second operand as high"),
    ("matrix mean t.ten", 2, "mean: expected a matrix, got a tensor of 2x1x2; try kerash tensor mean"),
    ("matrix mean < bad", 2, "<stdin>:3:1: expected one decimal number, got 'x'"),
    ("matrix mean bad", 2, "bad:3:1: expected one decimal number, got 'x'"),
    ("matrix add a.mat 3< a.mat 4< a.mat", 2, "add: expected the operand B, got nothing"),
    ("matrix ad", 2, "unknown operation 'ad'; did you mean 'add'?"),
    ("matrix slice", 2, "slice is an operation on a tensor, not on a matrix; try kerash tensor sl"),
    ("matrix random 2 2 --seed x", 2, "--seed: expected a whole number from 0 to 9223372036854775807, got"),
    ("matrix sum --axs x a.mat", 2, "sum: unknown option '--axs'; did you mean '--axis'?"),
    ("matrix mul-scalar 1e308 a.mat", 2, "mul-scalar: expected results that fit in 64 bits, got larger ones"),
    ("matrix random 999999999 999999999", 3, "999999999x999999999: needs 8.0e+18 bytes of memory"),
    ("matrix similar 0.1 a.mat wide.mat", 1, "expected operands of the same sizes, got 2x2 and 3x1"),
]


@pytest.mark.parametrize(("line", "code", "expected"), MISTAKES)
def test_a_mistake_is_one_line_and_its_code(shell: Shell, line: str, code: int, expected: str) -> None:
    Path("bad").write_text("2 1 1\n1\nx\n")
    done = shell(f"kerash {line}")
    assert done.err.startswith(f"Error: {expected}")
    assert done.err.count("\n") == 1
    assert (done.code, done.out) == (code, "")


def test_a_verdict_is_an_exit_status_and_nothing_else(shell: Shell) -> None:
    for eps, code in (("20", 0), ("0.5", 1)):
        for line in (f"kerash matrix similar {eps} a.mat b.mat", f"kerash blas 'load a.mat | similar {eps} b.mat'"):
            done = shell(line)
            assert (done.code, done.out, done.err) == (code, "", "")


@pytest.mark.parametrize("line", ["kerash matrix random 300 300", "kerash blas 'random 300 300 | transpose'"])
@pytest.mark.parametrize("npy", ["", " --npy"])
def test_the_reader_of_a_pipe_that_leaves_and_a_full_device_have_their_codes(shell: Shell, line: str, npy: str) -> None:
    done = shell(f"{line}{npy} | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}")
    assert (done.out, done.err) == ("141\n", "")
    done = shell(f"{line}{npy} > /dev/full")
    assert (done.code, done.err) == (3, "Error: standard output: No space left on device\n")


@pytest.mark.parametrize("operation", ["print", "mean"])
def test_a_short_result_on_a_full_device_is_told_too(shell: Shell, operation: str) -> None:
    assert shell(f"kerash matrix {operation} a.mat > /dev/full").code == 3


def test_npy_has_two_dimensions_for_a_matrix_and_three_for_a_tensor() -> None:
    for words, shape in (
        (("matrix", "load", "a.mat"), (2, 2)),
        (("tensor", "load", "t.ten"), (2, 1, 2)),
        (("matrix", "mean", "a.mat"), (1, 1)),
        (("tensor", "apply-convreduce", "1", "0", "2", "1", "1", "max", "a.mat"), (1, 2)),
    ):
        array = np.load(io.BytesIO(run(*words, "--npy")), allow_pickle=False)
        assert (array.shape, array.dtype) == (shape, np.float64)


def test_a_result_may_take_the_place_of_an_operand_whole_or_not_at_all() -> None:
    assert run("matrix", "resize", "1", "2", "a.mat", "-o", "a.mat") == b""
    assert Path("a.mat").read_text() == "1 2 1\n1.0\n-2.0\n"
    assert run("blas", "load a.mat | transpose", "--output", "a.npy", "--npy") == b""
    assert np.load("a.npy", allow_pickle=False).tolist() == [[1, -2]]
    assert "3x1" in refused("matrix", "add", "a.mat", "wide.mat", "-o", "a.mat")
    assert Path("a.mat").read_text() == "1 2 1\n1.0\n-2.0\n"
    assert refused("matrix", "load", "a.mat", "-o", "missing/x").startswith("missing/x: ")


@pytest.mark.parametrize("array", [np.arange(3), np.arange(6.0).reshape(2, 3), np.arange(8).reshape(2, 2, 2) > 2])
def test_npy_of_one_to_three_dimensions_is_an_operand(array: Array) -> None:
    np.save("x.npy", array)
    depth, height, width = (1,) * (3 - array.ndim) + array.shape
    lines = run("tensor", "load", "x.npy").decode().split("\n")
    assert lines[0] == f"{width} {height} {depth}"
    assert [float(line) for line in lines[1:-1]] == array.ravel().tolist()


def test_npy_that_is_no_tensor_is_refused() -> None:
    np.save("four.npy", np.zeros((1, 1, 1, 1)))
    np.save("nan.npy", np.array([np.nan]))
    np.save("object.npy", np.array([[], {}], object))
    assert refused("matrix", "load", "four.npy") == "four.npy: expected at most 3 dimensions, got 4"
    assert refused("matrix", "load", "nan.npy").startswith("nan.npy: expected finite numbers")
    assert "booleans, integers or floats" in refused("matrix", "load", "object.npy")


def test_print_aligns_numbers_and_keeps_layers_apart() -> None:
    assert run("matrix", "print", "a.mat").decode() == " 1 -2\n 3  4\n"
    assert run("tensor", "print", "t.ten").decode() == "1 2\n\n3 4\n"
    Path("third").write_text("1 1 1\n0.3333333333333333\n")
    assert run("matrix", "print", "third", "--precision", "2").decode() == "0.33\n"


def test_heat_is_colour_on_a_terminal_only(shell: Shell) -> None:
    assert "\x1b" not in shell("kerash matrix print --heat a.mat").out
    terminal = "python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' %s -m kerash_cli matrix print --heat a.mat"
    command = terminal % shlex.quote(sys.executable)
    coloured = shell(command, TERM="xterm", NO_COLOR="").out
    assert coloured.count(";48;5;") == 4
    assert "48;5;21m -2 " in coloured, "the least is blue"
    assert "48;5;196m  4 " in coloured, "the greatest is red"
    assert "\x1b" not in shell(command, TERM="xterm", NO_COLOR="1").out
    assert "\x1b" not in shell(command, TERM="dumb", NO_COLOR="").out


def test_a_pipeline_goes_step_by_step() -> None:
    assert run("blas", "load a.mat | transpose | mul b.mat | apply relu | mean") == run(
        "blas", "load a.mat|transpose|mul 'b.mat'|apply relu|mean"
    )
    assert run("blas", "load a.mat | transpose | mul b.mat | apply relu | mean") == b"12.5\n"
    assert run("blas", "load a.mat | mean | mul-scalar -2") == b"1 1 1\n-3.0\n"
    assert run("blas", "eye 2 | add a.mat | sum") == b"8.0\n"
    assert run("blas", "eye 2 | argmax") == b"0\n"
    assert run("blas", "eye 2 | argmax | add-scalar 0.5") == b"1 1 1\n0.5\n"
    assert run("blas", "tensor fill 1 1 2 3 | tensor reduce sum") == b"6.0\n"
    assert run("blas", "load t.ten | sum --axis z") == b"2 1 1\n4.0\n6.0\n"


def test_words_of_a_pipeline_are_quoted_as_in_a_shell() -> None:
    for name in ("a b.mat", "a|b.mat", "a'b.mat", 'a"b.mat', "a\\b.mat", "#.mat"):
        Path(name).write_text(A)
        assert run("blas", f"load {shlex.quote(name)} | mean") == b"1.5\n"
    assert run("blas", r'load "a|b.mat" | mean') == b"1.5\n"
    assert run("blas", r"load a\ b.mat | mean") == b"1.5\n"


def test_explain_says_what_each_step_came_to() -> None:
    result = invoke("blas", "load t.ten | max-pooling 1 1 | mean | similar 9 a.mat", "--explain")
    assert result.stderr.splitlines()[:3] == [
        "step 1, 'load t.ten': 2x1x2",
        "step 2, 'max-pooling 1 1': 2x1x2",
        "step 3, 'mean': a number",
    ]
    assert isinstance(result.exception, Mismatched)
    told = invoke("blas", "load a.mat | similar 9 a.mat", "--explain").stderr
    assert told.endswith("step 2, 'similar 9 a.mat': yes\n")
    assert invoke("blas", "load a.mat | info", "--explain").stderr.endswith("'info': text\n")
    assert invoke("blas", "load a.mat | info", "--explain", "-q").stderr == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "step 1, '': expected an operation, got nothing; try kerash blas 'load a.mat | transpose'"),
        ("load a.mat |", "step 2, '': expected an operation, got nothing"),
        ("load a.mat || mean", "step 2, '': expected an operation, got nothing"),
        ("load a.mat | tensor", "step 2, 'tensor': expected an operation, got nothing"),
        ("load a.mat | transpos", "step 2, 'transpos': unknown operation 'transpos'; did you mean 'transpose'?"),
        ("load a.mat | random 2 2", "step 2, 'random 2 2': expected an operation that uses the result so far"),
        ("load a.mat | info | mean", "step 3, 'mean': expected numbers from the step before, got text"),
        ("load a.mat | similar 1 a.mat | mean", "step 3, 'mean': expected numbers from the step before"),
        ("load a.mat | add", "step 2, 'add': add: expected the operand B, got nothing; usage: add [A B]"),
        ("load a.mat | mean b.mat", "step 2, 'mean b.mat': mean: expected no further operands, got 'b.mat' too"),
        ("load a.mat | add nothing.mat", "step 2, 'add nothing.mat': nothing.mat: no such file; "),
        ("load a.mat | apply 'relu", 'expected closed quotes, and a character after each backslash, got "\'relu"'),
        ('load "a.mat', "expected closed quotes"),
        ("\\ ", "step 1, '\\\\': unknown operation ' '"),
        ("load a.mat\\", "expected closed quotes"),
        ("load nothing | transpos", "step 2, 'transpos': unknown operation"),
        ("load a.mat | sum --axis w", "step 2, 'sum --axis w': --axis: expected some of x"),
    ],
)
def test_an_error_of_a_pipeline_names_the_step(line: str, expected: str) -> None:
    assert refused("blas", line).startswith(expected)


def test_a_line_of_many_steps_and_a_hostile_one_are_read_in_no_time() -> None:
    assert run("blas", "load a.mat" + "| transpose" * 2000) == run("matrix", "load", "a.mat")
    assert "expected closed quotes" in refused("blas", "'" + "a" * 100_000)
    assert refused("blas", "\\a" * 50_000).startswith("step 1, ")
    assert refused("blas", "\x1b[2J | \n").isprintable()


def test_nothing_in_a_name_steers_the_terminal(kerash: Kerash) -> None:
    for words in (("matrix", "add", "\x1b[2J", "b"), ("matrix", "\x1b[2J"), ("blas", "load '\x1b[2J'")):
        assert "\x1b" not in kerash(*words).err


def test_a_refused_pipeline_reads_nothing(shell: Shell) -> None:
    os.mkfifo("pipe")  # which nobody writes to
    assert shell("timeout 60 bash -c \"$(declare -f kerash); kerash blas 'load pipe | transpos'\"").code == 2
