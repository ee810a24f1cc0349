"""Park et al. 2024, "Can Mamba Learn How to Learn?": which of nine tasks each architecture learns in context.

The claims, and the marks of table 1, are the paper's as far as could be had without its text; see `source` of each.
"""

from dataclasses import dataclass

from icl_lab.core.scales import Scale
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.error_against_training import ErrorAgainstTraining
from icl_lab.studies.base import STUDIES, MarkTable, Part, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.park.claims.hybrids import hybrid_claims
from icl_lab.studies.park.claims.outliers import outlier_claims
from icl_lab.studies.park.claims.parity import parity_claims
from icl_lab.studies.park.claims.recall import recall_claims
from icl_lab.studies.park.claims.regression import regression_claims
from icl_lab.studies.park.marks import MARKS, PAPER, TABLE
from icl_lab.studies.park.plans import DOUBLE, HALF, MODELS, ORTHOGONAL, PLANS
from icl_lab.studies.park.quantities import LEARNED
from icl_lab.studies.parts import parts_at


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class Park2024(Study):
    """Nine tasks by Transformer, Mamba, the hybrid MambaFormer and their relatives."""

    title = "Can Mamba learn how to learn?"
    question = "Which architecture learns which of nine tasks in context, and does a hybrid learn them all?"
    source = PAPER

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("park2024", PLANS, scale)

    @property
    def published_marks(self) -> MarkTable:
        return MarkTable(
            source=f"{TABLE}; public secondary sources support the direction of every row but that of chain of thought",
            marks={part: dict(zip(MODELS, row, strict=True)) for part, row in MARKS.items()},
            learned=LEARNED,
        )

    @property
    def figures(self) -> tuple[StudyFigure, ...]:
        widths = {HALF: "half", ORTHOGONAL: "whole", DOUBLE: "double"}
        title = "Orthogonal outliers: the error that a training buys, at three widths"
        return (ErrorAgainstTraining(name="error-and-training-flops", title=title, parts=widths),)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (*regression_claims(), *outlier_claims(), *parity_claims(), *recall_claims(), *hybrid_claims())
