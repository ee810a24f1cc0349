"""Recall of vectors."""

from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, AtMost
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.park.marks import PAPER
from icl_lab.studies.park.quantities import RECALLED, error_of


def recall_claims() -> tuple[Claim, ...]:
    """With 32 pairs and as many queries, and with 64 pairs and one."""

    def recalled(part: str) -> tuple[Statement, ...]:
        return (
            AtLeast(quantity=error_of(part, "mamba"), bound=0.1, about="failing"),
            *(
                AtMost(quantity=error_of(part, model), bound=RECALLED, about="learning")
                for model in ("transformer", "mambaformer")
            ),
        )

    return (
        Claim(
            id="C6",
            sentence="Mamba fails at recalling vectors; the Transformer and MambaFormer recall them.",
            source=f"{PAPER}, abstract",
            statements=recalled("vector_mqar"),
        ),
        Claim(
            id="C6b",
            sentence="So it is with 64 pairs and a single query.",
            source="Campbell et al. 2024 (arXiv 2411.03945), text; no number is given",
            statements=recalled("vector_retrieval"),
        ),
    )
