"""How many tasks make a learner of new ones? The threshold of Raventos et al. 2023, for recurrent models too.

A model trained on a pool of M linear functions can learn the pool by heart (the discrete posterior over its members) or
learn to regress (ridge). On functions that are not in the pool the two come apart.
"""

from dataclasses import dataclass

from icl_lab.comparisons.recipes import PAPER as PARK
from icl_lab.core.scales import Scale
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.error_over_parts import ErrorOverParts
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, AtMost, Below, Near
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.parts import REGRESSION, Plan, parts_at
from icl_lab.tasks.shifts.new_functions import NewFunctions
from icl_lab.tasks.task_pool import TaskPool

SOURCE = "Raventos et al. 2023 (arXiv 2306.15063), who ask it of Transformers"
MODELS = ("transformer", "mamba", "mambaformer", "(delta_net mlp)*L", "(gru)*4")
POOLS = (4, 32, 256, 2048, 16384)
RIDGE, POSTERIOR = "ridge(strength=0.25)", "discrete_mmse"

PLANS = tuple(
    Plan(
        name=f"pool_{num_tasks}",
        title=f"A pool of {num_tasks:,} linear functions",
        task=TaskPool(num_tasks=num_tasks),
        smoke=TaskPool(num_tasks=num_tasks, dim=3, length=10),
        models=MODELS,
        steps=3000,
        shifts=(NewFunctions(),),
        recipe_of=REGRESSION,
        published=PARK,
    )
    for num_tasks in POOLS
)


def _new(num_tasks: int, predictor: str) -> Quantity:
    return Quantity(part=f"pool_{num_tasks}", predictor=predictor, shift="new_functions", first=8)


def _old(num_tasks: int, predictor: str) -> Quantity:
    return Quantity(part=f"pool_{num_tasks}", predictor=predictor, first=8)


def _knows(num_tasks: int, model: str) -> Statement:
    """Premise: the model has learned the pool; one that has learned nothing fails on new functions as well."""
    return Near(quantity=_old(num_tasks, model), other=_old(num_tasks, POSTERIOR), within=0.1)


def _learned(num_tasks: int, model: str) -> Statement:
    """Premise: the model has learned something; a pool so large is not known by heart after a short training."""
    return AtMost(quantity=_old(num_tasks, model), bound=0.5)


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class TaskDiversity(Study):
    """Pools of 4 to 16,384 functions: from which size on does a model learn functions that it never saw?"""

    title = "From learning by heart to learning in context"
    question = "How many training tasks does each architecture need before it learns tasks that it never saw?"

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("task_diversity", PLANS, scale)

    @property
    def figures(self) -> tuple[StudyFigure, ...]:
        return (
            ErrorOverParts(
                name="error-over-pools",
                title="Old and new functions, over the size of the pool",
                parts={f"pool_{num_tasks}": num_tasks for num_tasks in POOLS},
                axis="functions in the pool",
                panels={"": "Functions of the pool", "new_functions": "New functions"},
                references=(RIDGE, POSTERIOR),
                first=8,
            ),
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        few, many = POOLS[0], POOLS[-1]
        return (
            Claim(
                id="by_heart",
                sentence="On a small pool every architecture learns the pool by heart: on new functions it fails.",
                source=SOURCE,
                statements=tuple(
                    AtLeast(quantity=_new(few, model), bound=0.8, premises=(_knows(few, model),)) for model in MODELS
                ),
            ),
            Claim(
                id="in_context",
                sentence="On a large pool every architecture learns to regress: on new functions it is near ridge.",
                source=SOURCE,
                statements=tuple(
                    Near(
                        quantity=_new(many, model),
                        other=_new(many, RIDGE),
                        within=0.1,
                        premises=(_learned(many, model),),
                    )
                    for model in MODELS
                ),
            ),
            Claim(
                id="more_is_better",
                sentence="More tasks in the pool, less error on new functions, for every architecture.",
                source=SOURCE,
                statements=tuple(
                    Below(
                        quantity=_new(many, model),
                        other=_new(few, model),
                        by=0.2,
                        premises=(_knows(few, model), _learned(many, model)),
                    )
                    for model in MODELS
                ),
            ),
        )
