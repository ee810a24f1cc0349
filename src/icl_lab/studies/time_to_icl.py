"""How soon does in-context learning appear? Steps until half of the zero error is gone, by architecture and task."""

from dataclasses import dataclass

from icl_lab.comparisons.recipes import PAPER as PARK
from icl_lab.core.scales import Scale
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.time_to_half import TimeToHalf
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import Reached, Times
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.parts import REGRESSION, Plan, parts_at
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.curriculum import Curriculum

OWN = "a question of our own; first seen in short probes"
MODELS = ("transformer", "mamba", "mambaformer", "(delta_net mlp)*L", "(linear_attention mlp)*L", "(gru)*4")
DIMS = (5, 10, 20)
CLEARLY = 1.25
"""Ratio of steps from which on one is later. The error is looked at every hundred steps, which intervals allow for."""

PLANS = tuple(
    Plan(
        name=f"linear_{dim}",
        title=f"Linear regression in {dim} dimensions",
        task=LinearRegression(dim=dim, length=2 * dim + 1),
        smoke=LinearRegression(dim=3, length=7),
        models=MODELS,
        steps=3000,
        growing=Curriculum(),  # with a curriculum, the whole task would be learned when the curriculum allows it
        recipe_of=REGRESSION,
        published=PARK,
        baselines=("least_squares", "averaging"),
    )
    for dim in DIMS
)


def _steps(dim: int, model: str) -> Quantity:
    return Quantity(part=f"linear_{dim}", predictor=model, what="steps to half")


def _sooner(model: str, other: str) -> tuple[Statement, ...]:
    return tuple(Times(quantity=_steps(dim, other), other=_steps(dim, model), factor=CLEARLY) for dim in DIMS)


def _arrives(dim: int, *models: str) -> tuple[Statement, ...]:
    """Premises: two models that never arrive are equally late, which is evidence of nothing."""
    return tuple(Reached(quantity=_steps(dim, model)) for model in models)


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class TimeToIcl(Study):
    """Linear regression in 5, 10 and 20 dimensions by six architectures: steps, seconds and FLOPs to half the error."""

    title = "Time to in-context learning"
    question = "How many steps, seconds and FLOPs does each architecture train before it learns in context?"

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("time_to_icl", PLANS, scale)

    @property
    def figures(self) -> tuple[StudyFigure, ...]:
        parts = {f"linear_{dim}": f"d = {dim}" for dim in DIMS}
        return (TimeToHalf(name="time-to-half", title="Until half of the zero error is gone", parts=parts),)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (
            Claim(
                id="mamba_first",
                sentence="Mamba leaves the plateau before the Transformer does.",
                source=OWN,
                statements=_sooner("mamba", "transformer"),
                premises=tuple(one for dim in DIMS for one in _arrives(dim, "mamba")),
            ),
            Claim(
                id="hybrid_first",
                sentence="The hybrid leaves it before the Transformer does.",
                source=OWN,
                statements=_sooner("mambaformer", "transformer"),
                premises=tuple(one for dim in DIMS for one in _arrives(dim, "mambaformer")),
            ),
            Claim(
                id="larger_is_later",
                sentence="In more dimensions it takes every architecture longer.",
                source=OWN,
                statements=tuple(
                    Times(quantity=_steps(DIMS[-1], model), other=_steps(DIMS[0], model), factor=CLEARLY)
                    for model in MODELS
                ),
                premises=_arrives(DIMS[0], *MODELS),
            ),
        )
