"""The methods that a model is compared with: baselines in families, which differ within a family by their settings.

A family with settings takes part with the member that is nearest to the model on functions that then do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.base import ExampleBaseline
from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.baselines.gradient_descent import GradientDescent
from icl_lab.baselines.lasso import Lasso
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.baselines.lms import Lms
from icl_lab.baselines.nearest_neighbours import NearestNeighbours
from icl_lab.baselines.newton import Newton
from icl_lab.baselines.recursive_least_squares import RecursiveLeastSquares
from icl_lab.baselines.ridge import Ridge

STEPS = 24
"""Iterates of first-order methods, w_0 to w_23, as in Grazzi et al. 2024, figure 3d."""
NEWTON_STEPS = 28
"""The end for every spectrum here, 40 skewed examples included: about 2 log2 of the condition number of X^T X."""


@dataclass(frozen=True)
class Family:
    """Methods that differ by their settings.

    Args:
        name: The word for it in tables.
        members: The methods; the most usual first.
        shown: Numbers of steps that a heat map has a line for, where members differ by the steps of a method; of those
            with as many steps, which differ otherwise, the nearest has it.
    """

    name: str
    members: tuple[ExampleBaseline, ...]
    shown: tuple[int, ...] = ()


def families(largest: float = 1.0) -> tuple[Family, ...]:
    """Everything that a model is compared with.

    Args:
        largest: Typical largest eigenvalue of X^T X, the sum over all examples: gammas of GD++ are parts of its
            inverse, beside the published one.
    """
    gammas = (1.94e-4, *(float(f"{part / largest:.2g}") for part in (0.03, 0.1, 0.2, 0.3)))
    squarings = (0, 1, 3, 5, 7, 9, 12, 16, 20, 24, NEWTON_STEPS)
    rates = (0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
    steps, few, some = range(1, STEPS), range(1, 9), (1, 2, 4, 8, 16, 23)
    again = [GdPlusPlus(steps=s, gamma=g, damped="each_step") for g in gammas for s in steps]
    # From the simple to the elaborate: of two that are about as near, the first is named.
    return (
        Family("nothing", (GradientDescent(steps=0),)),
        Family("least squares", (LeastSquares(),)),
        Family("averaging", (Averaging(),)),
        Family("neighbours", tuple(NearestNeighbours(neighbours=k) for k in (3, 1, 5, 10))),
        Family("gradient descent", tuple(GradientDescent(steps=s) for s in steps), some),
        Family("descent, step 1/L", tuple(GradientDescent(steps=s, step_size="cautious") for s in steps)),
        Family("descent, own step", tuple(GradientDescent(steps=s, rate=r) for r in rates for s in few)),
        Family("GD++", tuple(GdPlusPlus(steps=s, gamma=g) for g in gammas for s in steps), some),
        Family("GD++, each step", tuple(again), some),
        Family("LMS", tuple(Lms(rate=r) for r in (0.5, 0.1, 0.2, 0.3, 0.7, 1.0))),
        Family("RLS", tuple(RecursiveLeastSquares(forgetting=f) for f in (0.98, 0.8, 0.9, 0.95, 0.99))),
        Family("Lasso", tuple(Lasso(strength=s) for s in (0.01, 0.003, 0.03, 0.1, 0.3))),
        Family("ridge", tuple(Ridge(strength=s) for s in (1.0, 0.01, 0.03, 0.1, 0.3, 3.0, 10.0, 30.0, 100.0))),
        Family("Newton", tuple(Newton(steps=s) for s in range(NEWTON_STEPS + 1)), squarings),
    )


def words(method: ExampleBaseline) -> str:
    """A method as a sentence says it.

    >>> words(Newton(steps=7)), words(GradientDescent(steps=1, rate=0.5))
    ('7 Newton iterations', '1 step of gradient descent (rate=0.5)')
    """
    if isinstance(method, GradientDescent) and method.steps == 0:
        return "nothing (0)"
    steps: dict[type[ExampleBaseline], tuple[str, str]] = {
        GradientDescent: ("step of gradient descent", "steps of gradient descent"),
        GdPlusPlus: ("step of GD++", "steps of GD++"),
        Newton: ("Newton iteration", "Newton iterations"),
    }
    if type(method) in steps:
        count = method.to_json()["steps"]
        rest, how = method.replace(steps=type(method)().to_json()["steps"]), ""
        if isinstance(rest, GdPlusPlus) and rest.damped == "each_step":
            rest, how = rest.replace(damped="once"), ", damped at each step"
        told = rest.short().partition("(")[2]
        return f"{count} {steps[type(method)][count != 1]}{how}" + (f" ({told}" if told else "")
    names = {
        Averaging: "averaging",
        NearestNeighbours: "nearest neighbours",
        Lms: "LMS",
        RecursiveLeastSquares: "recursive least squares",
        Lasso: "the Lasso",
        Ridge: "ridge regression",
        LeastSquares: "least squares",
    }
    settings = ", ".join(_settings(method))
    return names.get(type(method), method.spec_name()) + (f" ({settings})" if settings else "")


def _settings(method: ExampleBaseline) -> Sequence[str]:
    """The settings of a method, defaults included: who has not read the code does not know them."""
    return [
        f"{key}={value:g}"
        for key, value in method.to_json().items()
        if isinstance(value, int | float) and value is not True
    ]
