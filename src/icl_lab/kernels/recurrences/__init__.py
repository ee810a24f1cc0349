"""Recurrences whose state is a matrix for each head, and elementwise ones, computed by matrix products in PyTorch.

`linear` (a decay, then an outer product is added), `delta` (what is read is overwritten) and `elementwise` are fast on
a CPU; `reference` holds the same recurrences token by token, which is their ground truth and their step form.
"""

from icl_lab.kernels.recurrences.delta import delta_rule, rank_one_recurrence
from icl_lab.kernels.recurrences.elementwise import elementwise_recurrence
from icl_lab.kernels.recurrences.linear import linear_recurrence
from icl_lab.kernels.recurrences.reference import delta_rule_step, linear_recurrence_step, rank_one_recurrence_step

__all__ = [
    "delta_rule",
    "delta_rule_step",
    "elementwise_recurrence",
    "linear_recurrence",
    "linear_recurrence_step",
    "rank_one_recurrence",
    "rank_one_recurrence_step",
]
