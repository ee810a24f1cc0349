"""What every learning-rate schedule keeps."""

import pytest

from icl_lab.training.schedules.base import SCHEDULES, Schedule, settle

TOTALS = (1, 2, 3, 7, 10, 99, 1000)


@pytest.fixture(params=SCHEDULES.names())
def schedule(request: pytest.FixtureRequest) -> Schedule:
    return SCHEDULES.get(request.param)()


def variants(schedule: Schedule) -> list[Schedule]:
    """The schedule with its decay over none, parts and all of the run, where it has one."""
    if not hasattr(schedule, "decay"):
        return [schedule]
    return [schedule.replace(decay=decay) for decay in (0.0, 0.1, 0.3, 0.5, 1.0)]


def test_the_factor_is_one_on_the_plateau_and_falls_after_it_but_never_to_zero(schedule: Schedule) -> None:
    for variant in variants(schedule):
        for total in TOTALS:
            factors = [variant.factor(step, total) for step in range(total)]
            plateau = variant.plateau(total)
            assert 0 <= plateau <= total
            assert factors[: plateau + 1] == [1.0] * len(factors[: plateau + 1])
            assert all(0 < later <= earlier for earlier, later in zip(factors, factors[1:], strict=False))
            assert all(factor < 1 for factor in factors[plateau + 1 :])


def test_a_total_that_was_estimated_and_then_settled_gives_the_rates_of_that_total_from_the_start(
    schedule: Schedule,
) -> None:
    for variant in variants(schedule):
        # Estimates that jump up and down, as those of a busy machine do.
        for estimates in ([100] * 100, [60, 80, 40, 100, 30] * 20, [200 - 3 * step for step in range(100)]):
            step, taken, total = 0, [], None
            while total is None or step < total:
                estimate = max(estimates[min(step, 99)], step, 1)
                total = settle(variant, step, estimate) if total is None else total
                if total is not None and step >= total:
                    break
                taken.append(variant.factor(step, total or estimate))
                step += 1
            assert taken == [variant.factor(step, total) for step in range(total)]


def test_it_survives_json(schedule: Schedule) -> None:
    assert Schedule.from_json(schedule.to_json()) == schedule
