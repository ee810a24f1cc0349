"""The search over whole numbers, against trying them all."""

from hypothesis import given
from hypothesis import strategies as st

from icl_lab.comparisons.search import closest


@given(
    power=st.floats(0.5, 3),
    scale=st.integers(1, 50),
    step=st.integers(1, 16),
    target=st.integers(1, 10**6),
    start=st.integers(1, 300),
)
def test_it_finds_what_trying_all_finds(power: float, scale: int, step: int, target: int, start: int) -> None:
    asked: list[int] = []

    def value(n: int) -> int | None:
        asked.append(n)
        return None if n % step else scale * round(n**power) + 7

    found = closest(value, target, start=start, largest=300)
    assert len(asked) == len(set(asked))
    assert found is not None
    everything = [n for n in range(1, 301) if n % step == 0]
    best = min(abs(value(n) - target) for n in everything)
    assert abs(value(found) - target) == best


def test_a_power_law_takes_few_evaluations() -> None:
    asked: list[int] = []

    def value(n: int) -> int:
        asked.append(n)
        return 24 * n * n + 300 * n

    assert closest(value, 24 * 137**2 + 300 * 137 + 1, start=64, largest=4096) == 137
    # The start, two guesses by the power law, and the neighbour that shows that there is no better one.
    assert len(asked) <= 5


def test_a_function_that_does_not_grow_ends_the_search() -> None:
    assert closest(lambda n: 5, 100, start=10, largest=1000) is not None
    assert closest(lambda n: 0, 100, start=10, largest=1000) == 10
    assert closest(lambda n: None, 100, start=10, largest=50) is None
