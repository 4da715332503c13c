"""Installs kerash into clean virtual environments, as users do, and uses it there: `make packages`.

    python packaging/clean_venvs.py [--check] [PYTHON]...

For each Python (this one, if none is named), in folders with a home that is empty:

- the sdist is unpacked, and `make run` succeeds in it; with --check, `make check` too
- each line of README.md that installs is typed there: pip, pipx and uv
- the wheel, the sdist, and the wheel with the lowest versions of what it needs are installed, and print what README.md
  shows
- for each extra: without it, a command says `pip install 'kerash[EXTRA]'`; that line is typed, and the command works
- with the extra `all`, each of these commands works
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from time import monotonic

from dist import unpack
from trials import MADE, TRIALS, Trial

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "packages"
sys.path.insert(0, str(ROOT))

from docs import pages  # noqa: E402

INHERITED = ("LANG", "TMPDIR", "SSL_CERT_FILE", "SOURCE_DATE_EPOCH")
"""Variables that the commands see, with those of pip and of the BLAS; all others are somebody's settings."""


class Failed(Exception):
    """Something that a package should do, and does not."""


class Venv:
    """A virtual environment, and an empty folder and home to work in."""

    def __init__(self, folder: Path, python: str) -> None:
        """Makes all of them in a new folder."""
        self.home, self.here, self.programs = folder / "home", folder / "here", folder / "venv" / "bin"
        self.home.mkdir(parents=True)
        self.here.mkdir()
        self.run(f"{quote(python)} -m venv {quote(str(folder / 'venv'))}")

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a command sees here."""
        kept = {k: v for k, v in os.environ.items() if k in INHERITED or k.startswith(("PIP_", "OPENBLAS_"))}
        mpi = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        places = [str(self.programs), str(self.home / ".local" / "bin"), os.environ["PATH"]]
        own = {"PATH": os.pathsep.join(places), "HOME": str(self.home), "PIP_CACHE_DIR": str(PLACE / "cache")}
        uv = {"UV_PYTHON": str(self.programs / "python"), "UV_PYTHON_DOWNLOADS": "never"}
        return {**kept, **mpi, **own, **uv}

    def run(self, script: str, code: int = 0, cwd: Path | None = None) -> str:
        """Runs lines of bash, and returns what they print on both streams; raises Failed for another exit code."""
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=cwd or self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != code:
            raise Failed(f"{script.strip()}\nexpected exit code {code}, got {done.returncode}:\n{done.stdout}")
        return done.stdout

    def pip(self, *words: str) -> None:
        """Installs something."""
        self.run(f"pip install --quiet --disable-pip-version-check {' '.join(map(quote, words))}")


def archives() -> tuple[Path, Path]:
    """Builds the sdist and the wheel; returns their paths."""
    shutil.rmtree(PLACE / "dist", ignore_errors=True)
    subprocess.run([sys.executable, ROOT / "packaging" / "dist.py", PLACE / "dist"], check=True)
    (sdist,), (wheel,) = (PLACE / "dist").glob("*.tar.gz"), (PLACE / "dist").glob("*.whl")
    return sdist, wheel


def lowest() -> list[str]:
    """Returns the packages that kerash needs, each in the lowest version that it may have."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return [line.replace(">=", "==") for line in config["options"]["install_requires"].split()]


