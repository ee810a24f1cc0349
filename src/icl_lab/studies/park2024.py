"""Park et al. 2024, "Can Mamba Learn How to Learn?": which of nine tasks each architecture learns in context.

The claims, and the marks of table 1, are those of the paper as far as they could be verified; see `source` of each.
"""

from dataclasses import dataclass, replace
from itertools import chain

from icl_lab.core.scales import Scale
from icl_lab.report.study_figures import ErrorAgainstTraining, StudyFigure
from icl_lab.studies.base import STUDIES, Mark, MarkTable, Part, Study
from icl_lab.studies.claims import Claim
from icl_lab.studies.parts import PARITY, RECALL, REGRESSION, Plan, parts_at
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
from icl_lab.tasks.vector_retrieval import VectorRetrieval
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.spec import TrainingSpec

PAPER = "Park et al. 2024 (arXiv 2402.04248)"
MODELS = ("transformer", "mamba", "mambaformer")
OTHERS = ("standard_hybrid", "s4", "s4_mamba")
ORTHOGONAL = "orthogonal_outlier_regression"
HALF, DOUBLE = "orthogonal_half_width", "orthogonal_double_width"
TOLERANCE = 0.05
"""Distance, in zero errors, within which two learning curves count as equal."""


def _published(rate: float) -> TrainingSpec:
    return PAPER_TRAINING.replace(optimiser=Adam(rate=rate))


SEARCHED = (
    Plan(
        name="sparse_parity",
        title="Sparse parity: ten signs, the product of two of them",
        task=SparseParity(),
        smoke=SparseParity(dim=4, length=12),
        models=MODELS,
        support=(*OTHERS, "transformer_mamba_first"),
        steps=2000,
        published=_published(4e-4),
    ),
    Plan(
        name="vector_mqar",
        title="Recall of vectors: 32 pairs, then 32 queries",
        task=VectorMqar(),
        smoke=VectorMqar(dim=4, length=8),
        models=MODELS,
        support=(*OTHERS, "transformer(positions=none)"),
        steps=2000,
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
        steps=2000,
        recipe_of=REGRESSION,
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
        steps=2000,
        recipe_of=REGRESSION,
        published=_published(1e-4),
    ),
    Plan(
        name="many_outlier_regression",
        title="Linear regression, nine pairs in ten the same outlier",
        task=ManyOutlierRegression(),
        smoke=ManyOutlierRegression(dim=3, length=20),
        models=MODELS,
        support=OTHERS,
        steps=1200,
        batch=16,
        recipe_of=REGRESSION,
        published=_published(1e-4),
    ),
    Plan(
        name="two_layer_relu",
        title="Networks with one hidden layer of 100 ReLUs",
        task=TwoLayerRelu(),
        smoke=TwoLayerRelu(dim=3, hidden=4, length=9),
        models=MODELS,
        support=OTHERS,
        steps=2000,
        recipe_of=REGRESSION,
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
        recipe_of=REGRESSION,
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
        steps=1200,
        recipe_of=REGRESSION,
        published=_published(1e-4),
    ),
    Plan(
        name="regular_languages",
        title="Formal languages in context (RegBench)",
        task=RegularLanguages(),
        smoke=RegularLanguages(length=40, fewest_strings=3, most_strings=4, longest_string=8),
        models=MODELS,
        steps=1200,
        batch=16,
        recipe_of=REGRESSION,
        published=_published(5e-4),
    ),
    Plan(
        name="parity_per_batch",
        title="Sparse parity as released: all prompts of a batch share their two signs",
        task=SparseParity(subset_per="batch"),
        smoke=SparseParity(dim=4, length=12, subset_per="batch"),
        models=MODELS,
        num_seeds=1,
        steps=2000,
        recipe_of=PARITY,
        published=_published(4e-4),
    ),
    Plan(
        name="vector_retrieval",
        title="Recall of one vector: 64 pairs, then one query",
        task=VectorRetrieval(),
        smoke=VectorRetrieval(dim=4, length=6),
        models=MODELS,
        support=("standard_hybrid",),
        num_seeds=1,
        steps=2000,
        recipe_of=RECALL,
        published=_published(2e-4).replace(clip=100.0),
    ),
    *(
        Plan(
            name=name,
            title=f"Linear regression with orthogonal outliers, models {words} as wide",
            task=OrthogonalOutlierRegression(),
            smoke=OrthogonalOutlierRegression(dim=3, length=9),
            models=MODELS,
            width=width,
            recipe_of=REGRESSION,
            num_seeds=1,
            steps=2000,
            published=_published(1e-4),
        )
        for name, words, width in ((HALF, "half", 0.5), (DOUBLE, "twice", 2.0))
    ),
)

