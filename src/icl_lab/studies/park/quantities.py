"""What the claims of Park et al. 2024 are about: errors of a model on a part."""

from icl_lab.studies.judging.bounds import Bound
from icl_lab.studies.judging.inequalities import AtMost, Below
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.park.plans import HALF, ORTHOGONAL, PLANS

TOLERANCE = 0.05
"""Distance, in zero errors, within which two learning curves count as equal."""
LAST = {plan.name: plan.task.length - 1 for plan in PLANS}
KNOWN, RECALLED = 0.95, 0.01
"""Accuracy from which on parity is learned, relative error up to which vectors are recalled."""


SETTLED = 0.02
"""Part of its error that a model may still lose in the last third of its training and count as having arrived."""


def _in_the_end(part: str, error: float, points: int = 1) -> Bound:
    return Bound(error=error, first=LAST[part] - points + 1, last=LAST[part])


LEARNED = {
    "linear_regression": _in_the_end("linear_regression", 0.5),
    "sparse_linear_regression": _in_the_end("sparse_linear_regression", 0.5),
    "two_layer_relu": _in_the_end("two_layer_relu", 0.8),
    "decision_tree": _in_the_end("decision_tree", 0.7),
    ORTHOGONAL: _in_the_end(ORTHOGONAL, 0.5),
    HALF: _in_the_end(HALF, 0.5),
    # One prompt in ten is asked at any one place.
    "many_outlier_regression": _in_the_end("many_outlier_regression", 0.5, points=64),
    "chain_of_thought": _in_the_end("chain_of_thought", 0.1),
    # Guessing is wrong half of the time.
    "sparse_parity": Bound(error=round(2 * (1 - KNOWN), 3), first=40),
    "vector_mqar": Bound(error=RECALLED),
    # Counting what follows one symbol gives 0.19.
    "regular_languages": Bound(error=0.19),
}
"""Part -> the relative error up to which it counts as learned, the same in every claim."""


def error_of(part: str, model: str, first: int | None = None, last: int | None = None) -> Quantity:
    """Error of a model over the zero error, after `first` to `last` examples; the whole prompt by default."""
    return Quantity(part=part, predictor=model, first=first, last=last)


def error_at(part: str, model: str, shown: int) -> Quantity:
    """The same after one number of examples."""
    return error_of(part, model, shown, shown)


def learned(part: str, *models: str) -> tuple[Statement, ...]:
    """Premises: each of these models has learned the part."""
    return tuple(LEARNED[part].by(part, model) for model in models)


def settled(part: str, *models: str) -> tuple[Statement, ...]:
    """Premises: the error of each of these models has stopped falling, without which where it ends means nothing."""
    return tuple(
        AtMost(quantity=Quantity(part=part, predictor=model, what="late fall"), bound=SETTLED) for model in models
    )


def on_par(part: str, model: str, other: str, premises: tuple[Statement, ...] = ()) -> Statement:
    """A learning curve that is not above another one's by more than the tolerance, over the whole prompt."""
    return Below(quantity=error_of(part, model), other=error_of(part, other), by=-TOLERANCE, premises=premises)
