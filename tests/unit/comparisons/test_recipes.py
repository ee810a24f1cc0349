"""What a study asks of a training."""

import re

import pytest

from icl_lab.comparisons.recipes import SMALL, steps_of
from icl_lab.core.errors import UserError
from icl_lab.training.budgets.seconds import Seconds
from icl_lab.training.budgets.steps import Steps


def test_a_budget_that_is_not_in_steps_is_refused_with_words_that_help() -> None:
    timed = SMALL.replace(budget=Seconds(amount=60.0))
    with pytest.raises(UserError, match=r"needs a budget in steps, got seconds\(amount=60\): say ") as refused:
        steps_of(timed)
    advice = re.search(r"training\.(\w+)=(\S+)$", str(refused.value))
    assert advice is not None
    assert steps_of(timed.override({advice[1]: advice[2]})) == 1600


def test_steps_are_those_of_the_budget() -> None:
    assert steps_of(SMALL.replace(budget=Steps(amount=7))) == 7
