"""A generator depends on its address and on nothing else."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from icl_lab.core.streams import Stream

NAMES = st.lists(st.text(max_size=4), max_size=3).map(tuple)


@given(seed=st.integers(), names=NAMES, step=st.integers(0, 10**9))
def test_the_same_address_draws_the_same_numbers(seed: int, names: tuple[str, ...], step: int) -> None:
    first = Stream(seed, names).generator(step).standard_normal(5)
    Stream(seed, names).generator(step + 1).standard_normal(3)
    np.random.seed(seed % 2**32)  # noqa: NPY002  the global generator must not matter
    again = Stream(seed).child(*names).generator(step).standard_normal(5)
    assert (first == again).all()


@given(a=st.tuples(st.integers(), NAMES, st.integers(0, 99)), b=st.tuples(st.integers(), NAMES, st.integers(0, 99)))
def test_different_addresses_draw_different_numbers(
    a: tuple[int, tuple[str, ...], int], b: tuple[int, tuple[str, ...], int]
) -> None:
    draws = [Stream(seed, names).generator(step).integers(2**63, size=2) for seed, names, step in (a, b)]
    assert (a == b) == bool((draws[0] == draws[1]).all())


def test_names_are_not_glued_together() -> None:
    glued, apart = Stream(0, ("ab", "c")), Stream(0, ("a", "bc"))
    assert glued.generator().integers(2**63) != apart.generator().integers(2**63)


def test_the_numbers_are_the_same_on_any_machine() -> None:
    # Written down once: a change here changes the prompts of every stored run.
    draws = Stream(7).child("train", "prompts").generator(3).integers(1000, size=4).tolist()
    assert draws == [829, 64, 893, 581]
    normal = Stream(7).child("train", "prompts").generator(3).standard_normal()
    assert float(normal).hex() == "-0x1.44828550b6027p-2"


def test_torch_generators_have_addresses_too() -> None:
    stream = Stream(1).child("weights")
    torch.rand(3)
    first = torch.rand(4, generator=stream.torch_generator(2))
    assert torch.equal(first, torch.rand(4, generator=stream.torch_generator(2)))
    assert not torch.equal(first, torch.rand(4, generator=stream.torch_generator(3)))
