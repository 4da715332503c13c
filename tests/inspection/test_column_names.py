import pytest

from kerash_cli.inspection import names


@pytest.mark.parametrize(
    ("name", "words"),
    [("patientId", ["patient", "id"]), ("patient_id", ["patient", "id"]), ("ZIPCode", ["zip", "code"]),
     ("Unnamed: 0", ["unnamed", "0"]), ("", []), (None, []), ("p0_0", ["p", "0", "0"])],
)  # fmt: skip
def test_the_words_of_a_name(name: str | None, words: list[str]) -> None:
    assert names.parts(name) == words


@pytest.mark.parametrize("name", ["id", "ID", "sample_id", "Index", "Unnamed: 0", "userId"])
def test_names_of_ids(name: str) -> None:
    assert names.names_id(name)


@pytest.mark.parametrize("name", ["width", "humidity", "idle", "acid", "paid", "", None, "x"])
def test_other_names_are_none(name: str | None) -> None:
    assert not names.names_id(name)
    assert not names.names_group(name)
    assert not names.names_time(name)
    assert not names.names_code(name)


def test_names_of_groups_times_and_codes() -> None:
    assert names.names_group("Patient")
    assert names.names_group("customer_no")
    assert names.names_time("order_date")
    assert names.names_time("YEAR")
    assert names.names_code("zip")
    assert names.names_code("postal_code")
