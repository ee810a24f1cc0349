"""H3 and Hyena against the paper's recurrences and sums written out: outputs and every gradient, float64."""

import math

import pytest
import torch
from torch import Tensor, nn

from icl_lab.core.errors import UserError
from icl_lab.models.long_convolution import LONGEST_PRODUCT
from icl_lab.models.mixers.base import SequenceMixer, Site, measured_size
from icl_lab.models.mixers.h3 import H3
from icl_lab.models.mixers.hyena import FASTEST, SLOWEST, Hyena
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built
from tests.unit.models.toys import assert_same, generator, randn


def convolved(x: Tensor, weight: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """Every channel with its own short filter, the newest input last."""
    width = weight.shape[1]
    padded = nn.functional.pad(x, (0, 0, width - 1, 0))
    return bias + sum(weight[:, j] * padded[:, j : j + x.shape[1]] for j in range(width))


def step_by_step(mixer: SequenceMixer, x: Tensor) -> Tensor:
    state, outputs = mixer.initial_state(len(x)), []
    for token in x.unbind(1):
        output, state = mixer.step(token, state)
        outputs.append(output)
    return torch.stack(outputs, dim=1)


@pytest.mark.parametrize("d_head", [1, 4])
def test_h3_is_two_state_spaces_with_products_between_them(d_head: int) -> None:
    ours = built(H3(d_head=d_head, d_state=8))

    def by_hand(x: Tensor) -> Tensor:
        q, k, v = ours.to_qkv(x).chunk(3, dim=-1)
        rates = torch.complex(-ours.ssm.log_decay.exp(), ours.ssm.frequency)
        dt = ours.ssm.log_dt.exp()[:, None]
        read = torch.view_as_complex(ours.ssm.C)
        heads = D_MODEL // d_head
        shift_state = x.new_zeros(len(x), D_MODEL, 4)
        state = torch.zeros(len(x), heads, d_head, d_head, 4, dtype=torch.complex128)
        outputs = []
        for t in range(x.shape[1]):
            # The shift matrix moves every number one place on; B = e_1 writes the new one.
            shift_state = torch.cat([k[:, t, :, None], shift_state[..., :-1]], dim=-1)
            key = (shift_state * ours.shift.flip(1)).sum(-1).unflatten(1, (heads, d_head))
            value, query = (part[:, t].unflatten(1, (heads, d_head)) for part in (v, q))
            product = key[..., :, None] * value[..., None, :]
            held = torch.exp(dt * rates)[:, None, None] * state
            state = held + ((torch.exp(dt * rates) - 1) / rates)[:, None, None] * product[..., None]
            memory = 2 * (read[:, None, None] * state).sum(-1).real + ours.ssm.D[:, None, None] * product
            outputs.append((query[..., None, :] @ memory).flatten(1))
        return ours.to_out(torch.stack(outputs, dim=1))

    assert_same_outputs_and_gradients(ours, by_hand)


def test_h3_is_linear_attention_with_a_weight_for_each_distance() -> None:
    ours, x = built(H3(d_head=8)), randn(2, LENGTH, D_MODEL)
    q, k, v = ours.to_qkv(x).chunk(3, dim=-1)
    k = convolved(k, ours.shift)
    q, k, v = (part.unflatten(-1, (2, 8)).transpose(1, 2) for part in (q, k, v))
    distance = (torch.arange(LENGTH)[:, None] - torch.arange(LENGTH)).clamp(min=0)
    weight = ours.ssm.kernel(LENGTH).T[:, distance] + ours.ssm.D[:, None, None] * torch.eye(LENGTH)
    mixed = (q @ k.mT * weight).tril() @ v
    assert_same(ours(x), ours.to_out(mixed.transpose(1, 2).flatten(2)))


@pytest.mark.parametrize("d_head", [2, 16])
def test_h3_with_wide_heads_has_a_step_form(d_head: int) -> None:
    mixer, x = built(H3(d_head=d_head, d_state=4)), randn(2, 9, D_MODEL)
    assert_same(step_by_step(mixer, x), mixer(x))
    assert measured_size(mixer.initial_state(2)) == mixer.state_size(9)


def test_h3_heads_must_divide_the_width() -> None:
    with pytest.raises(UserError, match="h3.d_head: expected a divisor of d_model=16, got 3"):
        H3(d_head=3).build(Site(D_MODEL, 4, generator()))
    with pytest.raises(UserError, match="h3.d_state: expected an even number"):
        H3(d_state=3)


def filters_by_hand(mixer: SequenceMixer, length: int) -> Tensor:
    """One number after the other from the formula: (order, length, d_model)."""
    network, spec = mixer.filter, mixer.spec
    rows = []
    for lag in range(length):
        time = lag / spec.time_scale
        turns = [2 * math.pi * j * time for j in range(1, spec.num_frequencies + 1)]
        h = torch.tensor([time, *map(math.cos, turns), *map(math.sin, turns)], dtype=torch.float64)
        for layer in network.hidden:
            h = torch.sin(network.sine * (layer.weight @ h + layer.bias))
        h = (network.to_filters.weight @ h).reshape(spec.order, D_MODEL)
        decay = [SLOWEST + (FASTEST - SLOWEST) * c / (D_MODEL - 1) for c in range(D_MODEL)]
        rows.append(h * torch.tensor([math.exp(-a * time) for a in decay], dtype=torch.float64))
    return torch.stack(rows, dim=1)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_hyena_is_gates_and_sums_over_the_past_in_turn(order: int) -> None:
    # Cosines and sines repeat after the unit of time, which this prompt is longer than.
    ours = built(Hyena(order=order, d_filter=8, num_frequencies=3, time_scale=16))

    def by_hand(x: Tensor) -> Tensor:
        z, *gates = convolved(ours.in_proj(x), ours.conv_weight, ours.conv_bias).chunk(order + 1, dim=-1)
        for gate, h, skip in zip(gates, filters_by_hand(ours, LENGTH), ours.skip, strict=True):
            sums = [sum(h[t - s] * z[:, s] for s in range(t + 1)) for t in range(x.shape[1])]
            z = gate * (torch.stack(sums, dim=1) + skip * z)
        return ours.out_proj(z)

    assert_same_outputs_and_gradients(ours, by_hand)


def test_hyena_keeps_no_more_than_its_windows_let_through() -> None:
    mixer, x = built(Hyena(time_scale=2, d_filter=8, num_frequencies=3)), randn(2, 90, D_MODEL)
    with torch.no_grad():
        z, *gates = convolved(mixer.in_proj(x), mixer.conv_weight, mixer.conv_bias).chunk(3, dim=-1)
        for gate, h, skip in zip(gates, filters_by_hand(mixer, 90), mixer.skip, strict=True):
            z = gate * (torch.stack([(h[: t + 1].flip(0) * z[:, : t + 1]).sum(1) for t in range(90)], dim=1) + skip * z)
        whole = mixer.out_proj(z)  # with every lag
        assert_same(mixer(x), whole)
        assert_same(step_by_step(mixer, x), whole)
        read, state = mixer.extend(x[:, :70], mixer.initial_state(2))
        rest, state = mixer.extend(x[:, 70:], state)
        assert_same(torch.cat([read, rest], dim=1), whole)
    assert state["inputs_0"].shape == (2, 27, D_MODEL)
    assert measured_size(state) == mixer.state_size(90) == mixer.state_size(1_000_000)


def test_hyena_filters_depend_on_the_lag_alone() -> None:
    network = built(Hyena()).filter
    assert torch.equal(network(9), network(300)[:, :9])


def test_hyena_filters_keep_their_digits_at_large_lags() -> None:
    mixer = Hyena().build(Site(D_MODEL, 4, generator()))
    lags = torch.tensor([5, 5 + 128 * 1_000])
    # Without whole numbers in between, an angle of 10^5 radians has an error of 0.01 in float32.
    features = mixer.filter.features(lags)[:, 1:]
    assert torch.equal(features[0], features[1])
    assert mixer.filter(20_000).isfinite().all()


def test_hyena_with_empty_filters_is_a_product_of_short_convolutions() -> None:
    ours, x = built(Hyena()), randn(2, LENGTH, D_MODEL)
    with torch.no_grad():
        ours.filter.to_filters.weight.zero_()
        v, first, second = convolved(ours.in_proj(x), ours.conv_weight, ours.conv_bias).chunk(3, dim=-1)
        assert_same(ours(x), ours.out_proj(second * ours.skip[1] * first * ours.skip[0] * v))


@pytest.mark.parametrize("spec", [H3(), H3(d_head=2), Hyena()], ids=lambda spec: spec.short())
@pytest.mark.parametrize("length", [LONGEST_PRODUCT + 1, 200])
def test_long_prompts_by_fft_equal_the_step_form(spec: H3 | Hyena, length: int) -> None:
    mixer, x = built(spec), randn(1, length, D_MODEL)
    with torch.no_grad():
        # An FFT's error is relative to the largest sum of the prompt, not to each number.
        outputs = mixer(x)
        assert_same(step_by_step(mixer, x), outputs, scale=outputs.abs().max().item())


@pytest.mark.parametrize("spec", [H3(), Hyena()], ids=lambda spec: spec.short())
def test_convolutions_stay_in_float32_under_autocast(spec: H3 | Hyena) -> None:
    mixer, x = spec.build(Site(D_MODEL, 4, generator())), randn(2, 150, D_MODEL).float()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        outputs = [mixer(x).float(), step_by_step(mixer, x[:, :20]).float()]
    exact = mixer(x)
    for rounded in outputs:
        # Eight bits a number in the maps and products, of which three follow each other.
        wanted = exact[:, : rounded.shape[1]]
        assert (rounded - wanted).norm() < 0.03 * wanted.norm()
