"""Models that have learned nothing decide nothing: neither for a claim nor against it."""

from collections.abc import Sequence

import pytest

from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.base import STUDIES
from icl_lab.studies.recall_capacity import DELTA, LARGE_STATE, LINEAR, SMALL_STATE

from .found_rows import Point, part, sharp


def outcomes(study: str, ids: Sequence[str], rows: dict[str, Comparison]) -> dict[str, str]:
    return {claim.id: claim.judge(rows).outcome for claim in STUDIES.get(study)().claims if claim.id in ids}


def flat(error: float, points: int) -> list[list[Point]]:
    """Two trainings: one decides nothing."""
    return [sharp(*[error] * points)] * 2


def pool(old: float, new: float, posterior: float = 0.1, ridge: float = 0.2) -> Comparison:
    """Everybody with these errors, but for the two baselines."""
    models = ("transformer", "mamba", "mambaformer", "(delta_net mlp)*L", "(gru)*4")
    curves = {model: flat(old, 41) for model in models} | {"discrete_mmse": flat(posterior, 41)}
    shifted = {model: flat(new, 41) for model in models} | {"ridge(strength=0.25)": flat(ridge, 41)}
    seen, unseen = part(curves), part(shifted, shift="new_functions")
    return seen.__class__(**(vars(seen) | {"records": seen.records.extend(unseen.records)}))


IDS = ("by_heart", "in_context", "more_is_better")


@pytest.mark.parametrize(
    ("few", "many", "expected"),
    [
        ((1.0, 1.0), (1.0, 1.0), ["undecided"] * 3),
        ((0.15, 1.5), (0.2, 0.2), ["holds"] * 3),
        ((0.15, 0.3), (0.2, 1.5), ["does not hold"] * 3),
        ((1.0, 1.0), (0.2, 0.2), ["undecided", "holds", "undecided"]),
    ],
)
def test_pools_count_where_they_were_learned(
    few: tuple[float, float], many: tuple[float, float], expected: list[str]
) -> None:
    rows = {"pool_4": pool(*few), "pool_16384": pool(*many)}
    assert list(outcomes("task_diversity", IDS, rows).values()) == expected


@pytest.mark.parametrize(
    ("small", "large", "delta", "linear", "expected"),
    [
        (1.0, 1.0, 1.0, 1.0, ["undecided"] * 3),
        (0.6, 0.3, 0.3, 1.0, ["holds"] * 3),
        (0.05, 0.3, 0.3, 0.3, ["does not hold"] * 3),
        (1.0, 0.3, 1.0, 0.3, ["undecided", "holds", "undecided"]),
    ],
)
def test_states_count_where_something_was_learned(
    small: float, large: float, delta: float, linear: float, expected: list[str]
) -> None:
    errors = {SMALL_STATE: small, LARGE_STATE: large, DELTA: delta, LINEAR: linear}
    rows = {"recall": part({model: flat(error, 32) for model, error in errors.items()})}
    assert list(outcomes("recall_capacity", ("fixed", "larger", "delta"), rows).values()) == expected


EASY = {"linear_regression": 41, "sparse_linear_regression": 41, "two_layer_relu": 101}


def regression(**transformer: float) -> dict[str, Comparison]:
    """Mamba at 0.1 everywhere, the Transformer as given; neither gets better any more."""
    held_out = dict.fromkeys(("mamba", "transformer"), [[1.0] * 6] * 2)
    return {
        name: part({"mamba": flat(0.1, points), "transformer": flat(transformer[name], points)}, held_out=held_out)
        for name, points in EASY.items()
    }


def test_a_task_that_was_not_learned_leaves_the_others_to_decide() -> None:
    unlearned = {"sparse_linear_regression": 0.6, "two_layer_relu": 0.1}
    assert outcomes("park2024", ["C1"], regression(linear_regression=0.1, **unlearned)) == {"C1": "undecided"}
    assert outcomes("park2024", ["C1"], regression(linear_regression=0.3, **unlearned)) == {"C1": "does not hold"}


def test_a_short_training_does_not_refute_that_a_task_can_be_learned() -> None:
    models = ("transformer", "mamba", "mambaformer")
    rows = {"chain_of_thought": part({model: flat(0.6, 101) for model in models})}
    assert outcomes("park2024", ["C11"], rows) == {"C11": "undecided"}


def test_the_end_of_a_long_prompt_is_more_than_one_place() -> None:
    """Where few prompts are asked at any one place, one place with a large error does not decide."""
    curve = [*[0.1] * 511, 2.0]
    rows = {"many_outlier_regression": part({"mamba": [sharp(*curve)] * 2, "transformer": flat(1.0, 512)})}
    assert outcomes("park2024", ["C4"], rows) == {"C4": "holds"}
