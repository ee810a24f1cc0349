"""Recurrences whose state is a matrix for each head, and elementwise ones.

`linear` (a decay, then an outer product is added) and `delta` (what is read is overwritten) run through the native
library where it is there, else by matrix products in PyTorch, chunk by chunk, as `elementwise` always does;
`reference` holds the same recurrences token by token, which is their ground truth and their step form.
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
