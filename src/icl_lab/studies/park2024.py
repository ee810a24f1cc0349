"""Park et al. 2024, "Can Mamba Learn How to Learn?": which of nine tasks each architecture learns in context.

The claims, and the marks of table 1, are those of the paper as far as they could be verified; see `source` of each.
"""

from dataclasses import dataclass
from itertools import chain

from icl_lab.core.scales import Scale
from icl_lab.studies.base import STUDIES, Mark, MarkTable, Part, Study
from icl_lab.studies.claims import Claim
from icl_lab.studies.parts import Plan, parts_at
from icl_lab.studies.quantities import Quantity, What
from icl_lab.studies.recipes import PAPER as PAPER_TRAINING
from icl_lab.studies.statements import AtLeast, AtMost, Below, Near, Statement, Times
from icl_lab.tasks.chain_of_thought import ChainOfThought
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.many_outlier_regression import ManyOutlierRegression
from icl_lab.tasks.orthogonal_outlier_regression import OrthogonalOutlierRegression
from icl_lab.tasks.regular_languages import RegularLanguages
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression
from icl_lab.tasks.sparse_parity import SparseParity
from icl_lab.tasks.two_layer_relu import TwoLayerRelu
from icl_lab.tasks.vector_mqar import VectorMqar
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.spec import TrainingSpec

PAPER = "Park et al. 2024 (arXiv 2402.04248)"
MODELS = ("transformer", "mamba", "mambaformer")
OTHERS = ("standard_hybrid", "s4", "s4_mamba")
TOLERANCE = 0.05
"""Distance, in zero errors, within which two learning curves count as equal."""


def _published(rate: float) -> TrainingSpec:
    return PAPER_TRAINING.replace(optimiser=Adam(rate=rate))


PLANS = (
    Plan(
        name="sparse_parity",
        title="Sparse parity: ten signs, the product of two of them",
        task=SparseParity(),
        smoke=SparseParity(dim=4, length=12),
        models=MODELS,
        support=(*OTHERS, "mamba mlp attention mlp"),
        steps=2000,
        published=_published(4e-4),
    ),
    Plan(
        name="vector_mqar",
        title="Recall of vectors: 32 pairs, then 32 queries",
        task=VectorMqar(),
        smoke=VectorMqar(dim=4, length=8),
        models=MODELS,
        support=OTHERS,
        steps=3000,
        published=_published(2e-4),
    ),
    Plan(
        name="linear_regression",
        title="Linear regression in 20 dimensions",
        task=LinearRegression(),
        smoke=LinearRegression(dim=3, length=9),
        models=MODELS,
        support=OTHERS,
        steps=4000,
        published=_published(1e-4),
    ),
    Plan(
        name="decision_tree",
        title="Decision trees of depth four",
        task=DecisionTree(),
        smoke=DecisionTree(dim=3, length=9),
        models=MODELS,
        support=OTHERS,
        steps=2500,
        published=_published(4e-4),
        baselines=("decision_tree", "nearest_neighbours", "least_squares"),
    ),
    Plan(
        name="orthogonal_outlier_regression",
        title="Linear regression, every second pair orthogonal to its weights",
        task=OrthogonalOutlierRegression(),
        smoke=OrthogonalOutlierRegression(dim=3, length=9),
        models=MODELS,
        support=OTHERS,
        steps=2500,
        published=_published(1e-4),
    ),
    Plan(
        name="many_outlier_regression",
        title="Linear regression, nine pairs in ten the same outlier",
        task=ManyOutlierRegression(),
        smoke=ManyOutlierRegression(dim=3, length=20),
        models=MODELS,
        support=OTHERS,
        steps=1600,
        batch=16,
        published=_published(1e-4),
    ),
    Plan(
        name="two_layer_relu",
        title="Networks with one hidden layer of 100 ReLUs",
        task=TwoLayerRelu(),
        smoke=TwoLayerRelu(dim=3, hidden=4, length=9),
        models=MODELS,
        support=OTHERS,
        steps=2500,
        published=_published(1e-4),
        baselines=("least_squares", "nearest_neighbours", "averaging"),
    ),
    Plan(
        name="sparse_linear_regression",
        title="Linear regression with three non-zero weights of 20",
        task=SparseLinearRegression(),
        smoke=SparseLinearRegression(dim=4, sparsity=2, length=9),
        models=MODELS,
        support=OTHERS,
        steps=4000,
        published=_published(1e-4),
        baselines=("least_squares", "lasso", "nearest_neighbours"),
    ),
    Plan(
        name="chain_of_thought",
        title="Chain of thought: input, hidden layer, output",
        task=ChainOfThought(),
        smoke=ChainOfThought(dim=3, hidden=2, length=9),
        models=MODELS,
        support=OTHERS,
        steps=1800,
        published=_published(1e-4),
    ),
    Plan(
        name="regular_languages",
        title="Formal languages in context (RegBench)",
        task=RegularLanguages(),
        smoke=RegularLanguages(length=40, fewest_strings=3, most_strings=4, longest_string=8),
        models=MODELS,
        steps=1600,
        batch=16,
        published=_published(5e-4),
    ),
)

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


