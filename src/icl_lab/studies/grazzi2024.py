"""Grazzi et al. 2024, "Is Mamba Capable of In-Context Learning?": the simple function classes, figures 1 to 5, 8 to 12.

The published curves of models "trained on skewed inputs" were measured on isotropic ones; both are measured here.
"""

from dataclasses import dataclass

from icl_lab.comparisons.recipes import PAPER as PARK
from icl_lab.core.scales import Scale
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.claims import Claim
from icl_lab.studies.parts import REGRESSION, Plan, parts_at
from icl_lab.studies.quantities import Quantity, What
from icl_lab.studies.statements import AtLeast, AtMost, Below, Near, Statement, Times
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.inputs.skewed import Skewed as SkewedInputs
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.half_subspace import HalfSubspace
from icl_lab.tasks.shifts.isotropic import Isotropic
from icl_lab.tasks.shifts.noisy_labels import NoisyLabels
from icl_lab.tasks.shifts.orthants import Orthants
from icl_lab.tasks.shifts.scaled_inputs import ScaledInputs
from icl_lab.tasks.shifts.scaled_labels import ScaledLabels
from icl_lab.tasks.shifts.skewed import Skewed
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression
from icl_lab.tasks.two_layer_relu import TwoLayerRelu
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.schedules.cosine import Cosine

PAPER = "Grazzi et al. 2024 (arXiv 2402.03170)"
MODELS = ("mamba", "transformer")
LONGEST = 500
"""Examples in the longest prompts of the figures."""
SHIFTS = (Isotropic(), NoisyLabels(), Orthants(), ScaledInputs(), ScaledLabels(), HalfSubspace())

PUBLISHED = PARK.replace(optimiser=Adam(rate=1e-4), schedule=Cosine(), clip=0.0)
S4_PUBLISHED = PUBLISHED.replace(optimiser=Adam(rate=1e-3))
SKEWED = LinearRegression(inputs=SkewedInputs())
TINY = LinearRegression(inputs=SkewedInputs(), dim=3, length=9)
SETTINGS = {"recipe": "grazzi"}


def _longest(length: int) -> float:
    return LONGEST / length


PLANS = (
    Plan(
        name="skewed",
        title="Linear regression, trained on skewed inputs, tested on others and to 500 examples (figure 1)",
        task=SKEWED,
        smoke=TINY,
        models=(*MODELS, "s4"),
        settings=SETTINGS,
        steps=4000,
        shifts=SHIFTS,
        shifts_longest=True,
        longest=_longest(41),
        recipe_of=REGRESSION,
        probed_at=(40, 80, 160),
        published=PUBLISHED,
        published_for={"s4": S4_PUBLISHED},
        baselines=("least_squares",),
    ),
    Plan(
        name="sparse",
        title="Sparse linear regression, to 500 examples (figure 2a)",
        task=SparseLinearRegression(),
        smoke=SparseLinearRegression(dim=4, sparsity=2, length=9),
        models=MODELS,
        settings=SETTINGS,
        steps=4000,
        longest=_longest(41),
        recipe_of=REGRESSION,
        probed_at=(40,),
        published=PUBLISHED,
        baselines=("least_squares", "lasso"),
    ),
    Plan(
        name="relu",
        title="Networks with one hidden layer of 100 ReLUs, to 500 examples (figure 2b)",
        task=TwoLayerRelu(),
        smoke=TwoLayerRelu(dim=3, hidden=4, length=9),
        models=MODELS,
        settings=SETTINGS,
        steps=2000,
        longest=_longest(101),
        recipe_of=REGRESSION,
        probed_at=(100,),
        published=PUBLISHED,
        baselines=("least_squares", "gradient_descent_network"),
    ),
    Plan(
        name="tree",
        title="Decision trees of depth four, to 500 examples (figure 2c)",
        task=DecisionTree(),
        smoke=DecisionTree(dim=3, length=9),
        models=MODELS,
        settings=SETTINGS,
        steps=2000,
        longest=_longest(101),
        recipe_of=REGRESSION,
        probed_at=(100,),
        published=PUBLISHED,
        baselines=("decision_tree", "decision_tree(max_depth=none)"),
    ),
    Plan(
        name="plain",
        title="Linear regression, trained on isotropic inputs, tested on others (figures 8 and 9)",
        task=LinearRegression(),
        smoke=LinearRegression(dim=3, length=9),
        models=MODELS,
        settings=SETTINGS,
        steps=4000,
        shifts=(ScaledInputs(), NoisyLabels(), Skewed(), Orthants()),
        recipe_of=REGRESSION,
        published=PUBLISHED.replace(schedule=Constant()),
        baselines=("least_squares", "nearest_neighbours", "averaging"),
    ),
    *(
        Plan(
            name=f"context_{length - 1}",
            title=f"Skewed linear regression, trained on {length - 1} examples, to 500 (figure 10)",
            task=SKEWED.replace(length=length),
            smoke=TINY.replace(length=13),
            models=MODELS,
            settings=SETTINGS,
            steps=steps,
            num_seeds=1,
            recipe_of=REGRESSION,
            shifts=(Isotropic(),),
            shifts_longest=True,
            longest=_longest(length),
            probed_at=(40, length - 1),
            published=PUBLISHED,
            baselines=("least_squares",),
        )
        for length, steps in ((81, 3000), (161, 2000))
    ),
)


