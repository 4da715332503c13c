"""Text for people."""

from operation_runs import A, matrix, run


def test_info_says_what_is_in_a_tensor() -> None:
    assert run("info", matrix([0, 4], [-2, 2])).splitlines() == [
        "sizes 2x2",
        "least -2",
        "greatest 4",
        "mean 1",
        "deviation 2.23606797749979",
        "zeros 1 of 4",
    ]


def test_a_picture_has_heat_only_where_it_is_asked_for() -> None:
    assert run("print", A).heat is None
    assert run("print", matrix([1, 2, 3]), words="--heat").heat.tolist() == [[[0, 0.5, 1]]]
    assert run("print", matrix([7, 7]), words="--heat").heat.tolist() == [[[0.5, 0.5]]]
    assert run("print", matrix([-1.7e308, 1.7e308]), words="--heat").heat.tolist() == [[[0, 1]]]
