"""The sets in data/ are what their authors published."""

import math
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
FILES = sorted(
    path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file() and path.name != "README.md"
)
SPLIT = ["iris", "wine", "breast_cancer", "digits", "diabetes"]
CLASSES = {
    "iris": {"setosa": 50, "versicolor": 50, "virginica": 50},
    "wine": {"1": 59, "2": 71, "3": 48},
    "breast_cancer": {"benign": 357, "malignant": 212},
    "digits": dict(zip("0123456789", [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], strict=True)),
    "parity3": {"0": 4, "1": 4},
    "spirals": {"0": 193, "1": 193},
}


def read(name: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = (line.split(",") for line in (DATA / f"{name}.csv").read_text(encoding="ascii").splitlines())
    return header, rows


@pytest.mark.parametrize(
    ("name", "rows", "columns", "target"),
    [
        ("iris", 150, 5, "species"),
        ("wine", 178, 14, "cultivar"),
        ("breast_cancer", 569, 31, "diagnosis"),
        ("digits", 1797, 65, "digit"),
        ("diabetes", 442, 11, "progression"),
        ("parity3", 8, 4, "parity"),
        ("spirals", 386, 3, "spiral"),
        ("square", 201, 2, "y"),
        ("pumps", 960, 9, "failed"),
    ],
)
def test_a_table_has_the_published_size_and_its_target_last(name: str, rows: int, columns: int, target: str) -> None:
    header, body = read(name)
    assert header[-1] == target
    assert len(set(header)) == columns
    assert [len(row) for row in body] == [columns] * rows


@pytest.mark.parametrize("name", CLASSES)
def test_a_table_has_the_published_number_of_samples_of_each_class(name: str) -> None:
    assert Counter(row[-1] for row in read(name)[1]) == CLASSES[name]


@pytest.mark.parametrize(
    ("name", "row", "values"),
    [
        ("iris", 1, "5.1,3.5,1.4,0.2,setosa"),
        ("iris", 35, "4.9,3.1,1.5,0.2,setosa"),  # Fisher's; UCI's file says 0.1
        ("iris", 38, "4.9,3.6,1.4,0.1,setosa"),  # Fisher's; UCI's file says 3.1,1.5
        ("iris", 150, "5.9,3,5.1,1.8,virginica"),
        ("wine", 1, "14.23,1.71,2.43,15.6,127,2.8,3.06,0.28,2.29,5.64,1.04,3.92,1065,1"),
        ("diabetes", 1, "59,2,32.1,101,157,93.2,38,4,4.8598,87,151"),
        ("diabetes", 442, "36,1,19.6,71,250,133.2,97,3,4.5951,92,57"),
    ],
)
def test_a_row_is_as_its_authors_printed_it(name: str, row: int, values: str) -> None:
    assert read(name)[1][row - 1] == values.split(",")


@pytest.mark.parametrize(
    ("name", "column", "lowest", "mean", "highest"),
    [
        ("iris", "petal_length", 1.0, 3.76, 6.9),
        ("wine", "alcohol", 11.03, 13.0, 14.83),
        ("wine", "proline", 278, 746, 1680),
        ("breast_cancer", "mean_radius", 6.981, 14.13, 28.11),
        ("breast_cancer", "worst_area", 185.2, 880.6, 4254),
        ("diabetes", "age", 19, 48.5, 79),
        ("diabetes", "progression", 25, 152.1, 346),
    ],
)
def test_a_column_has_the_published_range_and_mean(
    name: str, column: str, lowest: float, mean: float, highest: float
) -> None:
    header, rows = read(name)
    values = [float(row[header.index(column)]) for row in rows]
    assert (min(values), max(values)) == (lowest, highest)
    assert math.fsum(values) / len(values) == pytest.approx(mean, rel=1.5e-3)


def test_a_digit_is_an_image_of_8_by_8_pixels_from_0_to_16() -> None:
    header, rows = read("digits")
    assert header[:-1] == [f"p{row}_{column}" for row, column in product(range(8), repeat=2)]
    assert {value for row in rows for value in row} == {str(value) for value in range(17)}


def test_xor_is_that_of_2019_byte_for_byte() -> None:
    assert (DATA / "xor.data").read_bytes() == b"0,0\n0,1\n1,1\n1,0\n1,0\n"
    assert (DATA / "xor.label").read_bytes() == b"0\n1\n0\n1\n1\n"


def test_parity_is_the_exclusive_or_of_every_combination_of_three_bits() -> None:
    rows = {tuple(map(int, row)) for row in read("parity3")[1]}
    assert rows == {(a, b, c, a ^ b ^ c) for a, b, c in product((0, 1), repeat=3)}


def test_the_spirals_pass_through_the_points_worked_out_by_hand() -> None:
    rows = read("spirals")[1]
    assert rows[:2] == [["0", "6.5", "1"], ["0", "-6.5", "0"]]
    assert rows[32:34] == [["6", "0", "1"], ["-6", "0", "0"]]  # a quarter turn: 6.5 * 96 / 104
    assert rows[-2:] == [["0", "0.5", "1"], ["0", "-0.5", "0"]]  # three turns: 6.5 * 8 / 104


def test_the_spirals_mirror_each_other_and_close_in_evenly() -> None:
    points = [(float(x), float(y), spiral) for x, y, spiral in read("spirals")[1]]
    one, other = points[::2], points[1::2]
    assert [(-x, -y) for x, y, _ in one] == [(x, y) for x, y, _ in other]
    assert [math.hypot(x, y) for x, y, _ in one] == pytest.approx([6.5 - i / 32 for i in range(193)], abs=1e-5)


def test_the_square_is_exact_on_an_even_grid() -> None:
    rows = read("square")[1]
    assert [float(x) for x, _ in rows] == [i / 100 for i in range(-100, 101)]
    assert [round(float(y) * 10_000, 9) for _, y in rows] == [i * i for i in range(-100, 101)]


def test_the_pumps_are_80_in_each_of_12_weeks_and_only_those_that_failed_are_repaired() -> None:
    header, rows = read("pumps")
    assert header[:2] == ["pump", "week"]
    assert [(int(week), int(pump)) for pump, week, *_ in rows] == [*product(range(1, 13), range(1, 81))]
    assert len({(pump, kind, age) for pump, _, kind, age, *_ in rows}) == 80
    assert all((hours != "0") == (failed == "yes") for *_, hours, failed in rows)


def test_a_twentieth_of_the_temperatures_is_not_measured_and_the_others_are_about_58() -> None:
    header, rows = read("pumps")
    values = [float(row[header.index("temperature")]) for row in rows]
    measured = [value for value in values if value != -999]
    assert len(values) - len(measured) == pytest.approx(960 / 20, abs=3 * math.sqrt(960 * 0.05 * 0.95))
    assert math.fsum(measured) / len(measured) == pytest.approx(58, abs=3 * 6 / math.sqrt(len(measured)))


@pytest.mark.parametrize("name", SPLIT)
def test_every_row_belongs_to_one_fold_in_each_of_five_repetitions(name: str) -> None:
    header, folds = read(f"splits/{name}")
    assert header == [f"repetition{r}" for r in range(1, 6)]
    assert len(folds) == len(read(name)[1])
    assert {fold for row in folds for fold in row} == set("01234")
    assert len({tuple(column) for column in zip(*folds, strict=True)}) == 5


@pytest.mark.parametrize("name", SPLIT)
def test_folds_are_equal_within_one_row_in_all_and_in_each_class(name: str) -> None:
    labels = [row[-1] if name in CLASSES else "" for row in read(name)[1]]
    for folds in zip(*read(f"splits/{name}")[1], strict=True):
        assert spread(Counter(folds)) <= 1
        for label in set(labels):
            assert spread(Counter(fold for fold, own in zip(folds, labels, strict=True) if own == label)) <= 1


def spread(sizes: Counter[str]) -> int:
    return max(sizes[fold] for fold in "01234") - min(sizes[fold] for fold in "01234")


def test_the_splits_rule_can_be_followed_by_hand() -> None:
    order = sorted(range(1, 51), key=lambda row: sha256(f"iris 1 {row}".encode()).hexdigest())  # setosa comes first
    assert [read("splits/iris")[1][row - 1][0] for row in order] == list("01234" * 10)


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_small_plain_text_and_named_in_the_readme(file: str) -> None:
    content = (DATA / file).read_bytes()
    assert len(content) < 1_000_000
    assert content.isascii()
    assert content.endswith(b"\n")
    assert b"\r" not in content
    assert f"`{file}`" in (DATA / "README.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_the_files_can_be_made_again_byte_for_byte(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    subprocess.run([sys.executable, ROOT / "benchmarks" / "make_data.py", tmp_path], check=True)
    made = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {file: (DATA / file).read_bytes() for file in FILES}
