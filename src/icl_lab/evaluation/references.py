"""Baselines as a task wants them: what is told of the task comes from the task.

A baseline may be told what the functions of a task are: how many signs a parity multiplies, which pool weights come
from. A task gives these settings in its `baselines`; told something else, the same baseline is about other prompts.
"""

from collections.abc import Mapping
from functools import cache

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.short_form import from_short, short_settings
from icl_lab.tasks.base import Task


def baseline_for(task: Task, text: str, settings: Mapping[str, str] | None = None) -> Baseline:
    """The baseline that a text names, with the task's own settings wherever the text is silent.

    Args:
        task: What it is to be compared on.
        text: `"ridge"` or `"n_gram(order=2)"`.
        settings: More of them, field -> text; these and those of the text hold whatever the task says.

    Raises:
        UnknownName: There is no such baseline.
        UserError: A setting is unknown or outside its range, or the task has more coordinates than this can do.
    """
    named = from_short(BASELINES, text)
    own = _own(task)
    # One of several of a kind by its own words; otherwise the first, which is the strongest.
    alike = [one for one in own if one.spec_name() == named.spec_name()]
    start = named if named in own else next(iter(alike), named)
    chosen = start if start is named else start.override(short_settings(text))
    assert isinstance(chosen, Baseline)
    told = chosen.override(settings or {})
    if task.d_token:
        told.check_dim(task.d_token)
    return told


def refuse_other_task(predictor: Predictor, task: Task) -> None:
    """Refuse a baseline that was told of other prompts than those of a task.

    Raises:
        UserError: The task gives another value to a field that says what the task is.
    """
    if not isinstance(predictor, Baseline):
        return
    for field in predictor.told:
        values = [getattr(one, field) for one in _own(task) if one.spec_name() == predictor.spec_name()]
        told = getattr(predictor, field)
        if values and told not in values:
            raise UserError(
                f"the baseline {predictor.label} is about other prompts: {task.spec_name()} here has "
                f"{field}={values[0]}, it was told {told}; give it {field}={values[0]}"
            )


@cache
def _own(task: Task) -> tuple[Baseline, ...]:
    """The baselines that a task names."""
    return tuple(from_short(BASELINES, text) for text in task.baselines)
