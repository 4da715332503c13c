import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from content import NEW, OLD, ROOT, names, write

from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.system import files

# What a caller sees


@pytest.mark.parametrize("word", ["a", "A-b_c.9", "0", "x" * 64])
def test_a_name_is_given_back(word: str) -> None:
    assert files.check_name(word) == word


@pytest.mark.parametrize("word", ["", ".a", "-a", "a/b", "a b", "é", "x" * 65, "a\n"])
def test_a_word_that_is_no_name_is_refused(word: str) -> None:
    with pytest.raises(BadInput, match="expected a name of 1 to 64 letters"):
        files.check_name(word)


def test_a_commit_flushes_the_file_before_it_has_its_name_and_then_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, bool]] = []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append((os.fstat(file).st_ino, (tmp_path / "a").exists())))
    write(tmp_path / "a")
    assert flushed == [((tmp_path / "a").stat().st_ino, False), (tmp_path.stat().st_ino, True)]


def test_a_byte_is_set_aside_unless_more_is_asked_for(tmp_path: Path) -> None:
    for reserve, size in [({}, 1), ({"reserve": 7}, 7)]:
        with files.replacing(tmp_path / "a", **reserve):
            assert [entry.stat().st_size for entry in tmp_path.iterdir()] == [size]


def test_room_is_set_aside_where_the_system_has_no_call_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    with open(tmp_path / "a", "wb") as file:
        files.set_aside(file.fileno(), 5)
    assert (tmp_path / "a").stat().st_size == 5


def test_files_and_folders_are_flushed_and_nothing_else_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(os.fstat(file).st_ino))
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a writer
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "pipe", "link"):
        files.flush_path(tmp_path / name)
    files.flush_path(tmp_path)
    assert flushed == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino]


@pytest.mark.parametrize("old", [None, OLD], ids=["new", "old"])
@pytest.mark.parametrize("data", [b"", b"x", NEW], ids=len)
def test_a_new_file_or_an_old_one_holds_what_was_committed(tmp_path: Path, data: bytes, old: bytes | None) -> None:
    if old:
        (tmp_path / "a").write_bytes(old)
    write(tmp_path / "a", data)
    assert (tmp_path / "a").read_bytes() == data
    assert names(tmp_path) == ["a"]


def test_a_relative_name_is_taken_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("a")
    assert (tmp_path / "a").read_bytes() == NEW


def test_nothing_appears_before_the_commit(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "a") as output:
        assert not (tmp_path / "a").exists()
        output.commit(NEW)
        assert (tmp_path / "a").read_bytes() == NEW


def test_leaving_without_a_commit_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(OLD)
    with files.replacing(tmp_path / "a"):
        pass
    assert (tmp_path / "a").read_bytes() == OLD
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, RuntimeError])
def test_an_error_of_the_work_passes_unchanged_and_removes_the_temporary(
    tmp_path: Path, error: type[BaseException]
) -> None:
    with pytest.raises(error, match="of the work"), files.replacing(tmp_path / "a"):
        raise error("of the work")
    assert names(tmp_path) == []


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write_all(file, data[:7]))
    write(tmp_path / "a", bytes(range(100)))
    assert (tmp_path / "a").read_bytes() == bytes(range(100))


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = names(Path("/proc/self/fd"))
    write(tmp_path / "a")
    with pytest.raises(BadInput):
        write(tmp_path / "none" / "a")
    assert names(Path("/proc/self/fd")) == before


# Permissions and links


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_gets_the_permissions_that_the_umask_allows(
    tmp_path: Path, umask: Callable[[int], int], mask: int, mode: int
) -> None:
    umask(mask)
    write(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "a").chmod(mode)
    write(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "there" / "a").write_bytes(OLD)
    (tmp_path / "here" / "link").symlink_to("../there/a")
    write(tmp_path / "here" / "link")
    assert (tmp_path / "here" / "link").is_symlink()
    assert (tmp_path / "there" / "a").read_bytes() == NEW
    assert names(tmp_path / "here") == ["link"]
    assert names(tmp_path / "there") == ["a"]


def test_a_link_to_nothing_yet_makes_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == NEW


def test_another_name_of_the_old_file_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(OLD)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    write(tmp_path / "a")
    assert (tmp_path / "b").read_bytes() == OLD


# What is not a regular file


@contextmanager
def reader(fifo: Path) -> Iterator[int]:
    os.mkfifo(fifo)
    file = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield file
    finally:
        os.close(file)


def test_a_pipe_is_written_straight_through(tmp_path: Path) -> None:
    with reader(tmp_path / "pipe") as file:
        write(tmp_path / "pipe", OLD)
        assert os.read(file, 2 * len(OLD)) == OLD
    assert names(tmp_path) == ["pipe"]


def test_the_standard_output_is_written_straight_through() -> None:
    program = "from kerash_cli.system.files import replacing\nwith replacing('/dev/stdout') as o: o.commit(b'bytes')"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE).stdout == b"bytes"


def test_a_reader_that_goes_away_is_a_broken_pipe(tmp_path: Path) -> None:
    with reader(tmp_path / "pipe") as file, files.replacing(tmp_path / "pipe") as output:
        os.dup2(os.open(os.devnull, os.O_RDONLY), file)
        with pytest.raises(BrokenPipeError):
            output.commit(OLD)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_device_is_out_of_space() -> None:
    with pytest.raises(OutOfSpace, match=r"^/dev/full: expected room for 3 bytes, got 0 free; try"):
        write("/dev/full", b"new")


