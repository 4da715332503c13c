"""Text for people."""

from operation_runs import A, matrix, run


def test_a_picture_has_heat_only_where_it_is_asked_for() -> None:
    assert run("print", A).heat is None
    assert run("print", matrix([1, 2, 3]), words="--heat").heat.tolist() == [[[0, 0.5, 1]]]
    assert run("print", matrix([7, 7]), words="--heat").heat.tolist() == [[[0.5, 0.5]]]
    assert run("print", matrix([-1.7e308, 1.7e308]), words="--heat").heat.tolist() == [[[0, 1]]]