def _of(part: str, model: str, first: int | None = None, last: int | None = None, shift: str = "") -> Quantity:
    return Quantity(part=part, predictor=model, first=first, last=last, shift=shift)


def _at(part: str, model: str, shown: int, shift: str = "") -> Quantity:
    return _of(part, model, shown, shown, shift)


def _learned(part: str, *models: str, shown: int = 40, bound: float = 0.5) -> tuple[Statement, ...]:
    return tuple(AtMost(quantity=_at(part, model, shown), bound=bound) for model in models)


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class Grazzi2024(Study):
    """Simple function classes by Mamba, Transformer and S4, in and out of distribution and to 500 examples."""

    title = "Is Mamba capable of in-context learning?"
    question = "Does Mamba learn simple functions in context as well as a Transformer, in and out of distribution?"
    source = PAPER

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("grazzi2024", PLANS, scale)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (*_linear_claims(), *_longer_claims(), *_other_tasks(), *_inside_claims())


def _linear_claims() -> tuple[Claim, ...]:
    familiar = ("isotropic", "orthants", "scaled_inputs", "scaled_labels", "half_subspace")
    return (
        Claim(
            id="linear",
            sentence="Mamba and the Transformer follow least squares up to the training context.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=tuple(
                statement
                for model in MODELS
                for statement in (
                    Near(
                        quantity=_of("skewed", model, 1, 15, "isotropic"),
                        other=_of("skewed", "least_squares", 1, 15, "isotropic"),
                        within=0.03,
                    ),
                    AtMost(quantity=_at("skewed", model, 40, "isotropic"), bound=0.02),
                )
            ),
            published="after 40 examples: Mamba 0.0040, Transformer 0.0005 of the zero error",
        ),
        Claim(
            id="shifts",
            sentence="They do so out of distribution as well: other orthants, smaller inputs or labels, a subspace.",
            source=f"{PAPER}, section 3, figures 1c to 1f",
            statements=tuple(
                AtMost(quantity=_at("skewed", model, 40, shift), bound=0.05) for model in MODELS for shift in familiar
            ),
            premises=_learned("skewed", *MODELS),
        ),
        Claim(
            id="noise",
            sentence="With noisy labels both stay near least squares up to the training context.",
            source=f"{PAPER}, section 3, figure 1b",
            statements=tuple(
                Near(
                    quantity=_at("skewed", model, 40, "noisy_labels"),
                    other=_at("skewed", "least_squares", 40, "noisy_labels"),
                    within=0.1,
                )
                for model in MODELS
            ),
            premises=_learned("skewed", *MODELS),
            published="after 40 examples: Mamba 0.187, Transformer 0.129, least squares 0.097",
        ),
        Claim(
            id="s4",
            sentence="S4, the same at every token, does not keep up.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=(
                Times(
                    quantity=_at("skewed", "s4", 40, "isotropic"),
                    other=_at("skewed", "mamba", 40, "isotropic"),
                    factor=5.0,
                ),
            ),
            premises=_learned("skewed", "mamba"),
            published="after 40 examples: S4 0.105, Mamba 0.0040",
        ),
        Claim(
            id="plain",
            sentence="Trained on isotropic inputs, both are at the level of least squares in distribution.",
            source=f"{PAPER}, appendix, figure 8",
            statements=tuple(
                statement
                for model in MODELS
                for statement in (
                    Near(quantity=_of("plain", model, 1, 15), other=_of("plain", "least_squares", 1, 15), within=0.03),
                    AtMost(quantity=_at("plain", model, 40), bound=0.02),
                )
            ),
            published="after 40 examples: Mamba 0.00054, Transformer 0.00058",
        ),
        Claim(
            id="isotropic_is_brittle",
            sentence="Trained on isotropic inputs, Mamba fails on skewed inputs and on other orthants.",
            source=f"{PAPER}, appendix, figures 9c and 9d",
            statements=(
                AtLeast(quantity=_at("plain", "mamba", 40, "skewed"), bound=0.5),
                AtLeast(quantity=_at("plain", "mamba", 40, "orthants"), bound=0.5),
            ),
            premises=_learned("plain", "mamba"),
            published="after 40 examples: 1.19 on skewed inputs, 1.39 on other orthants",
        ),
        Claim(
            id="skewed_training_helps",
            sentence="Trained on skewed inputs, both are more robust to other orthants than trained on isotropic ones.",
            source=f"{PAPER}, section 3, figures 1 and 9",
            statements=tuple(
                Below(quantity=_of("skewed", model, 20, 40, "orthants"), other=_of("plain", model, 20, 40, "orthants"))
                for model in MODELS
            ),
            premises=(*_learned("skewed", *MODELS), *_learned("plain", *MODELS)),
        ),
    )