PLANS = (
    *SEARCHED,
    *(
        replace(
            plan,
            name=f"{plan.name}_as_published",
            title=f"{plan.title}; Adam at the published rate",
            support=(),
            num_seeds=1,
            as_published=True,
            variant_of=plan.name,
        )
        for plan in SEARCHED
        if plan.recipe_of is None
    ),
)
"""Parts with a search of their own are run by the published optimiser as well."""

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


CHANCE = 0.6
"""Accuracy that counts as guessing: knowing nothing of the pair gives 0.5, the best vote without context 0.56."""
LAST = {plan.name: plan.task.length - 1 for plan in PLANS}


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
            source=f"{PAPER}, table 1, from secondary sources that agree with each other; the row of chain of thought "
            "is the least certain",
            marks={part: dict(zip(MODELS, row, strict=True)) for part, row in MARKS.items()},
        )

    @property
    def figures(self) -> tuple[StudyFigure, ...]:
        widths = {HALF: "half", ORTHOGONAL: "whole", DOUBLE: "double"}
        title = "Orthogonal outliers: the error that a training buys, at three widths"
        return (ErrorAgainstTraining(name="error-and-training-flops", title=title, parts=widths),)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (
            *_regression_claims(),
            *_parity_claims(),
            *_recall_claims(),
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


def _parity_claims() -> tuple[Claim, ...]:
    def accuracy(model: str, part: str = "sparse_parity") -> Quantity:
        return _of(part, model, "accuracy", first=40)

    def steps(model: str) -> Quantity:
        return _of("sparse_parity", model, "steps to half")

    def told_apart(part: str) -> tuple[Statement, ...]:
        return (
            AtMost(quantity=accuracy("transformer", part), bound=CHANCE),
            AtLeast(quantity=accuracy("mamba", part), bound=0.95),
        )

    return (
        Claim(
            id="C5",
            sentence="The Transformer stays at chance on sparse parity, Mamba learns it.",
            source=f"{PAPER}, abstract; Campbell et al. 2024, table 3: scores 0.023 and 1.000",
            statements=told_apart("sparse_parity"),
        ),
        Claim(
            id="C5b",
            sentence="The same holds where all prompts of a batch share their two signs, as in the released code.",
            source=f"{PAPER}, released code",
            statements=told_apart("parity_per_batch"),
        ),
        Claim(
            id="C8",
            sentence="A Mamba block in front, instead of positions, lets hybrids learn parity in fewer steps.",
            source=f"{PAPER}, from a secondary source",
            statements=(Times(quantity=steps("standard_hybrid"), other=steps("mambaformer"), factor=1.25),),
            premises=(AtLeast(quantity=accuracy("mambaformer"), bound=0.95),),
        ),
        Claim(
            id="C8b",
            sentence="A Transformer learns parity once its first attention block is a Mamba block.",
            source=f"{PAPER}, an ablation; direction not verified against the text",
            statements=(AtLeast(quantity=accuracy("transformer_mamba_first"), bound=0.95),),
        ),
    )


def _recall_claims() -> tuple[Claim, ...]:
    def recalled(part: str) -> tuple[Statement, ...]:
        return (
            AtLeast(quantity=_of(part, "mamba"), bound=0.1),
            *(AtMost(quantity=_of(part, model), bound=0.01) for model in ("transformer", "mambaformer")),
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


def _flops_claim() -> Claim:
    others = ("transformer", "mamba")
    small = _of(HALF, "mambaformer")
    return Claim(
        id="C9",
        sentence="On orthogonal outliers MambaFormer gets by with fewer FLOPs than Transformer and Mamba.",
        source=f"{PAPER}, below 1e17 FLOPs of training, from a secondary source",
        # As good as models of the whole width, which cost more, and better than those of its own.
        statements=(
            *(Below(quantity=small, other=_of(ORTHOGONAL, other), by=-TOLERANCE) for other in others),
            *(Below(quantity=small, other=_of(HALF, other)) for other in others),
        ),
        premises=(
            *(
                Times(
                    quantity=_of(ORTHOGONAL, other, "FLOPs a prompt"),
                    other=_of(HALF, "mambaformer", "FLOPs a prompt"),
                    factor=1.5,
                )
                for other in others
            ),
            *_learned(HALF, "mambaformer"),
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
        _flops_claim(),
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
