"""Properties that any scan and any causal convolution have, on random shapes, on every backend of a CPU."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_lab import kernels
from icl_lab.kernels import library, reference, vectorised

BACKENDS = [reference, vectorised]
if library.trouble() is None:
    from icl_lab.kernels import native

    BACKENDS.append(native)

FLOAT32 = 2e-6  # thirty roundings, relative to the largest value
few = settings(max_examples=25, deadline=None)
sizes = st.tuples(st.integers(1, 3), st.integers(2, 40), st.integers(1, 35), st.integers(1, 18), st.integers(0, 10**6))


def draw(batch, num_tokens, channels, d_state, seed):
    generator = torch.Generator().manual_seed(seed)
    sequences = [
        torch.randn(batch, num_tokens, size, generator=generator) for size in (channels, channels, d_state, d_state)
    ]
    u, dt, B, C = sequences
    return u, dt - 1, -4 * torch.rand(channels, d_state, generator=generator), B, C


def close(x, y, scale):
    return (x - y).abs().max() <= FLOAT32 * max(1.0, float(scale.abs().max()))


@pytest.mark.parametrize("backend", BACKENDS)
@few
@given(sizes, st.data())
def test_a_scan_in_two_parts_is_the_scan_of_the_whole(backend, size, data):
    u, dt, A, B, C = draw(*size)
    cut = data.draw(st.integers(1, size[1] - 1))
    whole, end = backend.selective_scan(u, dt, A, B, C, return_state=True)
    first, middle = backend.selective_scan(u[:, :cut], dt[:, :cut], A, B[:, :cut], C[:, :cut], return_state=True)
    second, last = backend.selective_scan(
        u[:, cut:], dt[:, cut:], A, B[:, cut:], C[:, cut:], initial_state=middle, return_state=True
    )
    assert close(torch.cat([first, second], 1), whole, whole)
    assert close(last, end, end)


@pytest.mark.parametrize("backend", BACKENDS)
@few
@given(sizes)
def test_a_scan_is_linear_in_its_input_and_blind_to_the_future(backend, size):
    u, dt, A, B, C = draw(*size)
    y = backend.selective_scan(u, dt, A, B, C)
    assert torch.equal(backend.selective_scan(2 * u, dt, A, B, C), 2 * y)
    later = u.clone()
    later[:, size[1] // 2 :] += 1
    changed = backend.selective_scan(later, dt, A, B, C)
    assert torch.equal(changed[:, : size[1] // 2], y[:, : size[1] // 2])
    assert not torch.equal(changed, y)


@pytest.mark.parametrize("backend", BACKENDS)
@few
@given(sizes)
def test_prompts_and_channels_do_not_touch_one_another(backend, size):
    u, dt, A, B, C = draw(*size)
    y = backend.selective_scan(u, dt, A, B, C)
    half = (size[2] + 1) // 2
    alone = backend.selective_scan(u[:1, :, :half], dt[:1, :, :half], A[:half], B[:1], C[:1])
    assert close(alone, y[:1, :, :half], y)


@pytest.mark.parametrize("backend", BACKENDS)
@few
@given(sizes, st.integers(1, 8), st.data())
def test_a_convolution_in_two_parts_is_the_convolution_of_the_whole(backend, size, width, data):
    x = draw(*size)[0]
    weight = torch.randn(size[2], width, generator=torch.Generator().manual_seed(size[4]))
    cut = data.draw(st.integers(1, size[1] - 1))
    whole, end = backend.causal_conv1d(x, weight, return_state=True)
    first, middle = backend.causal_conv1d(x[:, :cut], weight, return_state=True)
    second, last = backend.causal_conv1d(x[:, cut:], weight, initial_state=middle, return_state=True)
    assert close(torch.cat([first, second], 1), whole, whole)
    assert torch.equal(last, end)


@few
@given(st.floats(-80, 80), st.floats(0, 100))
def test_one_token_decays_the_state_by_the_exponential(dt, rate):
    one, zero = torch.ones(1, 1, 1), torch.zeros(1, 1, 1)
    state = kernels.selective_scan(zero, dt * one, -rate * one[0], one, one, initial_state=one, return_state=True)[1]
    step = torch.nn.functional.softplus(torch.tensor(dt, dtype=torch.float64))
    expected = torch.exp(-rate * step)
    # The exponent is a float32 product, so its rounding grows with it.
    assert abs(float(state) - float(expected)) <= 3e-7 * (1 + rate * float(step)) * float(expected) + 1e-30