def _longer_claims() -> tuple[Claim, ...]:
    return (
        Claim(
            id="too_long",
            sentence="Beyond the training context both degrade, Mamba far more than the Transformer.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=(
                Times(
                    quantity=_at("skewed", "mamba", 499, "isotropic"),
                    other=_at("skewed", "mamba", 40, "isotropic"),
                    factor=10.0,
                ),
                Below(
                    quantity=_of("skewed", "transformer", 100, 499, "isotropic"),
                    other=_of("skewed", "mamba", 100, 499, "isotropic"),
                ),
            ),
            premises=_learned("skewed", *MODELS),
            published="after 499 examples: Mamba 3.18, Transformer 0.451",
        ),
        Claim(
            id="longer_training_helps",
            sentence="Training on longer prompts widens the context in which both can be used.",
            source=f"{PAPER}, appendix, figure 10",
            statements=tuple(
                Below(
                    quantity=_of("context_160", model, 100, 200, "isotropic"),
                    other=_of("skewed", model, 100, 200, "isotropic"),
                )
                for model in MODELS
            ),
            premises=(*_learned("skewed", *MODELS), *_learned("context_160", *MODELS)),
        ),
    )


def _other_tasks() -> tuple[Claim, ...]:
    ends = (("sparse", 40), ("relu", 100), ("tree", 100))
    return (
        Claim(
            id="comparable",
            sentence="On sparse regression, ReLU networks and trees Mamba is comparable with the Transformer.",
            source=f"{PAPER}, section 3, figure 2",
            statements=tuple(
                Near(quantity=_at(part, "mamba", shown), other=_at(part, "transformer", shown), within=0.1)
                for part, shown in ends
            ),
            premises=(
                *_learned("sparse", *MODELS),
                *_learned("relu", *MODELS, shown=100, bound=0.8),
                *_learned("tree", *MODELS, shown=100, bound=0.7),
            ),
        ),
        Claim(
            id="sparse_beats_least_squares",
            sentence="On sparse regression both use the sparsity: after 10 examples they beat least squares.",
            source=f"{PAPER}, section 3, figure 2a",
            statements=tuple(
                Below(quantity=_at("sparse", model, 10), other=_at("sparse", "least_squares", 10), by=0.2)
                for model in MODELS
            ),
            premises=_learned("sparse", *MODELS),
            published="after 10 examples, of the zero error: Mamba 0.067, Transformer 0.090, least squares 0.505",
        ),
        Claim(
            id="trees_beat_greedy",
            sentence="On decision trees both models are better than greedily grown trees.",
            source=f"{PAPER}, section 3, figure 2c",
            statements=tuple(
                Below(quantity=_at("tree", model, 100), other=_at("tree", "decision_tree", 100)) for model in MODELS
            ),
            published="after 100 examples, of the zero error: Mamba 0.11, Transformer 0.05, greedy trees 0.94 and 1.14",
        ),
        Claim(
            id="more_examples_help",
            sentence="On ReLU networks and trees the error of Mamba still falls beyond the training context.",
            source=f"{PAPER}, section 3, figures 2b and 2c",
            statements=tuple(
                Below(
                    quantity=_at(part, "mamba", 200, f"length={LONGEST}"),
                    other=_at(part, "mamba", 100, f"length={LONGEST}"),
                )
                for part in ("relu", "tree")
            ),
            premises=(
                *_learned("relu", "mamba", shown=100, bound=0.8),
                *_learned("tree", "mamba", shown=100, bound=0.7),
            ),
        ),
    )


