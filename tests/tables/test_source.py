import os
import sys
import zlib
from pathlib import Path

import program
import pytest
from conftest import ROOT

from kerash_cli.errors import BadInput
from kerash_cli.tables import reading
from kerash_cli.tables.source import similar

needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux has /proc")


@pytest.mark.parametrize("line", [b"0\n", b"0," * 1000 + b"0\n"])
@needs_proc
def test_a_gzip_bomb_is_refused_in_little_memory(tmp_path: Path, environment: dict[str, str], line: bytes) -> None:
    path = tmp_path / "bomb.gz"
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as file:
        for _ in range(256):
            file.write(packer.compress(line * ((1 << 20) // len(line))))
        file.write(packer.flush())
    message, megabytes = refused_by_another(path, environment)
    assert message.startswith(f"{path}: decompresses to more than 256 times its size")
    assert megabytes < 64


@needs_proc
def test_an_endless_line_is_refused_in_little_memory(tmp_path: Path, environment: dict[str, str]) -> None:
    path = tmp_path / "line.csv"
    path.write_bytes(b"1,")
    os.truncate(path, 1 << 30)
    message, megabytes = refused_by_another(path, environment)
    assert message == f"{path}: expected lines of at most 64 MB, got a longer one"
    assert megabytes < 32


def refused_by_another(path: Path, environment: dict[str, str]) -> tuple[str, int]:
    """What another process says of the file, and how many megabytes more it took to say it."""
    script = (
        "import sys; from pathlib import Path; from kerash_cli import errors; from kerash_cli.tables import reading\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "before = peak()\n"
        "try: reading.read(sys.argv[1])\n"
        "except errors.BadInput as error: print(error)\n"
        "print((peak() - before) // 1024)"
    )
    message, megabytes = program.finished([sys.executable, "-c", script, path], ROOT, environment).out.splitlines()
    return message, int(megabytes)


def test_standard_input_is_called_so(environment: dict[str, str]) -> None:
    script = "from kerash_cli.tables import reading; t = reading.read('-'); print(t.source, t.numbers.tolist())"
    done = program.finished([sys.executable, "-c", script], ROOT, environment, "1,2\n")
    assert (done.code, done.out) == (0, "<stdin> [[1, 2]]\n")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing.csv", "no such file; "),
        ("", "no such file; "),
        ("a\0b", "invalid file name"),
        ("x" * 300, "can't be read (File name too long)"),
        (".", "is a folder"),
    ],
)
def test_what_can_not_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput) as error:
        reading.read(path)
    assert str(error.value).startswith(f"{path}: {reason}")


@needs_proc
def test_files_are_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,2\n3\n", encoding="utf-8")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(BadInput):
        reading.read(str(path))
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.parametrize(
    ("missing", "advice"),
    [
        ("wine.cvs", "did you mean 'wine.csv'?"),
        ("wne.csv", "did you mean 'wine.csv'?"),
        ("winered", "did you mean 'winered.csv'?"),
        ("pumps.csv", "check its name and folder, or use - for standard input"),
    ],
)
def test_a_missing_file_is_answered_with_a_similar_name(
    missing: str, advice: str, in_tmp_path: None, tmp_path: Path
) -> None:
    for name in ("wine.csv", "winered.csv", "iris.csv", "rows.csv"):
        (tmp_path / name).touch()
    assert similar(missing) == advice
