"""The coprocess of a shell: whatever becomes of it, of the shell and of what stands around them."""

import os
import pty
import select
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
import shells
from conftest import Kerash
from shells import SHELLS, Run, fine, soon

pytestmark = [
    pytest.mark.parametrize("shell", SHELLS),
    pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc"),
]


@pytest.fixture
def run(shell: str, tmp_path: Path) -> Run:
    (tmp_path / "m").write_text("2 2 1\n1\n2\n3\n4.5\n")
    return partial(shells.run, shell, folder=tmp_path)


def gone(pid: int) -> bool:
    """Whether there is no such process, a zombie aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def started(shell: str, folder: Path, script: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*shells.command(shell), "-c", shells.INIT.format(shell=shell) + script],
        cwd=folder,
        env=shells.environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


WITHOUT = {
    "none was started": "_kerash_service=",
    "it was killed": "kill -9 $_kerash_service; while kill -0 $_kerash_service 2>/dev/null; do sleep 0.01; done",
    "killed, and asked from a subshell first": (
        "kill -9 $_kerash_service; while kill -0 $_kerash_service 2>/dev/null; do sleep 0.01; done; (matrix_mean < m)"
    ),
    "its tokens are taken": (
        'for i in {1..12}; do if [ -n "${ZSH_VERSION-}" ]; then sysread -s 1 -i $_kerash_tokens x; '
        "else read -r -N 1 <$_kerash_tokens; fi; done"
    ),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_without_it_the_answers_are_the_same(run: Run, case: str) -> None:
    script = """
        matrix_add 3< m 4< m; matrix_transpose < m | matrix_mean; echo $(matrix_conv 3< m 4< m)
        matrix_load w h a < m; echo $w $h "${a[@]}"; matrix_create 1 2 > c; matrix_load < c; echo ${#array[@]}
        f() { echo "$1"; }; matrix_apply f < m; matrix_apply relu < m; tensor_reduce g_max < m
        activ_gelu 0; matrix_resize 1 1 c; matrix_resize 1 1 m; cat m; matrix_similar 0 3< m 4< m; echo $?
        matrix_add 3< m 4< /dev/null 2>/dev/null; echo $?; matrix_add 3< m 2>/dev/null; echo $?; tmp_name 1 >&2
    """
    expected = run(script)
    restore = "printf '2 2 1\\n1\\n2\\n3\\n4.5\\n' > m\n"
    got = run(f"{restore}{WITHOUT[case]}\n{script}")
    extra = "2.625\n" if "subshell" in case else ""
    assert got.out == extra + expected.out
    assert (got.code, got.err.count("\n")) == (expected.code, expected.err.count("\n"))


def test_it_leaves_with_the_shell(shell: str, run: Run) -> None:
    for end in ("matrix_mean < m >/dev/null", "kill -9 $$", "exit 3"):
        service = int(run(f"echo $_kerash_service; {end}").out)
        soon(partial(gone, service))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_it_leaves_when_the_shell_is_killed(shell: str, tmp_path: Path, number: signal.Signals) -> None:
    process = started(shell, tmp_path, "tmp_name 1; echo $_kerash_service; read line\n")
    assert process.stdout is not None
    scratch, service = Path(process.stdout.readline().strip()).parent.parent, int(process.stdout.readline())
    assert (tmp_path / scratch).is_absolute()
    assert (tmp_path / scratch).is_dir()
    process.send_signal(number)
    process.communicate(timeout=20)
    soon(lambda: gone(service))
    soon(lambda: not (tmp_path / scratch).exists())


def test_it_leaves_nothing_and_holds_nothing(run: Run, tmp_path: Path) -> None:
    script = """
        tmp_name 1 >/dev/null; predict_name 1 activity >/dev/null
        f() { echo "$1"; }; matrix_apply f < m >/dev/null; matrix_apply relu < m | matrix_mean >/dev/null
        ls -l /proc/$_kerash_service/fd /proc/$_kerash_service/cwd
    """
    links = [line.partition(" -> ")[2] for line in fine(run(script)).splitlines() if " -> " in line]
    inside = {link for link in links if str(tmp_path) in link}
    assert {Path(link).parent.name for link in inside} == {"mat"}  # the scratch folder, which it holds locked
    assert not [link for link in links if link.startswith("/dev/pts")]
    soon(lambda: not (tmp_path / "kerash_mountpoint/mat").exists())


def test_what_it_holds_it_lets_go_before_the_end(run: Run) -> None:
    script = 'tmp_name 1 >/dev/null; ls "$MAT"; end_fs; echo $?; ls kerash_mountpoint'
    done = run(script)
    _, status, *left = done.out.split()
    assert (status, left) == ("1", [])  # nothing that init_fs made: but its scratch folder is gone
    assert done.err.count("\n") == 1


LEFT = {
    "zsh": "n=0; while sysread -s 1 -t 0.2 -i $_kerash_tokens x; do n=$((n + 1)); done; echo left $n",
    "bash": "n=0; while read -r -N 1 -t 0.2 x; do n=$((n + 1)); done <$_kerash_tokens; echo left $n",
}
"""Takes and counts the tokens that there are."""


def test_others_wait_for_none_and_no_token_is_lost(shell: str, run: Run) -> None:
    script = f"""
        long=$(printf '| matrix_transpose %.0s' {{1..40}})
        eval "matrix_transpose < m $long" | matrix_print
        for i in {{1..40}}; do (sleep 0.2; cat m) | matrix_mean & done; wait
        for i in {{1..30}}; do (matrix_add 3< m 4< m | matrix_mean) & done; wait
        for i in {{1..30}}; do matrix_create_direct 40 50 $(seq 2000) >/dev/null & kill -9 $!; done; wait
        {LEFT[shell]}
    """
    out = run(script).out
    assert out.split() == ["1", "3", "2", "4.5"] + ["2.625"] * 40 + ["5.25"] * 30 + ["left", "12"]


def test_a_new_one_is_started_when_it_was_killed(run: Run) -> None:
    script = """
        before=$_kerash_service; kill -9 $before; while kill -0 $before 2>/dev/null; do sleep 0.01; done
        matrix_mean < m; after=$_kerash_service; [ $before != $after ] && kill -0 $after && (matrix_mean < m)
        [ $_kerash_service = $after ] && echo one
    """
    assert fine(run(script)).split() == ["2.625", "2.625", "one"]


def test_an_answer_that_breaks_off_is_no_answer(shell: str, run: Run) -> None:
    status = "${pipestatus[1]}" if shell == "zsh" else "${PIPESTATUS[0]}"
    script = f"""
        matrix_create_fill 1000 300 > large
        matrix_transpose < large | {{ sleep 0.5; kill -9 $_kerash_service; wc -l > /dev/null; }}; echo {status}
        matrix_mean < m
    """
    done = run(script)
    assert done.out.split() == ["1", "2.625"]
    assert done.err == "Error: matrix_transpose: the coprocess ended before it had answered; try again\n"


def test_its_pipes_are_for_the_shell_alone(run: Run) -> None:
    """What a shell starts, as another user perhaps, can ask nothing in its name."""
    script = (
        "matrix_mean < m > /dev/null; ls -l /proc/self/fd > open; grep -c ' [3-9] -> pipe\\| [0-9][0-9] -> pipe' open"
    )
    assert run(script).out == "0\n"


def test_an_operand_may_take_its_time_and_others_go_on(run: Run) -> None:
    script = """
        mkfifo slow; matrix_mean < slow > late & matrix_mean < m
        exec 9> slow; matrix_mean < m; cat m >&9; exec 9>&-; wait; cat late
        (sleep 0.3; cat m > slow) & matrix_mean slow
        matrix_add_inplace m m slow & matrix_mean < m; matrix_mean < slow; wait
    """
    assert fine(run(script)).split() == ["2.625"] * 5 + ["5.25"]


def test_who_is_killed_while_it_waits_takes_nothing_more(run: Run) -> None:
    script = """
        mkfifo pipe; exec 9<> pipe; matrix_mean <&9 & sleep 0.3; kill -9 $!; wait
        sleep 0.3; cat m >&9; head -1 <&9
    """
    assert run(script).out == "2 2 1\n"


def test_operands_and_results_are_where_the_shell_means_them(run: Run) -> None:
    script = """
        ln -s /dev/stdin in; matrix_mean in < m; (cd /dev; matrix_mean stdin) < m; matrix_mean //dev/fd/3 3< m
        cp m /dev/shm/kerash-test-$$; matrix_add <(cat m) /dev/shm/kerash-test-$$ | tail -1; rm /dev/shm/kerash-test-$$
        matrix_add_inplace m m /dev/stdout | matrix_mean; matrix_add_inplace m m /dev/fd/5 5> out; matrix_mean < out
        umask 077; matrix_add_inplace m m secret; umask 022; matrix_add_inplace m m open; stat -c %a secret open
        exec 3>> out; matrix_add 4< m; echo $?
    """
    done = run(script)
    assert done.out.split() == ["2.625"] * 3 + ["9.0", "5.25", "5.25", "600", "644", "1"]
    assert done.err == "Error: matrix_add: descriptor 3: is open for writing, not for reading; try < FILE\n"


def test_what_the_shell_knows_of_its_jobs_and_traps_stays(shell: str, run: Run) -> None:
    trap = "trap 'echo trapped' ZERR" if shell == "zsh" else "set -E; trap 'echo trapped' ERR"
    script = f"""
        sleep 0.01 & before=$!; matrix_load w h a < m; matrix_apply relu < m >/dev/null; [ $before = $! ] && echo same
        {trap}; matrix_create_fill 200 200 > f; matrix_mean < m; tensor_reduce g_max < m; tmp_name 1 > /dev/null
    """
    assert fine(run(script)).split() == ["same", "2.625", "4.5"]


def test_with_few_descriptors_it_does_without(shell: str, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("1 1 1\n5\n")
    script = f"ulimit -n 40; {shells.INIT.format(shell=shell)}matrix_mean < m; matrix_transpose < m | matrix_mean"
    assert fine(shells.run(shell, script, tmp_path, init=False)).split() == ["5.0", "5.0"]


@pytest.mark.parametrize(
    "words", ["", "x", "x bogus", "x load matrix abc", "x matrix", "x collect", "x largest", "x hold a"]
)
def test_a_question_that_none_asks_is_one_line(kerash: Kerash, shell: str, words: str) -> None:
    done = kerash("shell-answer", *words.split())
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == done.err.count("Error: ") == 1


def test_questions_and_answers_of_any_length(run: Run) -> None:
    script = """
        matrix_create_direct 100 100 $(seq 10000) > big; tail -1 big; matrix_mean < big
        matrix_create_fill 500 400 0.1 > large; matrix_transpose < large | cmp - <(kerash matrix transpose large)
        matrix_load w h a < large; echo "${#a[@]}"; cat large | matrix_transpose | head -1
        matrix_mul 3< big 4< big | tail -1
    """
    corner = float(sum((9900 + k) * 100 * k for k in range(1, 101)))
    assert fine(run(script)).split() == ["10000.0", "5000.5", "200000", "400", "500", "1", repr(corner)]


def test_an_answer_that_nobody_reads_costs_nothing(run: Run) -> None:
    script = """
        for i in {1..60}; do matrix_random 200 100 | head -1; done | sort -u
        for i in {1..60}; do (matrix_random 300 300 > /dev/null & kill -9 $! ) 2>/dev/null; done; matrix_mean < m
        ls /proc/$_kerash_service/fd | wc -l
    """
    *lines, descriptors = fine(run(script)).splitlines()
    assert lines == ["200 100 1", "2.625"]
    assert int(descriptors) < 70


def test_the_reader_that_goes_away_is_141_and_nothing_said(shell: str, run: Run) -> None:
    status = "${pipestatus[1]}" if shell == "zsh" else "${PIPESTATUS[0]}"
    for script in ("matrix_random 300 300 | head -1", "matrix_random 300 300 | :", "matrix_random 2 2 | :"):
        done = run(f"{script} >/dev/null; echo {status}")
        assert done.err == ""
        assert done.out in ("141\n", "0\n") if "2 2" in script else done.out == "141\n"


def test_where_results_can_not_go(run: Run) -> None:
    lines = ("matrix_mean < m > /dev/full", "matrix_random 300 300 > /dev/full", "matrix_mean < m >&-")
    done = run("\n".join(f"{line}; echo $?" for line in lines))
    assert done.out == "3\n3\n1\n"
    assert done.err.count("\n") == done.err.count("Error: matrix_") == 3


def test_missing_empty_and_unreadable_operands_are_told_apart(run: Run) -> None:
    lines = {
        "matrix_add 3< m": "descriptor 4: is closed; try a file as operand, or 4< FILE",
        "matrix_add 4< m": "descriptor 3: is closed; try a file as operand, or 3< FILE",
        "matrix_add 3< m 4< /dev/null": "descriptor 4: expected 'WIDTH HEIGHT DEPTH' and values, got nothing",
        ": | matrix_mean": "<stdin>: expected 'WIDTH HEIGHT DEPTH' and values, got nothing",
        "matrix_mean <&-": "<stdin>: is closed; try a file as operand, or < FILE",
        "matrix_mean < .": "<stdin>: is a folder",
        "matrix_add 3< m 4< <(echo x y)": "descriptor 4:1: expected 'WIDTH HEIGHT DEPTH'",
        "matrix_add m nothing": "nothing: no such file; ",
        "matrix_add m .": ".: is a folder",
        "matrix_add 3< m 4< <(matrix_transpose < m; echo 1)": "descriptor 4:6: expected 4 values for 2 2 1, got more",
        "matrix_apply": "matrix_apply: expected F, got nothing; usage: apply F [A]",
        "tensor_apply_convreduce 1 0 1 1 1 max": "descriptor 3: is closed",
    }
    done = run("\n".join(f"{line}; echo $?" for line in lines))
    assert done.out == "1\n" * len(lines)
    for told, expected in zip(done.err.splitlines(), lines.values(), strict=True):
        assert expected in told
        assert told.startswith(("Error: matrix_", "Error: tensor_"))


def test_a_fault_is_told_as_one_and_the_next_question_answered(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'shell-answer' in sys.orig_argv:\n"
        "    from kerash_cli.shell import answers\n"
        "    answers.KINDS._members['largest'] = (lambda *question: 1 // 0, range(1, 9))\n"
    )
    path = os.pathsep.join([str(tmp_path), shells.environment(tmp_path)["PYTHONPATH"]])
    done = run("g_max 1 2; echo $?; matrix_mean < m", PYTHONPATH=path)
    assert done.out == "70\n2.625\n"
    assert "ZeroDivisionError" in done.err
    assert "This is a fault in kerash" in done.err


def test_a_shell_of_a_shell_has_its_own(shell: str, run: Run) -> None:
    again = shells.INIT.format(shell=shell).strip()
    inner = f"{again}; echo $_kerash_service; matrix_mean < m"
    first, second, mean = fine(run(f"echo $_kerash_service; {' '.join(shells.command(shell))} -c '{inner}'")).split()
    assert first != second
    assert mean == "2.625"


def test_an_interrupt_ends_the_question_and_not_the_coprocess(shell: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    (tmp_path / "m").write_text("1 1 1\n5\n")
    terminal, side = pty.openpty()
    process = subprocess.Popen(  # the first terminal that the leader of a session opens is its own
        ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(side), *shells.command(shell), "-i"],
        cwd=tmp_path,
        env=shells.environment(tmp_path) | {"PS1": "READY", "TERM": "dumb"},
        start_new_session=True,
    )
    said = ""

    def prompted(line: str, after: str) -> str:
        """What is said from `after` to the next prompt, once a line is typed."""
        nonlocal said
        said = ""
        os.write(terminal, line.encode())
        while "READY" not in said.partition(after)[2]:
            assert select.select([terminal], [], [], 20)[0], said
            said += os.read(terminal, 1000).decode()
        return said.partition(after)[2]

    try:
        service = prompted(f"{shells.INIT.format(shell=shell)}echo first $_kerash_service\n", "\nfirst ").split()[0]
        os.write(terminal, b"echo now; matrix_mean <> never\n")
        time.sleep(0.5)
        prompted("\x03", "^C" if shell == "bash" else "\n")
        assert "Error" not in said
        answer = prompted("matrix_mean < m; echo then $_kerash_service\n", "\n5.0\r\nthen ")
        assert answer.split()[0] == service
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
        os.close(side)
