"""What the claims of Grazzi et al. 2024 are about: errors of a model on a part."""

from icl_lab.studies.quantities import Quantity
from icl_lab.studies.statements import AtMost, Statement


def error_of(part: str, model: str, first: int | None = None, last: int | None = None, shift: str = "") -> Quantity:
    """Error of a model over the zero error, after `first` to `last` examples; the whole prompt by default."""
    return Quantity(part=part, predictor=model, first=first, last=last, shift=shift)


def error_at(part: str, model: str, shown: int, shift: str = "") -> Quantity:
    """The same after one number of examples."""
    return error_of(part, model, shown, shown, shift)


def learned(part: str, *models: str, shown: int = 40, bound: float = 0.5) -> tuple[Statement, ...]:
    """Premises: each of these models has left the plateau."""
    return tuple(AtMost(quantity=error_at(part, model, shown), bound=bound) for model in models)
