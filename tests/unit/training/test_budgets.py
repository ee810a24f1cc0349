"""A budget becomes a number of steps; the run is then the run of that number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from icl_lab.kernels import using
from icl_lab.models.presets.pattern import Pattern
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.budgets.base import Lengths
from icl_lab.training.budgets.flops import Flops
from icl_lab.training.budgets.seconds import REHEARSALS, Seconds
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.loop import Trainer
from icl_lab.training.schedules.base import Schedule
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.schedules.cosine import Cosine
from icl_lab.training.schedules.linear import Linear
from icl_lab.training.snapshot import Snapshot
from tests.unit.training.tiny import FakeClock, finished, same, tiny_run

CURRICULUM = Curriculum(length=Ramp(start=2, end=5, increment=1, interval=5))


def timed(spec, seconds_a_pass) -> tuple[Trainer, FakeClock]:
    """A trainer on whose clock the n-th pass through the network takes `seconds_a_pass(n, tokens)`."""
    clock, passes = FakeClock(), [0]
    trainer = Trainer(spec, clock=clock)

    def tick(module, arguments) -> None:
        clock.now += seconds_a_pass(passes[0], arguments[0].shape[1])
        passes[0] += 1

    trainer.network.register_forward_pre_hook(tick)
    return trainer, clock


@given(
    start=st.integers(1, 6),
    grow=st.integers(0, 6),
    increment=st.integers(0, 3),
    interval=st.integers(1, 9),
    step=st.integers(0, 60),
    examples=st.floats(0, 400),
)
@settings(max_examples=100, deadline=None)
def test_steps_within_is_the_largest_number_that_fits(start, grow, increment, interval, step, examples) -> None:
    lengths = Lengths(start + grow, Ramp(start=start, end=start + grow, increment=increment, interval=interval))
    count = lengths.steps_within(examples, step)
    needed = sum(lengths.at(i) for i in range(step, step + count))
    assert needed <= examples < needed + lengths.at(step + count)


# A pass takes an eighth of a second, which is exact in binary; the rehearsals are paid from the budget too.
@pytest.mark.parametrize("schedule", [Constant(), Linear(decay=0.5), Cosine()], ids=lambda s: s.spec_name())
def test_seconds_become_as_many_steps_as_fit_and_the_run_is_the_run_of_that_many_steps(schedule: Schedule) -> None:
    trainer, clock = timed(tiny_run(budget=Seconds(amount=4.0), schedule=schedule), lambda n, tokens: 0.125)
    by_time = finished(trainer)
    steps = 32 - REHEARSALS
    assert by_time.progress.step == steps
    assert clock.now - 100.0 == 4.0
    assert same(by_time, finished(Trainer(tiny_run(steps=steps, schedule=schedule))))


def test_a_machine_that_slows_down_before_the_decay_does_not_exceed_its_seconds() -> None:
    trainer, clock = timed(
        tiny_run(budget=Seconds(amount=8.0), schedule=Linear(decay=0.25)), lambda n, tokens: 0.125 if n < 20 else 0.25
    )
    by_time = finished(trainer)
    # The mean speed so far still remembers the fast passes; the decay, a quarter, is what can be too long.
    assert 7.0 <= clock.now - 100.0 <= 8.0 * 1.1
    assert same(by_time, finished(Trainer(tiny_run(steps=by_time.progress.step, schedule=Linear(decay=0.25)))))


def test_a_curriculum_of_lengths_is_foreseen() -> None:
    # A cosine needs the total at step 0, when only the shortest prompts were timed.
    spec = tiny_run(budget=Seconds(amount=64.0), schedule=Cosine(), curriculum=CURRICULUM)
    trainer, clock = timed(spec, lambda n, tokens: tokens / 8)
    finished(trainer)
    assert 64.0 - 5 * 2 / 8 <= clock.now - 100.0 <= 64.0


def test_time_spent_before_an_interruption_counts() -> None:
    spec = tiny_run(budget=Seconds(amount=4.0), schedule=Constant())
    first, _ = timed(spec, lambda n, tokens: 0.125)
    steps = first.steps()
    for _ in range(10):
        next(steps)
    resumed, _ = timed(spec, lambda n, tokens: 0.125)
    resumed.restore(first.snapshot())
    assert finished(resumed).progress.step == 32 - 2 * REHEARSALS


def test_flops_become_the_same_number_of_steps_everywhere() -> None:
    once = Trainer(tiny_run())
    with sdpa_kernel(SDPBackend.MATH), using("vectorised"), FlopCounterMode(display=False) as counter:
        once._rehearse(0)
    a_step = counter.get_total_flops()
    assert a_step > 0
    for schedule in (Constant(), Linear()):
        spec = tiny_run(budget=Flops(amount=9.5 * a_step), schedule=schedule)
        assert same(finished(Trainer(spec)), finished(Trainer(tiny_run(steps=9, schedule=schedule))))


@pytest.mark.parametrize("stop", range(1, 12, 2))
def test_a_budget_of_flops_resumes_bit_for_bit_before_and_after_it_is_settled(stop: int) -> None:
    once = Trainer(tiny_run())
    with sdpa_kernel(SDPBackend.MATH), using("vectorised"), FlopCounterMode(display=False) as counter:
        once._rehearse(0)
    spec = tiny_run(budget=Flops(amount=9 * counter.get_total_flops()), schedule=Linear(), curriculum=CURRICULUM)
    whole = finished(Trainer(spec))
    assert whole.progress.step > 12  # short prompts come first
    first = Trainer(spec)
    steps = first.steps()
    for _ in range(stop):
        next(steps)
    resumed = Trainer(spec)
    resumed.restore(Snapshot(first.progress, {k: v.clone() for k, v in first.snapshot().tensors.items()}))
    assert same(finished(resumed), whole)


def test_attention_and_recurrent_layers_are_paid_for() -> None:
    for blocks in ("attention", "lstm"):
        spec = tiny_run(budget=Flops(amount=1.0), model=Pattern(blocks=blocks, d_model=8))
        trainer = Trainer(spec)
        meter = spec.training.budget.meter(Lengths(spec.task.length), trainer.workers, clock=lambda: 0.0)
        meter.prepare(trainer._rehearse, 0)
        meter.spend(0)
        # In double precision no layer of a CPU is fused, so that PyTorch's counter alone sees everything.
        trainer.network.double()
        with sdpa_kernel(SDPBackend.MATH), using("vectorised"), FlopCounterMode(display=False) as counter:
            trainer._rehearse(0)
        assert meter.spent == counter.get_total_flops()


def test_a_budget_too_small_for_a_step_is_one_step() -> None:
    assert finished(Trainer(tiny_run(budget=Flops(amount=1.0)))).progress.step == 1


def test_steps_are_steps() -> None:
    assert finished(Trainer(tiny_run(budget=Steps(amount=3)))).progress.step == 3