# Errors that show before the work


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none/a", "no such folder: '.*none'; try mkdir -p '.*none'$"),
        ("file/a", "expected a folder, got the file '.*file'"),
        ("folder", "names a folder, not a file; try the name of a file in it$"),
        ("folder/", "names a folder"),
        ("new/", "names a folder"),
        (".", "names a folder"),
        ("a" * 256, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_a_name_that_no_file_can_have_is_an_error_at_once(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    before = names(tmp_path)
    with pytest.raises(BadInput, match=expected) as caught, files.replacing(f"{tmp_path}/{name}"):
        pytest.fail("the work began")
    assert str(caught.value).startswith(f"{tmp_path}/{name}: ")
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == before


def test_a_folder_that_exists_and_takes_no_file_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = os.open

    def refuse(path: str, flags: int, *arguments: int, **options: int) -> int:
        if flags & os.O_CREAT:  # as /proc does
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return create(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(KerashError, match=r"No such file or directory.*; try another folder"):
        write(tmp_path / "a")


def test_a_file_system_with_room_but_for_no_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = os.statvfs(tmp_path)
    values = [*room]
    values[5:8] = [100, 0, 0]  # f_files, f_ffree, f_favail
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(values))
    with pytest.raises(OutOfSpace, match="expected room for 3 bytes, got no inode free; try"), files.explained("a", 3):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_empty_name_is_an_error() -> None:
    with pytest.raises(BadInput, match="names a folder"):
        write("")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EPERM, errno.EIO])
def test_a_folder_that_takes_no_file_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*arguments: object, **options: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(KerashError, match=os.strerror(code)) as caught, files.replacing(tmp_path / "a"):
        pytest.fail("the work began")
    assert caught.value.exit_code == 1


def test_a_disk_without_room_for_the_reserve_is_an_error_at_once(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom kerash_cli.errors import KerashError\nfrom kerash_cli.system.files import replacing\n"
        "try:\n"
        "    with replacing('full/a', reserve=1 << 20): print('the work began')\n"
        "except KerashError as error: print(error.exit_code, error)\n"
    )
    (tmp_path / "full").mkdir()
    mounted = 'mount -t tmpfs -o size=64k none full && "$@" && ls -A full'
    command = ["unshare", "-Urm", "sh", "-c", mounted, "sh", sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    if "unshare" in ran.stderr or "mount" in ran.stderr:
        pytest.skip(f"no private mounts here: {ran.stderr.strip()}")
    assert ran.stderr == ""
    assert ran.stdout == "3 full/a: expected room for 1048576 bytes, got 65536 free; try another disk\n"


# Runs that were killed, runs that are alive


def test_a_temporary_that_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".kerash-0123456789abcdef.tmp").write_bytes(OLD)
    write(tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_a_temporary_of_a_live_run_is_left_alone(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "a") as output:
        write(tmp_path / "b", OLD)
        output.commit(NEW)
    assert (tmp_path / "a").read_bytes() == NEW
    assert (tmp_path / "b").read_bytes() == OLD


@pytest.mark.parametrize("name", [".kerash-0123456789abcdef", "kerash-0123456789abcdef.tmp", ".kerash-a.tmp"])
def test_a_file_that_is_no_temporary_of_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    write(tmp_path / "a")
    assert names(tmp_path) == sorted(["a", name])


def test_a_planted_pipe_or_link_in_a_temporarys_place_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(OLD)
    (tmp_path / ".kerash-0123456789abcdef.tmp").symlink_to("precious")
    os.mkfifo(tmp_path / ".kerash-0000000000000000.tmp")
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == NEW
    assert (tmp_path / "precious").read_bytes() == OLD
    assert (tmp_path / ".kerash-0123456789abcdef.tmp").is_symlink()


def test_a_temporary_swept_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, calls = files.flock, []

    def late(file: int, operation: int) -> None:
        calls.append(file)
        if len(calls) == 1:
            for name in names(tmp_path):
                (tmp_path / name).unlink()
        lock(file, operation)

    monkeypatch.setattr(files, "flock", late)
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == NEW
    assert len(calls) == 2


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(files, "flock", refuse)
    write(tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_a_file_system_whose_folders_have_no_flush_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = os.fsync

    def files_only(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        flush(file)

    monkeypatch.setattr(os, "fsync", files_only)
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == NEW


def test_of_two_writers_at_once_one_wins_whole(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom kerash_cli.system.files import replacing\n"
        "for _ in range(50):\n"
        "    with replacing(sys.argv[1]) as output: output.commit(sys.argv[2].encode() * (1 << 20))\n"
    )
    target = tmp_path / "a"
    target.write_bytes(b"a" * (1 << 20))
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(target), letter], cwd=ROOT, stderr=subprocess.PIPE)
        for letter in "ab"
    ]
    whole = {b"a" * (1 << 20), b"b" * (1 << 20)}
    while any(writer.poll() is None for writer in writers):
        assert target.read_bytes() in whole
    assert [writer.communicate() for writer in writers] == [(None, b"")] * 2
    assert [writer.returncode for writer in writers] == [0, 0]
    assert target.read_bytes() in whole
    assert names(tmp_path) == ["a"]
