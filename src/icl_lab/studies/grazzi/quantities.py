"""What the claims of Grazzi et al. 2024 are about: errors of a model on a part."""

from collections.abc import Mapping

from icl_lab.studies.quantities import Quantity
from icl_lab.studies.statements import AtMost, Statement


def error_of(part: str, model: str, first: int | None = None, last: int | None = None, shift: str = "") -> Quantity:
    """Error of a model over the zero error, after `first` to `last` examples; the whole prompt by default."""
    return Quantity(part=part, predictor=model, first=first, last=last, shift=shift)


def error_at(part: str, model: str, shown: int, shift: str = "") -> Quantity:
    """The same after one number of examples."""
    return error_of(part, model, shown, shown, shift)


LEARNED: Mapping[str, tuple[int, float, str]] = {
    # In distribution one direction of twenty is worth 0.63 of the error: on isotropic inputs half are asked for.
    "skewed": (40, 0.5, "isotropic"),
    "context_80": (40, 0.5, "isotropic"),
    "context_160": (40, 0.5, "isotropic"),
    "plain": (40, 0.5, ""),
    "sparse": (40, 0.5, ""),
    "relu": (100, 0.8, ""),
    "tree": (100, 0.7, ""),
}
"""Part -> after how many examples, below which error and under which shift a model has left the plateau."""


def learned(part: str, *models: str) -> tuple[Statement, ...]:
    """Premises: each of these models has left the plateau."""
    shown, bound, shift = LEARNED[part]
    return tuple(AtMost(quantity=error_at(part, model, shown, shift), bound=bound) for model in models)
