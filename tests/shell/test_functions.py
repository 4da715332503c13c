"""The functions of shell-init, in zsh and in bash."""

import math
import re
import shlex
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import shells
from shells import SHELLS, Run, fine

from kerash_cli.engine.activations import ACTIVATIONS, Activation

pytestmark = pytest.mark.parametrize("shell", SHELLS)

OF_2019 = """
    init_fs end_fs store_model create_genome fit predict evolve_from_scratch evolve_from_model
    matrix_create matrix_random matrix_create_fill matrix_create_direct
    tensor_create tensor_random tensor_create_fill tensor_create_direct
    matrix_load tensor_load matrix_print
    matrix_add matrix_sub matrix_mul matrix_mul_p2p matrix_conv matrix_similar matrix_add_inplace
    matrix_transpose matrix_mul_scalar matrix_mul_self_p2p matrix_square matrix_mean matrix_apply matrix_resize
    tensor_slice tensor_apply_convolution tensor_apply_convreduce tensor_reduce tensor_apply tensor_flatten g_max
    activation_exists cost_mse cost_d_mse tmp_name predict_name free_matrix
    activ_identity activ_binarystep activ_sigmoid activ_tanh activ_arctan activ_arcsinh activ_elliotsig activ_isru
    activ_isrlu activ_relu activ_prelu activ_elu activ_selu activ_srelu activ_softplus activ_bentidentity activ_sinusoid
    activ_sinc activ_gaussian activ_softmax activ_d_identity activ_d_sigmoid activ_d_relu activ_d_gaussian
"""

M, N = "2 2 1\n1\n-2\n3\n4.5\n", "2 2 1\n5\n6\n7\n8\n"


@pytest.fixture
def run(shell: str, tmp_path: Path) -> Run:
    """Runs a script in a folder with m, n, t, which is 1 to 9, and k, 1 0 / 0 1."""
    nine = "".join(f"{i}\n" for i in range(1, 10))
    for name, content in (("m", M), ("n", N), ("t", f"3 3 1\n{nine}"), ("k", "2 2 1\n1\n0\n0\n1\n")):
        (tmp_path / name).write_text(content)
    return partial(shells.run, shell, folder=tmp_path)


def test_every_name_of_2019_is_a_function(run: Run) -> None:
    names = OF_2019.split()
    lines = [f"typeset -f {name} >/dev/null || echo {name}" for name in names]
    assert fine(run("\n".join([*lines, "true"]))) == ""
    assert fine(run('echo "$MOUNTPOINT $MAT $MODEL"')) == (
        "./kerash_mountpoint ./kerash_mountpoint/mat ./kerash_mountpoint/model\n"
    )


def test_the_text_is_the_same_from_anywhere_and_may_be_kept(shell: str, run: Run) -> None:
    elsewhere = f"cd /; KERASH_MOUNTPOINT=/x LANG=C kerash shell-init {shell} | cmp - $OLDPWD/kept"
    assert fine(run(f"kerash shell-init {shell} > kept; {elsewhere}", init=False)) == ""
    assert fine(run(". ./kept; matrix_mean < n", init=False)) == "6.5\n"


def test_evaluated_again_it_keeps_its_coprocess(shell: str, run: Run) -> None:
    again = f'a=$_kerash_service\n{shells.INIT.format(shell=shell)}echo "$a $_kerash_service"'
    first, second = fine(run(again)).split()
    assert first == second


def test_operands_come_from_descriptors_as_in_2019(run: Run) -> None:
    assert fine(run("matrix_add 3< m 4< n > c; cat c")) == "2 2 1\n6.0\n4.0\n10.0\n12.5\n"
    assert fine(run("matrix_add 3< <(cat m) 4< <(cat n) | matrix_transpose | matrix_print")) == "   6   10\n   4 12.5\n"
    assert fine(run("matrix_add m n | tail -1; matrix_add <(cat m) - < n | tail -1")) == "12.5\n12.5\n"
    assert fine(run("v=$(matrix_conv 3< t 4< t); echo $v")) == "285.0\n"


def test_results_follow_what_was_there_and_are_followed(run: Run) -> None:
    script = """
        { echo first; matrix_conv 3< t 4< t; echo last; } > out; cat out
        matrix_create 1 1 > made; echo 7 >> made; matrix_mean < made >> out; tail -1 out
        { read line; echo "$line"; matrix_mean; } < <(echo head; cat n)
        cat <(echo head) n > both; { read line; matrix_mean; } < both
    """
    assert fine(run(script)).split() == ["first", "285.0", "last", "7.0", "head", "6.5", "6.5"]


