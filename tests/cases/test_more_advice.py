"""Advice that no other situation follows: each command is pasted, ends well, and leaves all files as they were."""

import pytest
from conftest import Situation

NUMBERS = "".join(f"{number},{number % 3},{number % 2}\n" for number in range(12))
TRAIN = "kerash train c.model t.csv --target y -o m.kerash --epochs 2"

TABLES = {
    "a blank before a quote": "a,b,y\n" + NUMBERS.replace(",0\n", ', "0"\n'),
    "a word that recurs": "a,b,y\n" + NUMBERS.replace(",2,", ",left blank,"),
    "days or months": "a,b,y\n"
    + NUMBERS.replace(",2,", ",02/02/2024,").replace(",1,", ",1/2/2024,").replace(",0,", ",3/4/2024,"),
    "a quote that ends too early": "a,b,y\n"
    + NUMBERS.replace(",2,", ',"red" one,').replace(",1,", ",blue,").replace(",0,", ",blue,"),
}


@pytest.mark.parametrize("name", TABLES)
def test_advice_about_a_table_is_followed(situation: Situation, name: str) -> None:
    situation.write("t.csv", TABLES[name])
    situation.follow(situation.refused(TRAIN))


def test_a_header_in_other_letters_is_followed(situation: Situation) -> None:
    situation.write("t.csv", "a,b,y\n" + NUMBERS)
    situation.right(TRAIN)
    situation.write("u.csv", "A,B\n1,2\n3,4\n")
    done = situation.follow(situation.refused("kerash predict m.kerash u.csv"))
    assert len(done.out.splitlines()) == 2
