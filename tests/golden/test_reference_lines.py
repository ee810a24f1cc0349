"""The oracle and the Bayes vote reach the known lines of the tasks of Park et al. 2024 that have such lines.

The lines were computed elsewhere, from the constants of the tasks: they prove sampler, prompts and baseline together.
"""

import pytest

from icl_lab.baselines.base import BASELINES
from icl_lab.core.streams import Stream
from icl_lab.published.lines import ReferenceLine, reference_lines
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.outliers import OutlierRegression

PROMPTS = 512
ROUNDING = 1e-3  # of the simulated lines: a deviation of 0.15 over 10^5 draws, twice


@pytest.mark.parametrize("line", reference_lines(), ids=lambda line: line.task)
def test_a_reference_line_is_reached(line: ReferenceLine) -> None:
    task = TASKS.get(line.task)()
    prompts = task.sample(Stream(0, ("golden",)), 0, PROMPTS)
    errors = task.error(BASELINES.get(line.label)().predict(prompts), prompts)
    for shown, value in zip(line.shown.tolist(), line.value.tolist(), strict=True):
        there = errors[:, shown]
        there = there[~there.isnan()]
        # 4 standard errors; of 30 points fewer than one in 500 right implementations would see one outside. Where the
        # line is at its end, a single prompt in 500 may be off by as much as one in 10,000 prompts is.
        allowed = 4 * there.std() / len(there) ** 0.5 + ROUNDING
        assert abs(there.mean() - value) < allowed, shown
    whole = errors.nanmean(1)
    # The mean over all places strays by a few parts in 1,000 and sees what no single place does; 4 standard errors.
    assert abs(errors.nanmean() - line.mean) < 4 * whole.std() / PROMPTS**0.5


@pytest.mark.parametrize("name", ["orthogonal_outlier_regression", "many_outlier_regression"])
def test_the_closed_form_is_the_reference_line(name: str) -> None:
    task = TASKS.get(name)()
    assert isinstance(task, OutlierRegression)
    (line,) = (line for line in reference_lines() if line.task == name)
    expected = [task.expected_clean_least_squares(shown) for shown in range(task.length)]
    for shown, value in zip(line.shown.tolist(), line.value.tolist(), strict=True):
        # The lines are simulated: 4 standard errors of 10^5 draws with a deviation of 0.15.
        assert expected[shown] == pytest.approx(value, abs=2e-3)
    # An error of 1 - m / 20 lasts for 1 / (1 - p) places on average, m = 0 ... 19: the sum over all places is exact.
    total = sum(1 - m / 20 for m in range(20)) / (1 - task.outlier_fraction)
    assert sum(expected) == pytest.approx(total, rel=1e-6)
    assert total / task.length == pytest.approx(line.mean, rel=3e-3)  # simulated
