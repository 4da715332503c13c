"""Cells that resizing adds."""

from operation_runs import A, run


def test_new_cells_of_a_resized_matrix_are_random_and_the_old_keep_their_order() -> None:
    (first, second) = (run("resize", A, words="3 2 1") for _ in range(2))
    assert first.shape == (1, 2, 3)
    assert first.ravel()[:4].tolist() == [1, -2, 3, 4]
    assert ((first.ravel()[4:] >= 0) & (first.ravel()[4:] < 1)).all()
    assert (first != second).any()
