"""A half-cosine decay to zero (Loshchilov & Hutter 2017, equation 5, one period; Grazzi et al. 2024, appendix A)."""

import math
from dataclasses import dataclass

from icl_lab.core.bounds import Fraction
from icl_lab.training.schedules.base import SCHEDULES, Schedule


@SCHEDULES.register
@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """1, then down to 0 along half a cosine.

    Args:
        decay: Part of the run, at its end, over which the rate falls; all of it by default, as published.
    """

    formula = "(1 + cos(pi * (step - start) / (total - start))) / 2 after start = (1 - decay) * total"

    decay: Fraction = 1.0

    def plateau(self, total: int) -> int:
        return int((1 - self.decay) * total)

    def factor(self, step: int, total: int) -> float:
        start = self.plateau(total)
        return 1.0 if step <= start else (1 + math.cos(math.pi * (step - start) / (total - start))) / 2
