"""The parallel prefix is the loop, real and complex, with its gradients."""

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.kernels.recurrences import elementwise_recurrence, reference
from tests.unit.kernels.problems import relative_error
from tests.unit.kernels.recurrences.cases import LENGTHS

FLOAT64 = 1e-13  # sums of up to 300 terms in another order, relative to the largest value


def problem(num_tokens, dtype, strongest=0.999):
    generator = torch.Generator().manual_seed(num_tokens)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    decay = normal(2, num_tokens, 3, 4)
    decay = decay / decay.abs() * strongest * torch.rand(2, num_tokens, 3, 4, generator=generator).to(decay.real.dtype)
    return decay, normal(2, num_tokens, 3, 4), normal(2, 3, 4)


def with_gradients(recurrence, given):
    leaves = [x.clone().requires_grad_() for x in given]
    states = recurrence(*leaves)
    weights = torch.randn(states.shape, generator=torch.Generator().manual_seed(0), dtype=states.dtype)
    return [states, *torch.autograd.grad(states, leaves, weights)]


@pytest.mark.parametrize("num_tokens", LENGTHS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_states_and_gradients_are_those_of_the_loop(num_tokens, dtype):
    given = problem(num_tokens, dtype)
    found = with_gradients(elementwise_recurrence, given)
    expected = with_gradients(reference.elementwise_recurrence, given)
    for x, y in zip(found, expected, strict=True):
        assert float((x - y).detach().abs().max() / y.detach().abs().max()) < FLOAT64


@pytest.mark.parametrize("strongest", [0.0, 1e-30, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_extreme_decays_stay_finite(strongest, dtype):
    given = [x.to(dtype) for x in problem(65, torch.float32, strongest)]
    assert all(bool(x.isfinite().all()) for x in with_gradients(elementwise_recurrence, given))


def test_the_gradient_can_be_differentiated():
    given = [x.requires_grad_() for x in problem(7, torch.float64)]
    assert torch.autograd.gradgradcheck(elementwise_recurrence, given)


def test_a_sequence_in_two_parts():
    decay, inputs, initial = problem(20, torch.float64)
    whole = elementwise_recurrence(decay, inputs, initial)
    begin = elementwise_recurrence(decay[:, :13], inputs[:, :13], initial)
    end = elementwise_recurrence(decay[:, 13:], inputs[:, 13:], begin[:, -1])
    assert relative_error(torch.cat([begin, end], dim=1), whole) < FLOAT64


@pytest.mark.parametrize(("at", "name"), [(0, "decay"), (1, "inputs"), (2, "initial_state")])
def test_a_wrong_argument_is_named(at, name):
    given = list(problem(5, torch.float64))
    given[at] = given[at].long()
    with pytest.raises(UserError, match=f"^{name} must "):
        elementwise_recurrence(*given)
