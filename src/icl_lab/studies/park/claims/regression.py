"""Regression of linear functions, ReLU networks and trees."""

from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import Below, Near
from icl_lab.studies.park.marks import PAPER, TABLE
from icl_lab.studies.park.quantities import LAST, TOLERANCE, error_at, error_of, learned, on_par, settled


def regression_claims() -> tuple[Claim, ...]:
    """Also of S4 and of trees."""
    easy = ("linear_regression", "sparse_linear_regression", "two_layer_relu")
    return (
        Claim(
            id="C1",
            sentence="Mamba matches the Transformer on linear, sparse linear and ReLU-network regression.",
            source=f"{PAPER}, abstract",
            statements=tuple(
                Near(
                    quantity=error_at(part, "mamba", LAST[part]),
                    other=error_at(part, "transformer", LAST[part]),
                    within=TOLERANCE,
                    premises=learned(part, "transformer", "mamba") + settled(part, "transformer", "mamba"),
                )
                for part in easy
            ),
        ),
        Claim(
            id="C2",
            sentence="Mamba is worse than the Transformer on decision trees; MambaFormer closes the gap.",
            source=f"{TABLE}; Campbell et al. 2024 (arXiv 2411.03945), table 3: scores 0.832 and 1.000",
            statements=(
                Below(
                    quantity=error_of("decision_tree", "transformer"), other=error_of("decision_tree", "mamba"), by=0.02
                ),
                on_par("decision_tree", "mambaformer", "transformer"),
            ),
            premises=learned("decision_tree", "transformer"),
        ),
        Claim(
            id="C12",
            sentence="S4, the same at every token, is weaker than Mamba on linear regression; S4-Mamba is between.",
            source=f"{PAPER}, direction not verified against the text; at small scale S4 has 44,000 parameters, Mamba "
            "132,600",
            statements=(
                Below(
                    quantity=error_of("linear_regression", "mamba"), other=error_of("linear_regression", "s4"), by=0.02
                ),
                on_par("linear_regression", "mamba", "s4_mamba"),
                Below(quantity=error_of("linear_regression", "s4_mamba"), other=error_of("linear_regression", "s4")),
            ),
            premises=learned("linear_regression", "mamba") + settled("linear_regression", "mamba", "s4_mamba", "s4"),
        ),
    )
