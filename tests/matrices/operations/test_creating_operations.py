"""Random numbers."""

from operation_runs import run


def test_random_is_uniform_in_0_to_1_and_fresh_unless_there_is_a_seed() -> None:
    x = run("random", words="50 40 3")
    assert x.shape == (3, 40, 50)
    assert 0 <= x.min() < 0.01
    assert 0.99 < x.max() < 1
    assert abs(x.mean() - 0.5) < 0.02
    assert (x != run("random", words="50 40 3")).any()
    assert (run("random", words="3 3 3 --seed 0") == run("random", words="3 3 3 --seed=0")).all()