def _inside(what: What, part: str, model: str, shown: int) -> Quantity:
    return Quantity(part=part, predictor=model, what=what, first=shown, last=shown)


def _inside_claims() -> tuple[Claim, ...]:
    ends = (("skewed", 40), ("sparse", 40), ("relu", 100), ("tree", 100))
    linear = ends[:2]
    return (
        Claim(
            id="last_layer_is_plain",
            sentence="After the last layer the network's own read-out needs no rescaling: scale 1, shift 0.",
            source=f"{PAPER}, section 3, figures 5 and 12",
            statements=tuple(
                statement
                for part, shown in ends
                for model in MODELS
                for statement in (
                    AtLeast(quantity=_inside("scale of the last block", part, model, shown), bound=0.9),
                    AtMost(quantity=_inside("scale of the last block", part, model, shown), bound=1.1),
                    AtLeast(quantity=_inside("shift of the last block", part, model, shown), bound=-0.2),
                    AtMost(quantity=_inside("shift of the last block", part, model, shown), bound=0.2),
                )
            ),
            premises=(
                *_learned("skewed", *MODELS),
                *_learned("sparse", *MODELS),
                *_learned("relu", *MODELS, shown=100, bound=0.8),
                *_learned("tree", *MODELS, shown=100, bound=0.7),
            ),
            published="scale 1.00 within 0.02 and shift 0.00 within 0.04 everywhere",
        ),
        Claim(
            id="error_falls_over_depth",
            sentence="On linear tasks the logarithm of the error falls almost linearly over depth, as in an iteration.",
            source=f"{PAPER}, section 3, figures 3c and 3d",
            statements=tuple(
                statement
                for part, shown in linear
                for model in MODELS
                for statement in (
                    AtLeast(quantity=_inside("decades over depth", part, model, shown), bound=1.0),
                    AtLeast(quantity=_inside("straightness over depth", part, model, shown), bound=0.7),
                    # A single cliff passes the line above and has all of its fall in a quarter of the depth.
                    AtMost(quantity=_inside("steepest quarter", part, model, shown), bound=0.7),
                )
            ),
            premises=(*_learned("skewed", *MODELS), *_learned("sparse", *MODELS)),
            published="figures 3c and 3d: 3.2 to 3.7 decades, straightness 0.80 to 0.98, steepest quarter 0.44 to 0.63",
        ),
        Claim(
            id="trees_are_flat",
            sentence="On decision trees nothing is gained for more than half of the depth.",
            source=f"{PAPER}, section 3, figure 3b",
            statements=tuple(
                AtLeast(quantity=_inside("flat depth", "tree", model, 100), bound=0.5) for model in MODELS
            ),
            premises=_learned("tree", *MODELS, shown=100, bound=0.7),
            published="a fifth of the gain is reached at 0.61 of the depth by Mamba, at 0.82 by the Transformer",
        ),
        Claim(
            id="better_than_descent",
            sentence="Both models are better than 23 steps of gradient descent, and of GD++.",
            source=f"{PAPER}, section 3, figure 3d, whose two curves are printed a factor of 20 too low",
            statements=tuple(AtMost(quantity=_at("skewed", model, 40), bound=0.0434) for model in MODELS),
            premises=_learned("skewed", *MODELS),
            published="Mamba 0.00028, Transformer 0.00018; gradient descent 0.62, GD++ 0.043",
        ),
    )
