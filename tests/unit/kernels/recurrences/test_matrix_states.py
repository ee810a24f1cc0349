"""The chunked forms are their loops: outputs, states, gradients, at any length and chunk, however strong the decay."""

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.kernels import backend, recurrences
from icl_lab.kernels.recurrences import reference
from tests.unit.kernels.problems import assert_close, cast, outputs_and_gradients, relative_error
from tests.unit.kernels.recurrences.cases import D_KEY, D_VALUE, HEADS, LENGTHS, OPERATIONS, STEPS, inputs

FLOAT64 = 1e-13  # sums of up to 300 terms in another order, relative to the largest value
# Roundings of 6e-8 each: a state that fades as here holds tens of terms, products of them are sums of 4 or 16.
FLOAT32 = 5e-6
both_backends = pytest.mark.parametrize("kernels", ["native", "vectorised"])
every_case = pytest.mark.parametrize("case", OPERATIONS)


@every_case
@pytest.mark.parametrize("num_tokens", LENGTHS)
def test_outputs_state_and_gradients_are_those_of_the_loop(case, num_tokens):
    given = inputs(case, num_tokens)
    found = outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True)
    expected = outputs_and_gradients(reference, OPERATIONS[case], given, return_state=True)
    assert_close(found, expected, FLOAT64)


@every_case
@pytest.mark.parametrize("chunk", [1, 2, 8, 64])
def test_the_chunk_does_not_matter(case, chunk):
    given = inputs(case, 70, initial=False)
    found = outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True, chunk=chunk)
    expected = outputs_and_gradients(reference, OPERATIONS[case], given, return_state=True)
    assert_close(found, expected, FLOAT64)


@every_case
def test_without_a_state_before_or_after(case):
    given = inputs(case, 11, initial=False)
    found = outputs_and_gradients(recurrences, OPERATIONS[case], given)
    assert_close(found, outputs_and_gradients(reference, OPERATIONS[case], given), FLOAT64)


@every_case
@both_backends
@pytest.mark.parametrize("num_tokens", [65, 300])
def test_float32_loses_a_few_roundings(case, kernels, num_tokens):
    given = cast(inputs(case, num_tokens), torch.float32)
    with backend.using(kernels):
        found = outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True)
    expected = outputs_and_gradients(reference, OPERATIONS[case], cast(given, torch.float64), return_state=True)
    assert_close(found, expected, FLOAT32)


