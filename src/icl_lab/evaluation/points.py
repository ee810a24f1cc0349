"""Which points of a learning curve are told apart: milestones, and the prefixes at which a slow baseline is asked."""

import numpy as np
from jaxtyping import Bool

from icl_lab.tasks.base import Task
from icl_lab.tasks.families.function_class import FunctionClass

EVERY = 10
"""A baseline that refits is asked after each number of examples up to this one ..."""
RATIO = 1.15
"""... and from there on after at least this many times as many examples as the time before."""

Scored = Bool[np.ndarray, " length"]


def milestones(task: Task, scored: Scored | None = None) -> tuple[int, ...]:
    """After how many examples tables hold errors: twice the dimension, where the prompt is longer, and the end.

    Args:
        task: Whose prompts are evaluated.
        scored: Whether anything is asked after i examples; where nothing is, the last point before it counts.
    """
    end = task.length - 1
    wanted = [2 * task.num_active, end] if isinstance(task, FunctionClass) else [end]
    if scored is None:
        return tuple(sorted({min(shown, end) for shown in wanted}))
    asked = np.flatnonzero(scored)
    if not asked.size:
        return ()
    return tuple(sorted({int(asked[asked <= shown].max(initial=asked[0])) for shown in wanted}))


def thinned(scored: Scored, always: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The prefixes at which a baseline that refits is asked; the curve is a straight line between them.

    >>> thinned(np.ones(41, dtype=bool))[10:]
    (10, 12, 14, 17, 20, 23, 27, 32, 37, 40)
    """
    asked = np.flatnonzero(scored)
    if not asked.size:
        return ()
    chosen = {int(asked[0]), int(asked[-1]), *always}
    latest = -1
    for shown in asked.tolist():
        if shown <= EVERY or shown >= RATIO * latest:
            chosen.add(shown)
            latest = shown
    return tuple(sorted(chosen))
