"""What the claims of Grazzi et al. 2024 are about: errors of a model on a part."""

from collections.abc import Mapping

from icl_lab.studies.judging.bounds import Bound
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement

ISOTROPIC = "isotropic"
"""What the paper's evaluator draws whatever a model was trained on: figures 1 and 10, captioned "skewed", are these."""
ORTHANTS, SMALL_INPUTS, SMALL_LABELS, NOISY = (
    f"isotropic(then={change})" for change in ("orthants", "scaled_inputs", "scaled_labels", "noisy_labels")
)


def error_of(part: str, model: str, first: int | None = None, last: int | None = None, shift: str = "") -> Quantity:
    """Error of a model over the zero error, after `first` to `last` examples; the whole prompt by default."""
    return Quantity(part=part, predictor=model, first=first, last=last, shift=shift)


def error_at(part: str, model: str, shown: int, shift: str = "") -> Quantity:
    """The same after one number of examples."""
    return error_of(part, model, shown, shown, shift)


def _after(shown: int, error: float, shift: str = "") -> Bound:
    return Bound(error=error, first=shown, last=shown, shift=shift)


LEARNED: Mapping[str, Bound] = {
    # In distribution one direction of twenty is worth 0.63 of the error: on isotropic inputs half are asked for.
    "skewed": _after(40, 0.5, "isotropic"),
    "context_80": _after(40, 0.5, "isotropic"),
    "context_160": _after(40, 0.5, "isotropic"),
    "plain": _after(40, 0.5),
    "sparse": _after(40, 0.5),
    "relu": _after(100, 0.8),
    "tree": _after(100, 0.7),
}
"""Part -> the relative error up to which it counts as learned, the same in every claim."""


def learned(part: str, *models: str) -> tuple[Statement, ...]:
    """Premises: each of these models has learned the part."""
    return tuple(LEARNED[part].by(part, model) for model in models)