@every_case
@both_backends
@pytest.mark.parametrize("strongest", [0.0, 1e-3, 50.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_extreme_decays_stay_finite_and_right(case, kernels, strongest, dtype):
    given = cast(inputs(case, 130, strongest=strongest), dtype)
    with backend.using(kernels):
        found = outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True)
    expected = outputs_and_gradients(reference, OPERATIONS[case], cast(given, torch.float32), return_state=True)
    assert all(bool(x.isfinite().all()) for x in found.values())
    # bf16 arithmetic is float32 inside: one rounding of 4e-3 at the end. A state that does not fade sums 130 terms.
    tolerance = 8e-3 if dtype is torch.bfloat16 else 4 * FLOAT32
    assert_close(found, expected, tolerance)


@both_backends
@pytest.mark.parametrize("case", [case for case in OPERATIONS if "decay" in case])
def test_a_strong_decay_does_not_blur_the_weak_ones_after_it(case, kernels):
    given = inputs(case, 40, initial=False, strongest=1e-2)
    given["log_decay"][:, :, 9] = -1e4
    with backend.using(kernels):
        found = outputs_and_gradients(recurrences, OPERATIONS[case], cast(given, torch.float32))
    expected = outputs_and_gradients(reference, OPERATIONS[case], given)
    assert_close(found, expected, FLOAT32)


@pytest.mark.parametrize("case", [case for case in OPERATIONS if "decay" in case])
def test_a_decay_of_zero_forgets_everything(case):
    given = inputs(case, 20)
    given["log_decay"][:, :, 7] = -torch.inf
    leaves = {name: x.requires_grad_() for name, x in given.items()}
    o, state = getattr(recurrences, OPERATIONS[case])(**leaves, return_state=True)
    expected, last = getattr(reference, OPERATIONS[case])(**leaves, return_state=True)
    assert relative_error(o.detach(), expected.detach()) < FLOAT64
    assert relative_error(state.detach(), last.detach()) < FLOAT64
    assert all(bool(x.isfinite().all()) for x in torch.autograd.grad(o.sum(), list(leaves.values())))


@every_case
def test_the_step_form_goes_on_where_the_sequence_form_ended(case):
    given = inputs(case, 21)
    fixed = {name: given[name] for name in ("bonus",) if name in given}
    sequences = {name: x for name, x in given.items() if name not in ("bonus", "initial_state")}
    operation = getattr(recurrences, OPERATIONS[case])
    whole, last = operation(**given, return_state=True)
    begin = {name: x[:, :, :20] for name, x in sequences.items()}
    _, state = operation(**begin, **fixed, initial_state=given["initial_state"], return_state=True)
    o, state = STEPS[OPERATIONS[case]](state, **{name: x[:, :, 20] for name, x in sequences.items()}, **fixed)
    assert relative_error(o, whole[:, :, 20]) < FLOAT64
    assert relative_error(state, last) < FLOAT64


@every_case
def test_no_output_depends_on_a_later_token(case):
    given = inputs(case, 37)
    leaves = {name: x.requires_grad_() for name, x in given.items() if name not in ("bonus", "initial_state")}
    o = getattr(recurrences, OPERATIONS[case])(**given)
    for at in (1, 15, 16, 36):
        grads = torch.autograd.grad(o[:, :, at].sum(), list(leaves.values()), retain_graph=True)
        for name, grad in zip(leaves, grads, strict=True):
            assert not bool(grad[:, :, at + 1 :].any()), (name, at)
            assert bool(grad[:, :, : at + 1].any()), (name, at)


def test_special_cases_coincide():
    given = inputs("delta rule, one decay a head", 50)
    q, k, v, state = given["q"], given["k"], given["v"], given["initial_state"]
    rate, log_decay = given["rate"], given["log_decay"]
    none = torch.zeros_like(log_decay)
    channels = log_decay[..., None].expand_as(k)

    def close(x, y):
        return relative_error(x, y) < FLOAT64

    linear, delta = recurrences.linear_recurrence, recurrences.delta_rule
    scores = (q @ k.mT).tril()
    assert close(linear(q, k, v, none), scores @ v)  # linear attention
    assert close(linear(q, k, v, log_decay), linear(q, k, v, channels))
    assert close(delta(q, k, v, rate, none), delta(q, k, v, rate))
    assert close(delta(q, k, v, rate, log_decay), delta(q, k, v, rate, channels))
    assert close(
        delta(q, k, v, none, log_decay, initial_state=state),
        linear(q, k, none[..., None] * v, log_decay, initial_state=state),
    )
    written = rate[..., None] * k
    right = log_decay.exp()[..., None] * k
    assert close(
        recurrences.rank_one_recurrence(q, written, v, -written, right, log_decay), delta(q, k, v, rate, log_decay)
    )


def test_one_head_of_ones_is_a_sum_that_fades():
    ones = torch.ones(1, 1, 4, 1, dtype=torch.float64)
    o = recurrences.linear_recurrence(ones, ones, ones, torch.full((1, 1, 4), 0.5, dtype=torch.float64).log())
    assert o.flatten().tolist() == pytest.approx([1, 1.5, 1.75, 1.875])


def test_a_delta_rule_of_rate_one_answers_with_the_last_value_of_a_key():
    generator = torch.Generator().manual_seed(0)
    k = torch.eye(4, dtype=torch.float64)[torch.randint(4, (1, 1, 40), generator=generator)]
    v = torch.randn(1, 1, 40, 3, generator=generator, dtype=torch.float64)
    assert relative_error(recurrences.delta_rule(k, k, v, torch.ones(1, 1, 40, dtype=torch.float64)), v) < FLOAT64


def test_autocast_does_not_reach_the_state():
    given = cast(inputs("delta rule", 40), torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        found = recurrences.delta_rule(**given)
    assert torch.equal(found, recurrences.delta_rule(**given))


def test_the_loop_runs_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("icl_lab.kernels.recurrences.linear.ChunkDecays", None)
    given = inputs("one decay a head", 5)
    with backend.using("reference"):
        recurrences.linear_recurrence(**given)


REFUSING = ("one decay a channel, bonus", "delta rule, one decay a head", "rank one, one decay a head")
SPOILT = {"rank": lambda x: x[None], "dtype": lambda x: x.long(), "device": lambda x: x.to("meta")}


@pytest.mark.parametrize(("case", "name"), [(case, name) for case in REFUSING for name in inputs(case, 3)])
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_wrong_argument_is_named(case, name, spoil):
    given = inputs(case, 3)
    given[name] = spoil(given[name])
    told = name if given[name].device.type == "cpu" or name != "q" else "k"  # the others are compared with q
    with pytest.raises(UserError, match=f"^{told} must "):
        getattr(recurrences, OPERATIONS[case])(**given)


def test_wrong_sizes_are_named():
    given = inputs("one decay a head", 3)
    wide = torch.zeros(2, HEADS, D_KEY, D_VALUE + 1, dtype=torch.float64)
    with pytest.raises(UserError, match="^initial_state must have shape"):
        recurrences.linear_recurrence(**given | {"initial_state": wide})
    with pytest.raises(UserError, match="^chunk must be a power of two, got 12"):
        recurrences.linear_recurrence(**given, chunk=12)
