"""What every registered baseline keeps."""

import pytest
import torch

from icl_lab.baselines.base import BASELINES, Baseline, ExampleBaseline
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.layout import interleave

DIM, LENGTH = 4, 14
# Float64 and a different order of the same operations; the worst matrix among these prompts has a condition below 1e3.
CLOSE = {"rtol": 1e-7, "atol": 1e-7}


def quick(baseline: Baseline) -> Baseline:
    """With a tenth of the work that it does by default: what a contract asks does not depend on it."""
    fewer = {name: max(2, getattr(baseline, name) // 50) for name in ("trees", "steps") if hasattr(baseline, name)}
    return baseline.replace(**fewer) if fewer else baseline


OF_EXAMPLES = [quick(BASELINES.get(n)()) for n in BASELINES.names() if issubclass(BASELINES.get(n), ExampleBaseline)]
EXACT = [baseline for baseline in OF_EXAMPLES if not baseline.draws]
every_baseline = pytest.mark.parametrize("baseline", OF_EXAMPLES, ids=Baseline.short)


def prompts(batch: int = 6) -> PromptBatch:
    return LinearRegression(dim=DIM, length=LENGTH, label_noise=0.3).sample(Stream(0, ("contract",)), 0, batch)


def with_examples(xs: torch.Tensor, ys: torch.Tensor) -> PromptBatch:
    return interleave(Examples(xs, ys))


@every_baseline
def test_predictions_are_float64_and_zero_before_the_first_example(baseline: Baseline) -> None:
    assert isinstance(baseline, Predictor)
    predictions = baseline.predict(prompts())
    assert predictions.shape == (6, LENGTH)
    assert predictions.dtype == torch.float64
    assert predictions[:, 0].abs().max() == 0
    assert predictions.isfinite().all()


@every_baseline
@pytest.mark.parametrize("i", [0, 1, 3, DIM, 8, LENGTH - 1])
def test_a_prediction_does_not_see_its_label_nor_what_follows(baseline: Baseline, i: int) -> None:
    before = prompts()
    xs, ys = before.examples.xs.clone(), before.examples.ys.clone()
    ys[:, i:] = 100 - ys[:, i:]
    xs[:, i + 1 :] *= -2
    after = with_examples(xs, ys)
    assert torch.equal(baseline.predict(after)[:, : i + 1], baseline.predict(before)[:, : i + 1])


@every_baseline
def test_a_prediction_sees_the_examples_before_it(baseline: Baseline) -> None:
    before = prompts()
    ys = before.examples.ys.clone()
    ys[:, 0] += 1
    after = with_examples(before.examples.xs, ys)
    assert (baseline.predict(after)[:, 1] != baseline.predict(before)[:, 1]).all()


@every_baseline
def test_the_order_of_the_examples_matters_only_where_it_is_said_to(baseline: Baseline) -> None:
    before = prompts()
    order = torch.tensor([7, 2, 9, 0, 4, 11, 1, 6, 3, 10, 8, 5, 12])
    order = torch.cat([order, torch.tensor([LENGTH - 1])])
    after = with_examples(before.examples.xs[:, order], before.examples.ys[:, order])
    last = baseline.predict(before)[:, -1]
    if baseline.ordered:
        assert (baseline.predict(after)[:, -1] != last).all()
    else:
        torch.testing.assert_close(baseline.predict(after)[:, -1], last, **CLOSE)


@every_baseline
def test_prompts_do_not_influence_each_other(baseline: Baseline) -> None:
    batch = prompts()
    together = baseline.predict(batch)
    apart = torch.cat([baseline.predict(batch.rows(slice(i, i + 1))) for i in range(batch.batch)])
    torch.testing.assert_close(apart, together, **CLOSE)


@every_baseline
def test_some_queries_are_answered_as_all_are(baseline: Baseline) -> None:
    batch = prompts()
    for shown in ([0, 3, 7, 13], [5], [0], []):
        torch.testing.assert_close(baseline.predict(batch, shown=shown), baseline.predict(batch)[:, shown], **CLOSE)


@pytest.mark.parametrize("baseline", EXACT, ids=Baseline.short)
def test_coordinates_that_are_always_zero_do_not_matter(baseline: Baseline) -> None:
    batch = prompts()
    padded = torch.cat([batch.examples.xs, torch.zeros(6, LENGTH, 2)], dim=2)
    with_padding = baseline.predict(with_examples(padded, batch.examples.ys))
    torch.testing.assert_close(with_padding, baseline.predict(batch), **CLOSE)


@every_baseline
@pytest.mark.parametrize("xs", [torch.zeros(2, 9, 3), torch.ones(2, 9, 3), torch.eye(3).repeat(2, 3, 1)])
def test_degenerate_prompts_have_finite_answers(baseline: Baseline, xs: torch.Tensor) -> None:
    ys = torch.arange(18.0).reshape(2, 9)
    assert baseline.predict(with_examples(xs, ys)).isfinite().all()
    answers = baseline.predict(with_examples(xs, torch.zeros(2, 9)))
    # What starts from random weights comes near 0, from the spread of its first answers.
    assert answers.abs().max() <= (0.5 if baseline.draws else 0)


@every_baseline
def test_baselines_draw_nothing_from_the_global_generator(baseline: Baseline) -> None:
    state = torch.get_rng_state()
    first = baseline.predict(prompts())
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert torch.equal(baseline.predict(prompts()), first)


@every_baseline
def test_what_draws_has_a_seed_and_what_has_a_seed_draws(baseline: Baseline) -> None:
    assert baseline.draws == ("seed" in baseline.to_json())
    if baseline.draws:
        one, other = (baseline.replace(seed=seed).predict(prompts(), shown=[5]) for seed in (1, 2))
        assert (one != other).all()
        assert torch.equal(baseline.replace(seed=1).predict(prompts(), shown=[5]), one)


@every_baseline
def test_baselines_round_trip_through_json_and_say_what_they_are(baseline: Baseline) -> None:
    assert Baseline.from_json(baseline.to_json()) == baseline
    assert type(baseline)().label == baseline.name
    assert baseline.formula
    assert baseline.source


@every_baseline
def test_wrong_prompts_are_refused(baseline: Baseline) -> None:
    batch = prompts()
    without = PromptBatch(tokens=batch.tokens, queries=batch.queries, targets=batch.targets, scored=batch.scored)
    with pytest.raises(UserError, match="needs prompts with examples"):
        baseline.predict(without)
    with pytest.raises(UserError, match="needs finite examples"):
        baseline.predict(with_examples(batch.examples.xs, batch.examples.ys / 0))
    for shown in ([3, 2], [1, 1], [-1], [LENGTH]):
        with pytest.raises(UserError, match=r"shown: expected ascending integers from 0 to 13"):
            baseline.predict(batch, shown=shown)


@every_baseline
def test_a_query_beside_the_prompt_is_answered_from_the_same_examples(baseline: Baseline) -> None:
    batch = prompts()
    asked = torch.randn(6, LENGTH, DIM, generator=Stream(0, ("asked",)).torch_generator())
    beside = interleave(Examples(batch.examples.xs, batch.examples.ys, asked=asked))
    answers = baseline.predict(beside)
    for i in (1, DIM, LENGTH - 1):
        xs = batch.examples.xs.clone()
        xs[:, i] = asked[:, i]
        inside = baseline.predict(with_examples(xs, batch.examples.ys), shown=[i])
        torch.testing.assert_close(answers[:, i : i + 1], inside, **CLOSE)


@every_baseline
def test_a_label_of_several_numbers_is_as_many_problems(baseline: Baseline) -> None:
    batch = prompts()
    ys = torch.stack([batch.examples.ys, batch.examples.ys.roll(1, 0)], dim=2)
    both = baseline.predict(with_examples(batch.examples.xs, ys))
    for column in range(2):
        alone = baseline.predict(with_examples(batch.examples.xs, ys[..., column]))
        assert torch.equal(both[..., column], alone)
