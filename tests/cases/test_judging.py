"""Judging a model: the rows that it was trained on, and rows kept for validation."""

import shutil

import numpy as np
import pytest
from conftest import Situation, errors


@pytest.fixture
def classes(situation: Situation) -> Situation:
    """With m.kerash, a good model of classes, and its table a.csv."""
    situation.table("a.csv", "a,y", [f"{i},{'high' if i > 29 else 'low'}" for i in range(59)])
    situation.right("kerash train c.model a.csv --target y -o m.kerash --epochs 500 -q")
    return situation


TRAINED_ON = {
    "the file itself": "cp a.csv b.csv",
    "a copy in another place": "mkdir sub; cp a.csv sub/a.csv; cp sub/a.csv b.csv",
    "some of its rows": "head -n 20 a.csv >b.csv",
    "some of its rows, in another order": "(head -n 1 a.csv; tail -n 20 a.csv | tac) >b.csv",
    "its rows and others": "(cat a.csv; echo 100,low; echo 200,high) >b.csv",
}


@pytest.mark.parametrize("name", TRAINED_ON)
def test_rows_that_the_model_was_trained_on_are_said(classes: Situation, name: str) -> None:
    if "tac" in TRAINED_ON[name] and shutil.which("tac") is None:
        pytest.skip("tac is not installed")
    classes.right(TRAINED_ON[name])
    done = classes.right("kerash evaluate m.kerash b.csv")
    assert len([line for line in done.err.splitlines() if "trained on" in line]) == 1
    assert "trained on" not in done.out


def test_rows_that_come_through_a_pipe_are_known_as_well(classes: Situation) -> None:
    assert "trained on" in classes.right("kerash evaluate m.kerash - <a.csv").err


def test_rows_with_labels_of_a_file_of_their_own_are_known_as_well(situation: Situation) -> None:
    situation.table("d.csv", "a,b", [f"{i},{i * i}" for i in range(12)])
    situation.table("l.csv", "y", ["pq"[i % 2] for i in range(12)])
    situation.right("kerash train c.model d.csv l.csv -o m.kerash --epochs 5 -q")
    assert "trained on" in situation.right("kerash evaluate m.kerash d.csv l.csv").err


def test_rows_that_the_model_never_saw_need_no_word(classes: Situation) -> None:
    classes.table("b.csv", "a,y", [f"{i}.5,{'high' if i > 29 else 'low'}" for i in range(59)])
    assert "trained on" not in classes.right("kerash evaluate m.kerash b.csv").err


def test_nothing_is_said_in_quiet(classes: Situation) -> None:
    assert classes.right("kerash evaluate m.kerash a.csv -q").err == ""


@pytest.mark.parametrize("words", ["--validation-data b.csv", "--validate-on b.csv", "--validation last"])
def test_rows_to_validate_can_be_chosen_or_an_error_says_how(situation: Situation, words: str) -> None:
    situation.table("a.csv", "a,y", [f"{i},{i}" for i in range(59)])
    situation.table("b.csv", "a,y", [f"{i},{i}" for i in range(59, 80)])
    done = situation.run(f"kerash train r.model a.csv --target y -o n.kerash --epochs 2 {words}")
    if done.code:
        assert done.code == 2
        followed = situation.follow(done)
        assert "--validation" in followed.out or (situation.folder / "n.kerash").exists()


MATRICES = {
    "blanks": ("m.txt", "1 2 3\n4 5 6\n"),
    "commas": ("m.csv", "1,2,3\n4,5,6\n"),
    "tabs": ("m.tsv", "1\t2\t3\n4\t5\t6\n"),
    "numpy.savetxt": ("m.dat", "1.000000e+00 2.000000e+00 3.000000e+00\n4.000000e+00 5.000000e+00 6.000000e+00\n"),
}


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("pipe", ["", "cat {} | "])
def test_rows_of_numbers_are_a_matrix_or_an_error_shows_the_way(situation: Situation, name: str, pipe: str) -> None:
    file, text = MATRICES[name]
    situation.write(file, text)
    done = situation.run(f"{pipe.format(file)}kerash matrix transpose {'-' if pipe else file}")
    if done.code:
        done = situation.follow(done, f"cat {file}")
    numbers = np.array(done.out.split(), float)
    assert numbers[-6:].tolist() == [1, 4, 2, 5, 3, 6]


def test_rows_of_numbers_that_are_not_alike_are_no_matrix(situation: Situation) -> None:
    situation.write("m.txt", "1 2 3\n4 5\n")
    done = situation.run("kerash matrix transpose m.txt")
    assert done.code in (1, 2)
    assert "m.txt" in errors(done)[0]