def test_what_reads_a_tensor_leaves_variables(shell: str, run: Run) -> None:
    script = """
        matrix_load < m; echo $width $height "${array[@]}"
        tensor_load w h d a < t; echo $w $h $d "${#a[@]}"
        matrix_create 3 2 > c; matrix_load w h a < c; echo $w $h "${#a[@]}"
        f() { local w h a; matrix_load w h a < n; echo $w $h "${a[@]}"; }; f; echo $w
        matrix_load _ _ a < n; echo "${a[@]}"
    """
    whole = fine(run(script)).replace(".0", "")
    assert whole.splitlines() == ["2 2 1 -2 3 4.5", "3 3 1 9", "3 2 0", "2 2 5 6 7 8", "3", "5 6 7 8"]
    numbers = fine(run('matrix_load < n; echo "${array[@]}"'))
    assert numbers == ("5.0 6.0 7.0 8.0\n" if shell == "zsh" else "5 6 7 8\n")


HOSTILE_NAMES = [
    "", " ", "a b", "1a", "a-b", "a;touch pwned", "a[$(touch pwned)]", "$(touch pwned)", "`touch pwned`", "a[0]", "é",
    "a=1", "-x", "_kerash_root", "UID", "a\nb", "*",
]  # fmt: skip


def test_a_name_that_is_no_variable_is_refused(run: Run, tmp_path: Path) -> None:
    lines = []
    for name in map(shlex.quote, HOSTILE_NAMES):
        lines += [f"matrix_load w {name} a < m; echo $?", f"matrix_load w h {name} < m; echo $? ${{w-unset}}"]
    done = run("\n".join(lines))
    assert done.out == "1\n1 unset\n" * len(HOSTILE_NAMES)
    told = "Error: matrix_load: expected the name of a variable that may be set, got "
    assert done.err.count(told) == done.err.count("\n") == len(lines)
    assert not (tmp_path / "pwned").exists()


def test_a_variable_that_may_not_be_set_stays(shell: str, run: Run) -> None:
    lines = [
        f"matrix_load w h {name} < m; echo $?" for name in (["path"] if shell == "zsh" else ["BASHOPTS", "RANDOM"])
    ]
    done = run('readonly r=1; matrix_load w h r < m; echo $? $r "${w-unset}"\n' + "\n".join(lines))
    assert done.out == "1 1 unset\n" + "1\n" * len(lines)


HOSTILE = [
    "3 3 1);touch pwned;(\n", "$(touch pwned) 1 1\n1\n", "1 1 1\n$(touch pwned)\n", "1 1 1\n`touch pwned`\n",
    "1 1 1\na[$(touch pwned)]\n", "1 1 1\n1);touch pwned;(\n", "1 1 1\n1; touch pwned\n", "1 1 1\n1 $(touch pwned)\n",
    "1 1 1\nx=1\n", "1 1 1\n0x10\n", "1 1 1\nnan\n", "1 1 1\n\x1b[2J\n", "1 1 1\n\x00\n", "1 1\n1\n", "\x1f\x1e\n",
]  # fmt: skip


def test_the_content_of_a_file_is_never_evaluated(run: Run, tmp_path: Path) -> None:
    lines = []
    for number, content in enumerate(HOSTILE):
        name = f"hostile{number}"
        (tmp_path / name).write_text(content)
        lines.append(f"tensor_load w h d a < {name}; echo $? ${{w-unset}}")
        lines.append(f"matrix_mean < {name}; echo $?; matrix_apply g_max < {name}; echo $?")
    done = run("\n".join(lines))
    assert done.out == "1 unset\n1\n1\n" * len(HOSTILE)
    assert done.err.count("\n") == done.err.count("Error: ") == 3 * len(HOSTILE)
    assert done.err.replace("\n", "").isprintable()
    assert not (tmp_path / "pwned").exists()


