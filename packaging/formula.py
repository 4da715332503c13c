"""Fills in the Homebrew formula for a release: `make formula URL=… HOMEPAGE=…` writes dist/kerash.rb.

    python packaging/formula.py SDIST URL HOMEPAGE

URL is where the file SDIST can be fetched. uv chooses the newest versions of all packages that kerash needs, and knows
where their sdists are and their digests; what is a formula of Homebrew itself needs no resource.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from configparser import ConfigParser
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FORMULA = ROOT / "packaging" / "homebrew" / "kerash.rb"


def main() -> None:
    """Prints the whole formula."""
    sdist, url, homepage = sys.argv[1:]
    if not (url.startswith("https://") and url.endswith(f"/{Path(sdist).name}")):  # Homebrew finds the version in it
        sys.exit(f"expected URL=https://…/{Path(sdist).name}, got {url!r}")
    if not homepage.startswith("https://"):
        sys.exit(f"expected HOMEPAGE=https://…, got {homepage!r}")
    print(filled(FORMULA.read_text(encoding="utf-8"), Path(sdist), url, homepage, locked()), end="")


def filled(text: str, sdist: Path, url: str, homepage: str, packages: list[dict[str, Any]]) -> str:
    """Returns the formula with all that the template has only words for."""
    own = set(re.findall(r'depends_on "([\w@.-]+)"', text))
    resources = "\n\n".join(resource(package) for package in packages if package["name"] not in own)
    values = {"URL": url, "HOMEPAGE": homepage, "SHA256": sha256(sdist.read_bytes()).hexdigest()}
    body = text[text.index("class ") :].replace("  # @RESOURCES@", resources)
    return re.sub(r"@([A-Z0-9]+)@", lambda word: values[word[1]], body)


def locked() -> list[dict[str, Any]]:
    """Returns the packages that kerash needs, and those that they need, with their sdists, by name."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    python = re.search(r'depends_on "python@([\d.]+)"', FORMULA.read_text(encoding="utf-8"))
    assert python
    with tempfile.TemporaryDirectory() as folder:
        wanted, lock = Path(folder, "wanted.in"), Path(folder, "pylock.toml")
        wanted.write_text(config["options"]["install_requires"], encoding="utf-8")
        words = ["uv", "pip", "compile", "--quiet", "--python-version", python[1], wanted, "--output-file", lock]
        subprocess.run([*words, "--format", "pylock.toml"], check=True)
        packages: list[dict[str, Any]] = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    return sorted(packages, key=lambda package: package["name"])


def resource(package: dict[str, Any]) -> str:
    """Returns the block of a package in the formula."""
    sdist = package["sdist"]
    return (
        f'  resource "{package["name"]}" do\n    url "{sdist["url"]}"\n    sha256 "{sdist["hashes"]["sha256"]}"\n  end'
    )


if __name__ == "__main__":
    main()
