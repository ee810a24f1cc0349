"""Accuracies and their differences as text."""

from icl_lab.report.estimate import Estimate


def share(estimate: Estimate | None, *, signed: bool = False) -> str:
    """An accuracy with its interval, or a difference of two with its sign.

    >>> share(Estimate(0.5, 0.42, 0.571)), share(Estimate(1.0)), share(None)
    ('0.50 (0.42 to 0.57)', '1.00', '-')
    >>> share(Estimate(0.5, 0.42, 0.571), signed=True)
    '+0.50 (+0.42 to +0.57)'
    """
    if estimate is None or estimate.value is None:
        return "-"
    form = "+.2f" if signed else ".2f"
    if estimate.low is None or estimate.high is None:
        return format(estimate.value, form)
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"
