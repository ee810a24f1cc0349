"""The marks of table 1 of Park et al. 2024: which of nine tasks each of `MODELS` learns."""

from icl_lab.studies.base import Mark

PAPER = "Park et al. 2024 (arXiv 2402.04248)"
TABLE = f"{PAPER}, table 1 as recalled and cross-checked, not read in the paper"

MARKS: dict[str, tuple[Mark, Mark, Mark]] = {
    "linear_regression": ("ok", "ok", "ok"),
    "sparse_linear_regression": ("ok", "ok", "ok"),
    "two_layer_relu": ("ok", "ok", "ok"),
    "decision_tree": ("ok", "gap", "ok"),
    "orthogonal_outlier_regression": ("ok", "gap", "ok"),
    "many_outlier_regression": ("gap", "ok", "ok"),
    "sparse_parity": ("fail", "ok", "ok"),
    "chain_of_thought": ("ok", "ok", "ok"),
    "vector_mqar": ("ok", "fail", "ok"),
}
