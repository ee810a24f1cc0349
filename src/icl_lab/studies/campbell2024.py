"""Campbell et al. 2024: an independent replication of the hybrids on five tasks, with a score each.

Its score is the gain over the zero predictor, summed over the prompt, in units of the gain of a named predictor: least
squares, Lasso, a network trained on the prompt, and, for trees and parity, the best of its own models.
"""

from dataclasses import dataclass, replace

from icl_lab.comparisons.recipes import PAPER as PARK
from icl_lab.core.scales import Scale
from icl_lab.studies.base import STUDIES, Part, ScoreTable, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, AtMost
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.park.plans import MODELS
from icl_lab.studies.park.plans import PLANS as PLANS_OF_PARK
from icl_lab.studies.parts import parts_at
from icl_lab.training.optimisers.adam import Adam

PAPER = "Campbell et al. 2024 (arXiv 2411.03945), table 3"
LLAMA = "(attention(positions=rotary) gated_mlp)*L"
MAMBA_FIRST = "mamba (attention gated_mlp)*L"
HYBRIDS = (LLAMA, MAMBA_FIRST)
NETWORK = "gradient_descent_network"

BASELINES = {
    "linear_regression": "least_squares",
    "sparse_linear_regression": "lasso",
    "two_layer_relu": NETWORK,
    "decision_tree": "decision_tree",
    "sparse_parity": "bayes_parity",
}
RATES = {"sparse_parity": 4e-4}
"""Of Adam, where it is not 1e-4."""

PARK_PLANS = {plan.name: plan for plan in PLANS_OF_PARK}
PLANS = tuple(
    replace(
        PARK_PLANS[name],
        support=HYBRIDS,
        times=dict.fromkeys(HYBRIDS, 2),
        baselines=(baseline,),
        published=PARK.replace(optimiser=Adam(rate=RATES.get(name, 1e-4))),
        recipe_of=PARK_PLANS[name].recipe_of or ("park2024", name),
    )
    for name, baseline in BASELINES.items()
)
"""The tasks of Park et al. 2024, by the same models and trainings, with hybrids and baselines of their own."""

OVER = {
    "linear_regression": "least_squares",
    "sparse_linear_regression": "lasso",
    "two_layer_relu": NETWORK,
    "decision_tree": "transformer",
    "sparse_parity": "mamba",
}
COLUMNS = (*MODELS, *HYBRIDS)
SCORES = {
    "linear_regression": (0.996, 0.995, 0.996, 0.997, 0.996),
    "sparse_linear_regression": (0.932, 0.925, 0.938, 0.933, 0.928),
    "two_layer_relu": (1.130, 1.123, 1.130, 1.129, 1.130),
    "decision_tree": (1.000, 0.832, 1.012, 1.007, 1.018),
    "sparse_parity": (0.023, 1.000, 1.000, 0.023, 1.000),
}


def _score(part: str, model: str) -> Quantity:
    return Quantity(part=part, predictor=model, what="score", over=OVER[part])


def _reach(part: str, bound: float, *models: str) -> tuple[Statement, ...]:
    """That models come to a score, which a short training in which they do not refutes for none."""
    return tuple(AtLeast(quantity=_score(part, model), bound=bound, about="learning") for model in models)


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class Campbell2024(Study):
    """Transformers, Mamba and hybrids of both on five tasks, scored against named predictors."""

    title = "Can hybrids of Transformer and Mamba be told apart by what they learn in context?"
    question = "Do the scores of an independent replication come out again?"
    source = PAPER

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("campbell2024", PLANS, scale)

    @property
    def published_scores(self) -> ScoreTable:
        return ScoreTable(
            source=f"{PAPER}: one training each, 12 layers of width 256; hybrids as theirs, without their norms",
            over=OVER,
            scores={part: dict(zip(COLUMNS, row, strict=True)) for part, row in SCORES.items()},
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (
            Claim(
                id="linear",
                sentence="On linear regression every architecture is at the level of least squares.",
                source=PAPER,
                statements=_reach("linear_regression", 0.95, *COLUMNS),
                published="scores 0.995 to 0.997",
            ),
            Claim(
                id="sparse",
                sentence="On sparse regression every architecture comes close to Lasso.",
                source=PAPER,
                statements=_reach("sparse_linear_regression", 0.85, *COLUMNS),
                published="scores 0.925 to 0.938",
            ),
            Claim(
                id="relu",
                sentence="On ReLU networks every architecture beats a network trained on the prompt.",
                source=PAPER,
                statements=_reach("two_layer_relu", 1.0, *COLUMNS),
                published="scores 1.123 to 1.130 over 1,000 steps of training on the prompt; ours take 100",
            ),
            Claim(
                id="tree",
                sentence="On trees Mamba is behind, and a hybrid is not.",
                source=PAPER,
                statements=(
                    AtMost(quantity=_score("decision_tree", "mamba"), bound=0.95),
                    AtLeast(quantity=_score("decision_tree", "mambaformer"), bound=0.95),
                ),
                premises=(
                    AtMost(quantity=Quantity(part="decision_tree", predictor="transformer", first=100), bound=0.7),
                ),
                published="scores 0.832 and 1.012 over the Transformer",
            ),
            Claim(
                id="parity",
                sentence="On parity attention alone stays at chance, anything with a Mamba block learns it.",
                source=PAPER,
                statements=(
                    *(
                        AtMost(quantity=_score("sparse_parity", model), bound=0.2, about="failing")
                        for model in ("transformer", LLAMA)
                    ),
                    *_reach("sparse_parity", 0.9, "mambaformer", MAMBA_FIRST),
                ),
                premises=(
                    AtLeast(
                        quantity=Quantity(part="sparse_parity", predictor="mamba", what="accuracy", first=40),
                        bound=0.95,
                    ),
                ),
                published="scores 0.023 and 1.000 over Mamba",
            ),
        )