def _of(
    part: str, model: str, what: What = "relative error", first: int | None = None, last: int | None = None
) -> Quantity:
    return Quantity(part=part, predictor=model, what=what, first=first, last=last)


def _at(part: str, model: str, shown: int) -> Quantity:
    return _of(part, model, first=shown, last=shown)


def _learned(part: str, *models: str, bound: float = 0.5) -> tuple[Statement, ...]:
    """Premises: each of these models has left the plateau."""
    return tuple(AtMost(quantity=_of(part, model, first=LAST[part], last=LAST[part]), bound=bound) for model in models)


def _on_par(part: str, model: str, other: str) -> Statement:
    """A learning curve that is not above another one's by more than the tolerance, over the whole prompt."""
    return Below(quantity=_of(part, model), other=_of(part, other), by=-TOLERANCE)


LAST = {plan.name: plan.task.length - 1 for plan in PLANS}


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class Park2024(Study):
    """Nine tasks by Transformer, Mamba, the hybrid MambaFormer and their relatives, with twelve claims."""

    title = "Can Mamba learn how to learn?"
    question = "Which architecture learns which of nine tasks in context, and does a hybrid learn them all?"
    source = PAPER

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("park2024", PLANS, scale)

    @property
    def published_marks(self) -> MarkTable:
        return MarkTable(
            source=f"{PAPER}, table 1, from secondary sources that agree with each other; the row of chain of thought "
            "is the least certain",
            marks={part: dict(zip(MODELS, row, strict=True)) for part, row in MARKS.items()},
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (
            *_regression_claims(),
            *_parity_and_recall_claims(),
            *_hybrid_claims(),
        )


def _regression_claims() -> tuple[Claim, ...]:
    easy = ("linear_regression", "sparse_linear_regression", "two_layer_relu")
    return (
        Claim(
            id="C1",
            sentence="Mamba matches the Transformer on linear, sparse linear and ReLU-network regression.",
            source=f"{PAPER}, abstract",
            statements=tuple(
                Near(
                    quantity=_at(part, "mamba", LAST[part]),
                    other=_at(part, "transformer", LAST[part]),
                    within=TOLERANCE,
                )
                for part in easy
            ),
            premises=tuple(
                chain(
                    _learned("linear_regression", "transformer", "mamba"),
                    _learned("sparse_linear_regression", "transformer", "mamba"),
                    _learned("two_layer_relu", "transformer", "mamba", bound=0.8),
                )
            ),
        ),
        Claim(
            id="C2",
            sentence="Mamba is worse than the Transformer on decision trees; MambaFormer closes the gap.",
            source=f"{PAPER}, table 1; Campbell et al. 2024 (arXiv 2411.03945), table 3: scores 0.832 and 1.000",
            statements=(
                Below(quantity=_of("decision_tree", "transformer"), other=_of("decision_tree", "mamba"), by=0.02),
                _on_par("decision_tree", "mambaformer", "transformer"),
            ),
            premises=_learned("decision_tree", "transformer", bound=0.7),
        ),
        Claim(
            id="C3",
            sentence="Mamba is worse than the Transformer on orthogonal outliers; MambaFormer closes the gap.",
            source=f"{PAPER}, table 1",
            statements=(
                Below(
                    quantity=_of("orthogonal_outlier_regression", "transformer"),
                    other=_of("orthogonal_outlier_regression", "mamba"),
                    by=0.02,
                ),
                _on_par("orthogonal_outlier_regression", "mambaformer", "transformer"),
            ),
            premises=_learned("orthogonal_outlier_regression", "transformer"),
        ),
        Claim(
            id="C4",
            sentence="Mamba is better than the Transformer where nine pairs in ten are outliers.",
            source=f"{PAPER}, table 1; Li et al. 2025 (arXiv 2510.00399)",
            statements=(
                Below(
                    quantity=_of("many_outlier_regression", "mamba"),
                    other=_of("many_outlier_regression", "transformer"),
                    by=0.02,
                ),
            ),
            premises=_learned("many_outlier_regression", "mamba"),
        ),
        Claim(
            id="C12",
            sentence="S4, the same at every token, is weaker than Mamba on linear regression; S4-Mamba is between.",
            source=f"{PAPER}, direction not verified against the text",
            statements=(
                Below(quantity=_of("linear_regression", "mamba"), other=_of("linear_regression", "s4"), by=0.02),
                _on_par("linear_regression", "mamba", "s4_mamba"),
                Below(quantity=_of("linear_regression", "s4_mamba"), other=_of("linear_regression", "s4")),
            ),
            premises=_learned("linear_regression", "mamba"),
        ),
    )


def _parity_and_recall_claims() -> tuple[Claim, ...]:
    def accuracy(model: str) -> Quantity:
        return _of("sparse_parity", model, "accuracy", first=40)

    def steps(model: str) -> Quantity:
        return _of("sparse_parity", model, "steps to half")

    return (
        Claim(
            id="C5",
            sentence="The Transformer stays at chance on sparse parity, Mamba learns it.",
            source=f"{PAPER}, abstract; Campbell et al. 2024, table 3: scores 0.023 and 1.000",
            statements=(
                AtMost(quantity=accuracy("transformer"), bound=0.62),
                AtLeast(quantity=accuracy("mamba"), bound=0.95),
            ),
        ),
        Claim(
            id="C6",
            sentence="Mamba fails at recalling vectors; the Transformer and the hybrids recall them.",
            source=f"{PAPER}, abstract",
            statements=(
                AtLeast(quantity=_of("vector_mqar", "mamba"), bound=0.1),
                AtMost(quantity=_of("vector_mqar", "transformer"), bound=0.01),
                AtMost(quantity=_of("vector_mqar", "mambaformer"), bound=0.01),
            ),
        ),
        Claim(
            id="C8",
            sentence="A Mamba block in front is what lets hybrids learn parity quickly.",
            source=f"{PAPER}, from a secondary source",
            statements=(Times(quantity=steps("standard_hybrid"), other=steps("mambaformer"), factor=1.0),),
            premises=(AtLeast(quantity=accuracy("mambaformer"), bound=0.95),),
        ),
    )


def _hybrid_claims() -> tuple[Claim, ...]:
    return (
        Claim(
            id="C7",
            sentence="MambaFormer is on par with the better of Transformer and Mamba on all nine tasks.",
            source=f"{PAPER}, table 1",
            statements=tuple(
                _on_par(part, "mambaformer", other) for part in MARKS for other in ("transformer", "mamba")
            ),
        ),
        Claim(
            id="C10",
            sentence="On formal languages in context MambaFormer ends above Transformer and Mamba.",
            source=f"{PAPER}, final version, from a secondary source",
            statements=tuple(
                Below(quantity=_of("regular_languages", "mambaformer"), other=_of("regular_languages", other))
                for other in ("transformer", "mamba")
            ),
        ),
        Claim(
            id="C11",
            sentence="All three learn chain of thought.",
            source=f"{PAPER}, table 1; of its marks the least certain",
            statements=tuple(
                AtMost(quantity=_at("chain_of_thought", model, LAST["chain_of_thought"]), bound=0.1) for model in MODELS
            ),
        ),
    )
