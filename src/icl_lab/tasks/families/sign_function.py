"""Function classes with two answers, -1 and 1; what such tasks share."""

from dataclasses import dataclass

from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.parts.objectives import Objective, Sign


@dataclass(frozen=True, kw_only=True)
class SignFunction(FunctionClass):
    """f(x) is -1 or 1, both equally likely; trained with the logistic loss, judged by the sign.

    Label noise is added to the -1 or 1 of the label token, and the sign of the sum is what is asked for: with standard
    deviation 1 it is the other one in 16% of the cases.
    """

    per = ""
    degree = 0

    @property
    def objective(self) -> Objective:
        return Sign()

    @property
    def function_variance(self) -> float:
        return 1.0

    @property
    def zero_error(self) -> float:
        return 0.5
