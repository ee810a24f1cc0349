"""Which points of a learning curve are told apart: milestones, and the prefixes at which a slow baseline is asked."""

import numpy as np
from jaxtyping import Bool, Shaped

from icl_lab.tasks.base import Task

EVERY = 10
"""A baseline that refits is asked after each number of examples up to this one ..."""
RATIO = 1.15
"""... and from there on after at least this many times as many examples as the time before."""

Scored = Bool[np.ndarray, " length"]


def milestones(task: Task, scored: Shaped[np.ndarray, " length"] | None = None) -> tuple[int, ...]:
    """After how many examples tables hold errors: the task's milestones, none beyond the end of the prompt.

    Args:
        task: Whose prompts are evaluated.
        scored: In how many prompts something is asked after i examples, or whether it is in any. Where this is in fewer
            than half as many as at the best point, the last point before it counts: a mean over the few prompts that
            are so long says little.
    """
    end = task.length - 1
    wanted = {min(shown, end) for shown in task.milestones}
    if scored is None:
        return tuple(sorted(wanted))
    asked = np.flatnonzero((scored > 0) & (2 * scored.astype(int) >= scored.max(initial=0)))
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
