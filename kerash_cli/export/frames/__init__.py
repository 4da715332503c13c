"""The parts of programs that are the same for all models: a file for each language, with `@@ NAME` before each part."""

import re
from pathlib import Path


def parts(language: str) -> dict[str, str]:
    """Returns the parts of the programs in a language, by name."""
    text = (Path(__file__).parent / f"{language}.txt").read_text(encoding="utf-8")
    names_and_texts = re.split(r"^@@ (\S+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(names_and_texts[::2], names_and_texts[1::2], strict=True))
