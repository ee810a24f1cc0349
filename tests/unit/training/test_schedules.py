"""Schedules against their closed forms."""

import math

import pytest

from icl_lab.training.schedules.base import warmup_factor
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.schedules.cosine import Cosine
from icl_lab.training.schedules.linear import Linear


def test_linear_falls_in_a_straight_line_over_the_last_part() -> None:
    factors = [Linear(decay=0.4).factor(step, 10) for step in range(10)]
    assert factors == [1, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25]


def test_cosine_over_all_of_the_run_is_the_published_one() -> None:
    # Cosine annealing to zero with T_max = 500,001 (Grazzi et al. 2024).
    total = 500_001
    for step in (0, 1, 1000, 250_000, 500_000):
        published = 0.5 * (1 + math.cos(math.pi * step / total))
        assert Cosine().factor(step, total) == published  # the same expression, so the same bits


def test_cosine_over_a_part_is_half_way_down_half_way_through() -> None:
    # 60 to 100, middle 80; cos(pi/2) is 6e-17 in float64.
    assert Cosine(decay=0.4).factor(80, 100) == pytest.approx(0.5, abs=1e-15)


def test_constant_stays() -> None:
    assert {Constant().factor(step, 50) for step in range(50)} == {1.0}


def test_warm_up_rises_in_a_straight_line() -> None:
    assert [warmup_factor(step, 5) for step in range(6)] == [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    assert warmup_factor(0, 0) == 1.0
