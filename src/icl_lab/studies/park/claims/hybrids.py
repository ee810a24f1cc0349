"""What MambaFormer is for, and the two tasks beside regression, parity and recall."""

from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import Below, Times
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.park.marks import MARKS, PAPER, TABLE
from icl_lab.studies.park.plans import HALF, MODELS, ORTHOGONAL
from icl_lab.studies.park.quantities import LEARNED, TOLERANCE, error_of, learned, on_par


def hybrid_claims() -> tuple[Claim, ...]:
    """Of all tasks, of FLOPs, of formal languages and of chain of thought."""
    return (
        Claim(
            id="C7",
            sentence="MambaFormer is on par with the better of Transformer and Mamba on all nine tasks.",
            source=TABLE,
            # Where nobody has learned a task, everybody is on par.
            statements=tuple(
                on_par(part, "mambaformer", other, learned(part, "mambaformer"))
                for part in MARKS
                for other in ("transformer", "mamba")
            ),
        ),
        _flops_claim(),
        Claim(
            id="C10",
            sentence="On formal languages in context MambaFormer ends above Transformer and Mamba.",
            source=f"{PAPER}, final version, from a secondary source",
            statements=tuple(
                Below(quantity=error_of("regular_languages", "mambaformer"), other=error_of("regular_languages", other))
                for other in ("transformer", "mamba")
            ),
            premises=learned("regular_languages", *MODELS),
        ),
        Claim(
            id="C11",
            sentence="All three learn chain of thought.",
            source=f"{TABLE}; of its marks the least certain",
            statements=tuple(
                LEARNED["chain_of_thought"].by("chain_of_thought", model, about="learning") for model in MODELS
            ),
        ),
    )


def _flops(part: str, model: str) -> Quantity:
    return Quantity(part=part, predictor=model, what="FLOPs a prompt")


def _flops_claim() -> Claim:
    others = ("transformer", "mamba")
    small = error_of(HALF, "mambaformer")
    return Claim(
        id="C9",
        sentence="On orthogonal outliers MambaFormer gets by with fewer FLOPs than Transformer and Mamba.",
        source=f"{PAPER}, below 1e17 FLOPs of training, from a secondary source",
        # As good as models of the whole width, which cost more, and better than those of its own.
        statements=(
            *(Below(quantity=small, other=error_of(ORTHOGONAL, other), by=-TOLERANCE) for other in others),
            *(Below(quantity=small, other=error_of(HALF, other)) for other in others),
        ),
        premises=(
            *(
                Times(
                    quantity=_flops(ORTHOGONAL, other),
                    other=_flops(HALF, "mambaformer"),
                    factor=1.5,
                )
                for other in others
            ),
            *learned(HALF, "mambaformer"),
        ),
    )
