"""What is run for Grazzi et al. 2024, with their trainings."""

from icl_lab.comparisons.recipes import PAPER as PARK
from icl_lab.studies.parts import REGRESSION, Plan
from icl_lab.studies.tuning.chosen import PartOf
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
SHIFTS = (
    Isotropic(),
    *(Isotropic(then=change) for change in (NoisyLabels(), Orthants(), ScaledInputs(), ScaledLabels())),
    HalfSubspace(),
)
"""Panels a to f of figure 1: the paper's evaluator draws isotropic inputs whatever a model was trained on."""

DESCENTS = ("gradient_descent(steps=23)", "gd_plus_plus(steps=23)")
"""The iterates at the end of figure 3d, with the gamma of figure 11."""

PUBLISHED = PARK.replace(optimiser=Adam(rate=1e-4), schedule=Cosine(), clip=0.0)
S4_PUBLISHED = PUBLISHED.replace(optimiser=Adam(rate=1e-3))
SKEWED = LinearRegression(inputs=SkewedInputs())
TINY = LinearRegression(inputs=SkewedInputs(), dim=3, length=9)
SETTINGS = {"recipe": "grazzi"}
LAYERS = 4
"""At small scale: eight blocks learn more in 4,000 steps than four in 12,000, and give more to look into."""
SKEWED_PART: PartOf = ("grazzi2024", "skewed")
"""The search that the other parts use as well."""


def _longest(length: int) -> float:
    return LONGEST / length


PLANS = (
    Plan(
        name="skewed",
        title="Linear regression, trained on skewed inputs, tested on others and to 500 examples (figure 1)",
        task=SKEWED,
        smoke=TINY,
        models=MODELS,
        support=("s4",),
        settings=SETTINGS,
        layers=LAYERS,
        steps=6000,
        shifts=SHIFTS,
        shifts_longest=True,
        longest=_longest(41),
        recipe_of=REGRESSION,
        probed_at=(40, 80, 160),
        published=PUBLISHED,
        published_for={"s4": S4_PUBLISHED},
        baselines=("least_squares", *DESCENTS),
    ),
    Plan(
        name="sparse",
        title="Sparse linear regression, to 500 examples (figure 2a)",
        task=SparseLinearRegression(),
        smoke=SparseLinearRegression(dim=4, sparsity=2, length=9),
        models=MODELS,
        settings=SETTINGS,
        layers=LAYERS,
        steps=4000,
        longest=_longest(41),
        recipe_of=SKEWED_PART,
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
        layers=LAYERS,
        steps=2000,
        longest=_longest(101),
        recipe_of=SKEWED_PART,
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
        layers=LAYERS,
        steps=2000,
        longest=_longest(101),
        recipe_of=SKEWED_PART,
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
        layers=LAYERS,
        steps=4000,
        num_seeds=3,  # of two Transformers one has left the plateau in the budget
        shifts=(ScaledInputs(), NoisyLabels(), Skewed(), Orthants()),
        recipe_of=SKEWED_PART,
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
            layers=LAYERS,
            steps=steps,
            num_seeds=1,
            recipe_of=SKEWED_PART,
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