HOSTILE_WORDS = [
    "$(touch pwned)", "a[$(touch pwned)]", "x;touch pwned", "x=1", "1\x1f2", "1\x1e", "-", "--", "", "é", "nan",
]  # fmt: skip
TAKING = [
    "activ_sigmoid", "activ_gelu", "activ_d_prelu 1", "matrix_mul_scalar", "matrix_create 1", "tmp_name",
    "matrix_apply", "tensor_reduce", "g_max 1",
]  # fmt: skip
NAMES = {"tmp_name": ("-", "--", "nan"), "matrix_apply": ("-",)}
"""Words that mean something there."""


def test_words_are_never_evaluated(run: Run, tmp_path: Path) -> None:
    lines = [
        f"{function} {shlex.quote(word)} < m; echo $?"
        for function in TAKING
        for word in HOSTILE_WORDS
        if word not in NAMES.get(function, ())
    ]
    done = run("\n".join(lines))
    assert done.out == "1\n" * len(lines)
    assert done.err.count("\n") == done.err.count("Error: ") == len(lines)
    assert not (tmp_path / "pwned").exists()


def test_f_is_an_activation_with_or_without_activ(run: Run) -> None:
    words = ["relu", "activ_relu", "prelu:0", "activ_prelu:0"]
    for line in (f"{group}_apply {word}" for group in ("matrix", "tensor") for word in words):
        assert fine(run(f"{line} < m")) == "2 2 1\n1.0\n0.0\n3.0\n4.5\n"
    assert fine(run("matrix_apply activ_d_relu < m")) == "2 2 1\n1.0\n0.0\n1.0\n1.0\n"
    done = run("matrix_apply rely < m; echo $?")
    assert (done.code, done.out) == (0, "1\n")
    assert done.err.startswith("Error: matrix_apply: unknown activation 'rely'; did you mean 'relu'?")


F = """
    calls=0
    twice() { calls=$((calls + 1)); awk "BEGIN { print 2 * $1 }"; }
    scaled() { awk "BEGIN { print $1 * $2 }"; }
    larger() { awk "BEGIN { print ($1 > $2 ? $1 : $2) }"; }
    dot() { matrix_conv; }
    top() { tensor_reduce larger; }
"""


def test_f_is_a_function_of_the_script_of_several_words_too(run: Run) -> None:
    assert fine(run(F + "matrix_apply twice < m; echo $calls")) == "2 2 1\n2.0\n-4.0\n6.0\n9.0\n4\n"
    assert fine(run(F + 'tensor_apply "scaled 10" < n')) == "2 2 1\n50.0\n60.0\n70.0\n80.0\n"
    assert fine(run(F + "tensor_reduce larger < t")) == "9.0\n"
    convolved = fine(run(F + "tensor_apply_convolution 1 1 3 3 dot 3< t 4< k"))
    assert convolved.split() == [f"{x}.0" for x in (6, 8, 3, 12, 14, 6, 7, 8, 9)]
    for line in ('2 1 2 2 2 "tensor_reduce larger"', "1 0 2 2 2 top", '2 1 2 2 2 "tensor_reduce g_max"'):
        assert fine(run(f"{F}tensor_apply_convreduce {line} 3< t")).split() == ["5.0", "6.0", "8.0", "9.0"]


def test_layers_have_their_own_kernels_where_f_is_the_script_s(run: Run) -> None:
    script = (
        F
        + """
        tensor_create_direct 1 1 2 3 5 > a; tensor_create_direct 1 1 2 10 100 > b
        tensor_apply_convolution 1 0 1 1 matrix_conv 3< a 4< b; tensor_apply_convolution 1 0 1 1 dot 3< a 4< b
    """
    )
    assert fine(run(script)).split() == ["30.0", "500.0"] * 2


def test_what_the_script_defines_counts_more_than_what_kerash_has(run: Run) -> None:
    script = 'relu() { echo 5; }; activ_tanh() { echo 6; }; g_max() { echo "$1"; }\n'
    assert fine(run(script + "matrix_apply relu < m")) == "2 2 1\n" + "5.0\n" * 4
    assert fine(run(script + "matrix_apply activ_tanh < m")) == "2 2 1\n" + "6.0\n" * 4
    assert fine(run(script + "tensor_reduce g_max < n")) == "5.0\n"


def test_f_may_itself_apply_one(run: Run) -> None:
    outer = "outer() { matrix_apply twice < k | tail -1; }\n"
    inner = fine(run(F + outer + "matrix_apply outer < m; matrix_apply twice < n | tail -1"))
    assert inner == "2 2 1\n" + "2.0\n" * 4 + "16.0\n"


