"""The loop: it learns, it repeats itself, it stops when numbers do."""

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.models.presets.s4 import S4
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.chain_of_thought import ChainOfThought
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.loop import Diverged, Trainer
from icl_lab.training.observers.collector import Collector
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.optimisers.adamw import AdamW
from icl_lab.training.run import train
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.workers import Workers
from tests.unit.training.tiny import TASK, finished, same, tiny_run


def test_it_learns() -> None:
    seen = Collector()
    task, model = LinearRegression(dim=1, length=6), Transformer(d_model=16, num_layers=2, num_heads=2)
    spec = tiny_run(steps=200, batch=32, warmup=20, task=task, model=model, optimiser=AdamW(rate=0.01))
    train(spec.replace(training=spec.training.replace(held_out_interval=75)), [seen])
    # Predicting zero costs 1; what is below that was learned in context, since w has mean zero.
    assert np.mean(seen.losses[:20]) > 0.9
    assert np.mean(seen.losses[-20:]) < 0.75
    assert seen.results[-1].smoothed_loss < seen.results[20].smoothed_loss
    errors = {result.step: result.error for result in seen.results if result.error is not None}
    assert list(errors) == [75, 150, 200]
    assert errors[200] < 0.85


def test_the_global_generators_neither_matter_nor_move() -> None:
    spec = tiny_run(model=S4(d_model=8, num_layers=1, dropout=0.1))
    first = finished(Trainer(spec))
    with torch.random.fork_rng():
        torch.manual_seed(7)  # what a user's notebook may have done
        # Python's own generator is left out: the shape checker of the tests draws from it.
        before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
        again = finished(Trainer(spec))
        assert torch.equal(before[0], torch.get_rng_state())
        assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002
    assert same(first, again)


def test_another_seed_is_another_run() -> None:
    assert not same(finished(Trainer(tiny_run(seed=0))), finished(Trainer(tiny_run(seed=1))))


def test_accumulation_takes_the_same_steps() -> None:
    # float64: two orders of the same sums, a few steps of Adam on top
    whole, in_parts = (Trainer(tiny_run(steps=5, accumulation=parts, optimiser=Adam(rate=1e-2))) for parts in (1, 3))
    for trainer in (whole, in_parts):
        trainer.network.double()
    for one, other in zip(whole.steps(), in_parts.steps(), strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-9)
    assert one.loss != other.loss or one.gradient_norm != other.gradient_norm  # they really were computed in parts


def test_the_curriculum_is_followed() -> None:
    ramp = Ramp(start=2, end=5, increment=2, interval=3)
    seen = Collector()
    train(tiny_run(steps=10, curriculum=Curriculum(length=ramp)), [seen])
    examples = [result.tokens // (8 * 2) for result in seen.results]  # batch 8, two tokens an example
    assert examples == [2, 2, 2, 4, 4, 4, 5, 5, 5, 5]


def test_bf16_computes_in_bf16_and_keeps_weights_in_float32() -> None:
    plain, half = Trainer(tiny_run(steps=5)), Trainer(tiny_run(steps=5, precision="bf16"))
    dtypes = set()
    half.network.read_out.register_forward_hook(lambda module, arguments, output: dtypes.add(output.dtype))
    for one, other in zip(plain.steps(), half.steps(), strict=True):
        # bfloat16 has 8 bits: each product is off by up to 0.4 %, their mean by less
        assert one.loss == pytest.approx(other.loss, rel=0.02)
    assert dtypes == {torch.bfloat16}
    assert {p.dtype for p in half.network.parameters()} == {torch.float32}


def test_gradients_are_clipped_to_the_norm() -> None:
    # The first update of plain Adam does not see a gradient's size, so look at the gradient itself.
    trainer = Trainer(tiny_run(clip=0.01))
    norms = []
    trainer._optimisers[0].register_step_pre_hook(
        lambda optimiser, args, kwargs: norms.append(torch.nn.utils.get_total_norm(p.grad for p in trainer._parameters))
    )
    results = list(trainer.steps())
    assert min(result.gradient_norm for result in results) > 0.01  # as reported: before clipping
    # float32, and clipping divides by norm + 1e-6
    assert all(norm.item() == pytest.approx(0.01, rel=1e-3) for norm in norms)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_before_the_update(bad: float) -> None:
    trainer = Trainer(tiny_run(schedule=Constant()))
    steps = trainer.steps()
    next(steps)
    with torch.no_grad():
        trainer.network.read_out.bias.fill_(bad)
    before = trainer.network.read_in.weight.clone()
    with pytest.raises(Diverged, match="the loss of step 2 is"):
        next(steps)
    assert torch.equal(trainer.network.read_in.weight, before)


def test_a_weight_that_is_not_finite_gets_into_no_snapshot() -> None:
    trainer = Trainer(tiny_run())
    next(trainer.steps())
    with torch.no_grad():
        trainer.network.read_out.bias.fill_(float("nan"))
    with pytest.raises(Diverged, match=r"weight read_out\.bias of step 1"):
        trainer.snapshot()


def test_more_processes_than_prompts_are_refused() -> None:
    workers = Workers()
    workers.count = 9
    with pytest.raises(UserError, match="at least one prompt for each of 9 processes, got 8"):
        Trainer(tiny_run(), workers)


def test_rows_of_all_processes_are_the_batch() -> None:
    rows = []
    for index in range(3):
        workers = Workers()
        workers.index, workers.count = index, 3
        rows += range(8)[workers.rows(8)]
    assert rows == list(range(8))


def test_more_parts_than_prompts_are_refused() -> None:
    with pytest.raises(UserError, match="accumulation: expected at most batch=8, got 9"):
        tiny_run(accumulation=9)


def test_a_curriculum_the_task_has_no_field_for_is_refused() -> None:
    spec = tiny_run(curriculum=Curriculum(dims=Ramp(start=3, end=5)), task=TASK)
    with pytest.raises(UserError, match="active_dims: expected at most dim=2, got 3"):
        next(Trainer(spec).steps())


def test_held_out_prompts_are_not_those_of_training(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    sample = LinearRegression.sample

    def noted(task: LinearRegression, stream: Stream, step: int, batch: int) -> PromptBatch:
        asked.append((stream.names, step, batch))
        return sample(task, stream, step, batch)

    monkeypatch.setattr(LinearRegression, "sample", noted)
    train(tiny_run(steps=4, held_out_interval=2, held_out_prompts=20))
    prompts = [(("train", "prompts"), step, 8) for step in range(4)]
    assert [call for call in asked if call[0][0] == "train"] == prompts
    # Drawn once: the error is measured on the same prompts all along.
    assert [call for call in asked if call[0][0] != "train"] == [(("held_out", "prompts"), 0, 20)]


def test_held_out_prompts_are_asked_as_they_are_at_evaluation() -> None:
    task = ChainOfThought(length=4, dim=3, hidden=2)
    seen = Collector()
    network = train(tiny_run(steps=2, task=task, held_out_interval=2, held_out_prompts=8), [seen])
    stream = Stream(0, ("held_out", "prompts"))
    # A free run: the training prompts, which show the hidden layer, have another error.
    prompts = task.asked(task.sample(stream, 0, 8))
    with torch.no_grad():
        error = task.error(network.predict(prompts), prompts).mean().item()
    assert seen.results[-1].error == pytest.approx(error, rel=1e-5)  # float32
