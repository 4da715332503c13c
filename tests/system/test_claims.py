"""`files.claimed`: one run at a time has an output; and what it shares with `files.replacing`."""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import program
import pytest
from content import names, write

from kerash_cli.errors import BadInput, KerashError
from kerash_cli.system import files


def refuse(file: int, operation: int) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_a_claim_is_a_hidden_file_until_the_block_ends(tmp_path: Path) -> None:
    with files.claimed(tmp_path / "a"):
        (claim,) = names(tmp_path)
        assert claim.startswith(".kerash-")
        assert (tmp_path / claim).stat().st_size == 0
    assert names(tmp_path) == []


def test_a_claim_goes_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), files.claimed(tmp_path / "a"):
        1 / 0  # noqa: B018
    assert names(tmp_path) == []


@pytest.mark.parametrize("other", ["a", "./a", "link"])
def test_what_is_claimed_is_not_claimed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("a")
    expected = r"is being written by another run; wait until it ends, or choose another name$"
    with files.claimed("a"):
        with pytest.raises(BadInput, match=rf"^{other}: {expected}"), files.claimed(other):
            pass
        with files.claimed("b"):
            write(tmp_path / "a")
    with files.claimed(other), pytest.raises(BadInput), files.claimed("a"):
        pass
    assert names(tmp_path) == ["a", "link"]


def test_the_claim_of_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    killed = (
        "import os, sys\nfrom kerash_cli.system.files import claimed\n"
        "with claimed(sys.argv[1]):\n    os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", killed, str(tmp_path / "a")]
    assert program.finished(command, tmp_path, program.environment()).code == -9
    assert len(names(tmp_path)) == 1
    with files.claimed(tmp_path / "a"):
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []


def test_a_pipe_has_as_many_writers_as_like(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with files.claimed(tmp_path / "pipe"), files.claimed(tmp_path / "pipe"), files.claimed("/dev/null"):
        assert names(tmp_path) == ["pipe"]


def test_nothing_is_claimed_where_nothing_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "flock", refuse)
    with files.claimed(tmp_path / "a"), files.claimed(tmp_path / "a"):
        assert names(tmp_path) == []


def test_a_full_disk_is_told_with_the_byte_that_a_claim_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(KerashError, match="expected room for 1 bytes"), files.claimed(tmp_path / "a"):
        pass


def claim_twice(folder: Path) -> None:
    with files.claimed(folder / "a"), suppress(BadInput), files.claimed(folder / "a"):
        pass


def claim_without_locks(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "flock", refuse)
        with files.claimed(folder / "a"):
            pass


def sweep(folder: Path) -> None:
    (folder / ".kerash-0123456789abcdef.tmp").touch()
    write(folder / "a")


def write_to_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write(folder / "pipe", b"new")
    os.close(reader)


def open_what_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(OSError, match="not a regular file") as error:
        files.regular(str(folder / "pipe"), os.O_RDONLY)
    assert (error.value.errno, error.value.filename) == (errno.EINVAL, str(folder / "pipe"))


def flush(folder: Path) -> None:
    files.flush_path(folder)


WORK = [claim_twice, claim_without_locks, sweep, write_to_a_pipe, open_what_is_no_file, flush]


@pytest.mark.parametrize("work", WORK)
def test_no_descriptor_is_left_over(tmp_path: Path, work: Callable[[Path], None]) -> None:
    before = names(Path("/proc/self/fd"))
    work(tmp_path)
    assert names(Path("/proc/self/fd")) == before


def test_a_link_is_no_regular_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        files.regular(str(tmp_path / "link"), os.O_RDONLY)


@pytest.mark.parametrize(("code", "fails"), [(errno.EIO, True), (errno.EINVAL, False)])
def test_a_flush_that_fails_is_an_error_where_the_file_system_can_flush(
    monkeypatch: pytest.MonkeyPatch, code: int, fails: bool
) -> None:
    def fail(file: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    if fails:
        with pytest.raises(OSError, match=os.strerror(code)):
            files.flush(0)
    else:
        files.flush(0)


def test_too_many_open_files_are_told_with_the_name_of_the_one_too_many() -> None:
    with pytest.raises(KerashError, match=r"^a: can't be opened \(.+\); try ulimit -n 1024$"), files.explained("a", 1):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("name", ["a", "new", "."])
@pytest.mark.parametrize("count", [0, 100])
def test_room_is_told_in_bytes_where_files_are_not_counted_or_some_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, name: str
) -> None:
    (tmp_path / "a").touch()
    values = [*os.statvfs(tmp_path)]
    values[1], values[4], values[5:8] = 512, 3, [count, count, count]  # f_frsize, f_bavail, f_files, f_ffree, f_favail
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(values))
    with pytest.raises(KerashError, match="got 1536 free; try"), files.explained(str(tmp_path / name), 3):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
