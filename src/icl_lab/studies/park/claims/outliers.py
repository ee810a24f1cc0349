"""Regression where some pairs are no examples of the function."""

from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import Below
from icl_lab.studies.park.marks import TABLE
from icl_lab.studies.park.quantities import error_of, learned, on_par


def outlier_claims() -> tuple[Claim, ...]:
    """Where some pairs are no examples of the function."""
    return (
        Claim(
            id="C3",
            sentence="Mamba is worse than the Transformer on orthogonal outliers; MambaFormer closes the gap.",
            source=TABLE,
            statements=(
                Below(
                    quantity=error_of("orthogonal_outlier_regression", "transformer"),
                    other=error_of("orthogonal_outlier_regression", "mamba"),
                    by=0.02,
                ),
                on_par("orthogonal_outlier_regression", "mambaformer", "transformer"),
            ),
            premises=learned("orthogonal_outlier_regression", "transformer"),
        ),
        Claim(
            id="C4",
            sentence="Mamba is better than the Transformer where nine pairs in ten are outliers.",
            source=f"{TABLE}; Li et al. 2025 (arXiv 2510.00399)",
            statements=(
                Below(
                    quantity=error_of("many_outlier_regression", "mamba"),
                    other=error_of("many_outlier_regression", "transformer"),
                    by=0.02,
                ),
            ),
            premises=learned("many_outlier_regression", "mamba"),
        ),
    )