def installs_as_the_readme_says(venv: Venv, source: Path) -> None:
    """Types each line of README.md that installs, in the folder of the sources; raises Failed if that fails."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^    ((?:pip|pipx|uv tool) install \..*)$", text)
    assert [line.split()[0] for line in lines] == ["pipx", "uv", "pip"], lines
    venv.pip("pipx", "uv")
    for line in lines:
        venv.run(line, cwd=source)
        venv.run("kerash data iris | grep -q setosa")
        venv.run(line.replace("install .", "uninstall kerash").replace("pip uninstall", "pip uninstall --yes"))
        if left := [str(path) for path in (venv.programs / "kerash", venv.home / ".local/bin/kerash") if path.exists()]:
            raise Failed(f"{line}, then its removal, left {left}")


def prints_the_readme(venv: Venv, folder: Path) -> None:
    """Runs the commands that README.md shows; raises Failed if they print something else, or if a file is missing."""
    version = venv.run("kerash --version")
    if not re.fullmatch(r"kerash \S+\n", version):
        raise Failed(f"kerash --version printed:\n{version}")
    venv.run("kerash data | grep -q iris.csv && kerash completion zsh | grep -q kerash")
    share = venv.programs.parent / "share"
    for name in ("man/man1/kerash-train.1", "bash-completion/completions/kerash"):
        if not (share / name).exists():
            raise Failed(f"{name} is missing")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = pages.run(text, folder / "readme", kerash=f"env -u PYTHONPATH {quote(str(venv.programs / 'kerash'))}")
    if wrong := [str(command) for command in commands if not command.holds]:
        raise Failed("\n".join(["README.md:", *wrong]))


def follows_its_advice(venv: Venv, extra: str, trial: Trial) -> None:
    """Runs the command of an extra without it, then what its message says, then the command again."""
    for command in trial.alone or (trial.command,):
        said = venv.run(command, trial.code)
        advice = re.search(rf"pip install 'kerash\[{extra}\]'", said.splitlines()[-1])
        if advice is None or (trial.code == 2 and len(said.splitlines()) != 1):
            raise Failed(f"{command}\nwithout the extra {extra}, expected one line with what to install, got:\n{said}")
    venv.pip(f"kerash[{extra}]", *trial.beside)
    venv.run(trial.command)


@contextmanager
def step(words: str) -> Iterator[None]:
    """Prints a line about a step, with its time."""
    start = monotonic()
    yield
    print(f"{words} ({monotonic() - start:.0f} s)", flush=True)


def try_packages(python: str, folder: Path, sdist: Path, wheel: Path, check: bool) -> None:
    """Goes through all environments with one Python; raises Failed at the first thing that is wrong."""
    version = subprocess.check_output([python, "-c", "import sys; print(*sys.version_info[:2])"], text=True).split()
    minor = int(version[1])
    with step("sdist: make check" if check else "sdist: make run"):
        venv = Venv(folder / "unpacked", python)
        with tarfile.open(sdist) as archive:
            unpack(archive, venv.here)
        (source,) = venv.here.iterdir()
        venv.run(f"make {'run check' if check else 'run'} PYTHON={quote(str(venv.programs / 'python'))}", cwd=source)
    with step("sdist: pipx, uv, pip"):
        installs_as_the_readme_says(Venv(folder / "readme", python), source)
    for name, words in {"wheel": [str(wheel)], "sdist": [str(sdist)], "lowest": [str(wheel), *lowest()]}.items():
        if name == "lowest" and minor > 12:
            continue  # the lowest NumPy has wheels up to Python 3.12
        with step(f"{name}: README.md"):
            venv = Venv(folder / name, python)
            venv.pip(*words)
            prints_the_readme(venv, folder / name)
    made = Venv(folder / "all", python)
    with step(f"all: {', '.join(TRIALS)}"):
        made.pip(f"{wheel}[all]", *(name for trial in TRIALS.values() for name in trial.beside))
        made.run(MADE)
        files = shutil.copytree(made.here, folder / "files")
        for trial in TRIALS.values():
            made.run(trial.command)
    for extra, trial in TRIALS.items():
        if extra == "zstd" and minor >= 14:
            continue  # Python itself reads it
        with step(f"{extra}: docs/{trial.page}"):
            venv = Venv(folder / extra, python)
            shutil.copytree(files, venv.here, dirs_exist_ok=True)
            venv.pip(str(wheel))
            follows_its_advice(venv, extra, trial)


def main() -> int:
    """Returns 1 if something is wrong."""
    pythons = [word for word in sys.argv[1:] if word != "--check"] or [sys.executable]
    sdist, wheel = archives()
    for number, python in enumerate(pythons):
        print(subprocess.check_output([python, "--version"], text=True).strip(), flush=True)
        folder = PLACE / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            try_packages(python, folder, sdist, wheel, "--check" in sys.argv)
        except Failed as error:
            print(error, f"what was installed is in {folder}", sep="\n", file=sys.stderr)
            return 1
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