@pytest.mark.parametrize(
    ("f", "told"),
    [
        ("f() { echo x; }", "matrix_apply: expected a decimal number, got 'x'"),
        ("f() { :; }", "matrix_apply: expected 4 numbers, one for each value, got 0"),
        ("f() { echo 1; echo 2; }", "matrix_apply: expected 4 numbers, one for each value, got 8"),
        ("f() { echo nan; }", "matrix_apply: expected a decimal number, got 'nan'"),
    ],
)
def test_what_f_prints_is_checked_as_a_whole(run: Run, f: str, told: str) -> None:
    done = run(f"{f}\nmatrix_apply f < m; echo $?")
    assert (done.out, done.err) == ("1\n", f"Error: {told}\n")


OPTIONS = {
    "zsh": "setopt ksh_arrays sh_word_split no_clobber no_unset err_exit null_glob force_float octal_zeroes",
    "bash": "set -o noclobber -o nounset -o errexit -o noglob; shopt -s nullglob",
}


def test_options_of_the_script_are_as_they_were_and_change_nothing(shell: str, run: Run) -> None:
    script = """
        before=$(set -o)
        matrix_add 3< m 4< n; matrix_apply twice < m; matrix_apply "scaled 2" < m; tensor_reduce larger < t
        tensor_apply_convolution 1 0 2 2 dot 3< t 4< k; activ_prelu -2 0.5; matrix_load w h a < n; echo "$w"
        activation_exists no || activation_exists relu
        [ "$before" = "$(set -o)" ]
    """
    plain = fine(run(F + script))
    assert plain.replace(".0", "").split()[:5] == ["2", "2", "1", "6", "4"]
    assert fine(run(f"{F}{OPTIONS[shell]}; IFS=.4\n{script}")) == plain


def test_files_change_in_place(run: Run) -> None:
    assert fine(run("matrix_resize 1 3 m; cat m")) == "1 3 1\n1.0\n-2.0\n3.0\n"
    grown = fine(run("matrix_resize 3 2 n; cat n")).split()
    assert grown[:7] == ["3", "2", "1", "5.0", "6.0", "7.0", "8.0"]
    assert all(0 <= float(x) < 1 for x in grown[7:])
    assert len(grown) == 9
    assert fine(run("matrix_add_inplace nothing k s; cat s")) == "2 2 1\n1.0\n0.0\n0.0\n1.0\n"
    assert fine(run("matrix_add_inplace s k s; cat s")) == "2 2 1\n2.0\n0.0\n0.0\n2.0\n"
    assert fine(run("cp k -- '-s'; matrix_add_inplace ./-s k '-s'; matrix_resize 1 1 ./-s; cat ./-s")) == "1 1 1\n2.0\n"


def test_a_file_is_changed_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    done = run("matrix_add_inplace t k t; echo $?; matrix_resize 2 x t; echo $?; matrix_resize 2 2; echo $?")
    assert done.out == "1\n1\n1\n"
    assert done.err.count("\n") == 3
    assert (tmp_path / "t").read_text().split()[-1] == "9"


def test_costs(run: Run) -> None:
    assert fine(run("cost_mse m n 2 surplus words")) == "2 2 1\n8.0\n32.0\n8.0\n6.125\n"
    assert fine(run("cost_d_mse m n")) == "2 2 1\n-4.0\n-8.0\n-4.0\n-3.5\n"
    assert run("cost_mse m").code == 1


def test_names_are_in_the_scratch_folder_of_the_shell(run: Run, tmp_path: Path) -> None:
    script = """
        echo $$; tmp_name 3; (predict_name 1 activity); echo "$(tmp_name 3)"
        matrix_add 3< m 4< n > "$(tmp_name 3)"; matrix_mean < "$(tmp_name 3)"
        cd bin; tmp_name x; mkdir -p ../elsewhere/kerash_mountpoint
        cd ../elsewhere; tmp_name y; matrix_mean < ../n > "$(tmp_name y)"
        cd ..; MOUNTPOINT=./other; mkdir other; tmp_name z
        for name in ../x a/b '' 'a b' '$(touch pwned)'; do tmp_name "$name" 2>/dev/null; echo $?; done
    """
    pid, *lines = fine(run(script)).split("\n")
    mine = f"./kerash_mountpoint/mat/{pid}"
    private = re.compile(rf"/\S+/kerash-\d+/mat/{pid}/tmp/x\.dat")
    assert lines[:4] == [f"{mine}/tmp/3.dat", f"{mine}/1_activity.dat", f"{mine}/tmp/3.dat", "8.125"]
    assert private.fullmatch(lines[4])
    assert lines[5:7] == [f"{mine}/tmp/y.dat", f"./other/mat/{pid}/tmp/z.dat"]
    assert lines[7:] == ["1"] * 5 + [""]
    for place in ("kerash_mountpoint", "elsewhere/kerash_mountpoint", "other"):
        shells.soon(lambda place=place: not (tmp_path / place / "mat").exists())  # gone with the shell
    assert not (tmp_path / "pwned").exists()


