"""Marks: a row of errors as three words, as table 1 of Park et al. 2024 has them.

The gain of a model is what its mean relative error over the whole prompt is below 1, the zero predictor's. The paper
gives no thresholds; ours were fixed before anything was run: at least 0.95 of the best model's gain is "ok", less than
a quarter of it is "fail", and so is everyone where the best has less than a tenth. Where nobody has learned the task,
by the bound that its claims have, there are no marks.
"""

from collections.abc import Mapping, Sequence

from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.base import Mark
from icl_lab.studies.judging.bounds import Bound
from icl_lab.studies.judging.quantities import Quantity, measure

ON_PAR, LEARNS = 0.95, 0.25
LEAST = 0.1
"""Gain of the best model below which nobody has learned anything."""


def marks(
    part: str, models: Sequence[str], parts: Mapping[str, Comparison], learned: Bound | None = None
) -> dict[str, tuple[Mark, ...]]:
    """The marks of each model that was measured, one for each training.

    Args:
        part: The part.
        models: Labels of the models among which the best is looked for.
        parts: Part -> its comparison with its records.
        learned: From which error on the part counts as learned; where no training reaches it nobody has a mark.
    """
    if learned and not any(_has_learned(learned, part, model, parts) for model in models):
        return {}
    gains = {model: [1 - one.value for one in measure(Quantity(part=part, predictor=model), parts)] for model in models}
    best = max((sum(gain) / len(gain) for gain in gains.values() if gain), default=0.0)
    return {model: tuple(mark(one, best) for one in gain) for model, gain in gains.items() if gain}


def _has_learned(learned: Bound, part: str, model: str, parts: Mapping[str, Comparison]) -> bool:
    return any(one.value <= learned.error for one in measure(learned.quantity(part, model), parts))


def mark(gain: float, best: float) -> Mark:
    """The mark of one gain beside the best one.

    >>> mark(0.96, 1.0), mark(0.5, 1.0), mark(0.1, 1.0)
    ('ok', 'gap', 'fail')
    """
    if best < LEAST or gain < LEARNS * best:
        return "fail"
    return "ok" if gain >= ON_PAR * best else "gap"
