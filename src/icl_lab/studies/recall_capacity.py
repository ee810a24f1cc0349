"""How much state does recall take? Error at recalling 16 pairs of vectors, against the numbers that a model carries."""

from dataclasses import dataclass

from icl_lab.comparisons.recipes import PAPER as PARK
from icl_lab.core.scales import Scale
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.error_against_cost import ErrorAgainstCost
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, AtMost, Below
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.parts import RECALL, Plan, parts_at
from icl_lab.tasks.vector_mqar import VectorMqar
from icl_lab.training.optimisers.adam import Adam

SOURCE = "Arora et al. 2023 (arXiv 2312.04927) and 2024 (arXiv 2402.18668), who ask it of tokens"
SMALL_STATE, LARGE_STATE = "(mamba(d_state=4))*4", "(mamba(d_state=64))*4"
DELTA, LINEAR = "(delta_net mlp)*2", "(linear_attention mlp)*2"
MODELS = (
    "transformer",
    "mambaformer",
    SMALL_STATE,
    LARGE_STATE,
    DELTA,
    LINEAR,
    "(retention mlp)*2",
    "(mamba2 mlp)*2",
    "(mesa mlp)*2",
    "(gru)*4",
)

PLANS = (
    Plan(
        name="recall",
        title="Recall of vectors: 16 pairs, then 16 queries",
        task=VectorMqar(length=32),
        smoke=VectorMqar(dim=4, length=8),
        models=MODELS,
        steps=3000,
        recipe_of=RECALL,
        published=PARK.replace(optimiser=Adam(rate=2e-4)),
    ),
)


def _error(model: str) -> Quantity:
    return Quantity(part="recall", predictor=model)


def _off_the_plateau(model: str, bound: float = 0.9) -> Statement:
    """Premise: the model has begun to learn; before that its error says nothing of its state."""
    return AtMost(quantity=_error(model), bound=bound)


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class RecallCapacity(Study):
    """Ten architectures with states of different kind and size recall vectors from the prompt."""

    title = "Recall against the size of the state"
    question = "How well do architectures recall vectors, given the numbers that they carry from token to token?"

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("recall_capacity", PLANS, scale)

    @property
    def figures(self) -> tuple[StudyFigure, ...]:
        return (ErrorAgainstCost(name="recall-and-state", title="Recall against the size of the state", part="recall"),)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (
            Claim(
                id="growing",
                sentence="Models whose state grows with the prompt recall everything.",
                source=SOURCE,
                statements=tuple(
                    AtMost(quantity=_error(model), bound=0.01, about="learning")
                    for model in ("transformer", "mambaformer")
                ),
            ),
            Claim(
                id="fixed",
                sentence="Mamba with a small state does not.",
                source=SOURCE,
                statements=(AtLeast(quantity=_error(SMALL_STATE), bound=0.1),),
                # That it is the state, and not the training: the same one teaches a larger state most of it.
                premises=(_off_the_plateau(SMALL_STATE), _off_the_plateau(LARGE_STATE, 0.5)),
            ),
            Claim(
                id="larger",
                sentence="Sixteen times the state makes Mamba recall better.",
                source=SOURCE,
                statements=(Below(quantity=_error(LARGE_STATE), other=_error(SMALL_STATE), by=0.05),),
                premises=(_off_the_plateau(LARGE_STATE),),
            ),
            Claim(
                id="delta",
                sentence="At equal state the delta rule recalls better than linear attention, which only adds.",
                source="Schlag et al. 2021 (arXiv 2102.11174); Yang et al. 2024 (arXiv 2406.06484)",
                statements=(Below(quantity=_error(DELTA), other=_error(LINEAR), by=0.05),),
                premises=(_off_the_plateau(DELTA),),
            ),
        )