def test_a_matrix_is_freed_by_its_name(run: Run, tmp_path: Path) -> None:
    script = 'mkdir -p "$MAT"; matrix_mean < n > "$MAT/a.mat"; free_matrix a; ls "$MAT"; free_matrix ../../m; echo $?'
    done = run(script)
    assert done.out == "1\n"
    assert done.err.startswith("Error: free_matrix: expected a name of letters")
    assert (tmp_path / "m").exists()


SIZES = (0.0, 1e-300, 0.3, 88.7, 709.0, 1e4, 1e200)
POINTS = [*np.linspace(-50, 50, 41), *SIZES, *(-x for x in SIZES)]


def test_scalars_are_those_of_the_engine(run: Run) -> None:
    names = [name for name in OF_2019.split() if re.fullmatch(r"activ_(?!d_)\w+", name) and name != "activ_softmax"]
    asked = [f"{name} {x!r}" for name in names for x in map(float, POINTS)]
    asked += [f"{name.replace('activ_', 'activ_d_')} {x!r}" for name in names for x in map(float, POINTS)]
    got = fine(run("\n".join(asked))).split()
    assert len(got) == len(asked)
    for line, answer in zip(asked, got, strict=True):
        function, x = line.split()
        activation = Activation(function.removeprefix("activ_").removeprefix("d_"))
        f = activation.derivative if function.startswith("activ_d_") else activation
        expected = float(f(np.array([float(x)]))[0])
        assert float(answer) == pytest.approx(expected, rel=1e-12, abs=5e-324), line


def test_whole_numbers_of_any_size_are_numbers(run: Run) -> None:
    words = "activ_identity 9223372036854775808; activ_relu 99999999999999999999; activ_prelu -18446744073709551616 1"
    assert [float(x) for x in fine(run(words)).split()] == [2.0**63, 1e20, -(2.0**64)]


def test_the_other_activations_and_parameters(run: Run) -> None:
    expected = {
        "gelu 1": (1 + math.erf(0.5**0.5)) / 2,
        "leaky_relu -1": -0.01,
        "leakyrelu -1 0.5 surplus": -0.5,
        "prelu -2 0.1": -0.2,
        "d_prelu -2 0.1": 0.1,
        "srelu 2 -1 0.1 1 0.5": 1.5,
        "elu -1 2": 2 * math.expm1(-1),
        "selu 1 1 2": 2,
        "softmax 0 0": 0.5,
        "softplus 1 2": math.log1p(math.exp(2)) / 2,
        "sigmoid 0 surplus": 0.5,
    }
    got = fine(run("\n".join(f"activ_{line}" for line in expected))).split()
    assert [float(x) for x in got] == pytest.approx(list(expected.values()))
    done = run("activ_isru 1 -1; activ_d_softmax 1; activ_sigmoid; activ_selu 1e308 1 10; echo $?")
    assert done.out == "1\n"
    assert done.err.count("Error: activ_") == 4
    assert "expected alpha > 0, got alpha -1" in done.err


def test_an_activation_exists_or_not(run: Run) -> None:
    there = " && ".join(f"activation_exists {name}" for name in ACTIVATIONS)
    assert fine(run(f"{there} && echo all")) == "all\n"
    names = "lu relux '' ' ' 'relu tanh' '*' aaabbbccc activ_relu"
    assert fine(run(f'for name in {names}; do activation_exists "$name"; echo $?; done')).split() == ["1"] * 8


def test_g_max(run: Run) -> None:
    assert fine(run("g_max 1 2.5; g_max -1 -2; g_max 3 3")).split() == ["2.5", "-1.0", "3.0"]
    assert run("g_max 1 x").code == 1
