"""No mixer makes NaN or infinity of extreme weights, large inputs or awkward lengths, forward or backward."""

import pytest
import torch
from torch import Tensor, nn

from icl_lab.core.errors import UserError
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site
from tests.contracts.variants import identity, variants
from tests.unit.models.toys import generator, randn

D_MODEL = 16
LENGTHS = (1, 2, 63, 64, 65)
LONG = 4096
# As in a model whose prompts are as long as the longest of these.
SPECS = [spec.for_prompts(max(LENGTHS)) for spec in variants(MIXERS)]
every_mixer = pytest.mark.parametrize("spec", SPECS, ids=identity)
either_precision = pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bf16"])


def saturated(spec: MixerSpec) -> SequenceMixer:
    """Maps 30 times as large: gates, rates and decays that a map computes are at their ends, keys are long."""
    mixer = spec.build(Site(D_MODEL, depth=4, generator=generator()))
    with torch.no_grad():
        for module in mixer.modules():
            if isinstance(module, nn.Linear):
                module.weight *= 30
    return mixer


def moved(spec: MixerSpec) -> SequenceMixer:
    """Every parameter moved by up to 20: what is the logarithm of a decay or a step changes by factors of 5e8."""
    mixer = spec.build(Site(D_MODEL, depth=4, generator=generator()))
    draw = generator(1)
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter += torch.empty_like(parameter).uniform_(-20, 20, generator=draw)
    return mixer


def not_finite(mixer: SequenceMixer, length: int, size: float, bf16: bool, gradients: bool = True) -> list[str]:
    """What is not finite: the output, the gradient of the input, or of which parameters."""
    x = (size * randn(1, length, D_MODEL).float()).requires_grad_(gradients)
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16), torch.set_grad_enabled(gradients):
        y = mixer(x)
    tensors: dict[str, Tensor | None] = {"output": y}
    if gradients:
        mixer.zero_grad(set_to_none=True)
        (y * randn(*y.shape, seed=1)).sum().backward()
        tensors |= {"input": x.grad} | {name: parameter.grad for name, parameter in mixer.named_parameters()}
    return [name for name, tensor in tensors.items() if tensor is not None and not tensor.isfinite().all()]


@every_mixer
@either_precision
def test_stays_finite_with_saturated_gates_and_large_inputs(spec: MixerSpec, bf16: bool) -> None:
    mixer = saturated(spec)
    asked = {(length, size): not_finite(mixer, length, size, bf16) for length in LENGTHS for size in (1.0, 30.0)}
    assert {case: names for case, names in asked.items() if names} == {}


@every_mixer
@either_precision
def test_stays_finite_with_extreme_decays(spec: MixerSpec, bf16: bool) -> None:
    mixer = moved(spec)
    # Inputs of size 1: five large maps one after the other are not far from the end of float32 as it is.
    asked = {length: not_finite(mixer, length, 1.0, bf16) for length in LENGTHS}
    assert {length: names for length, names in asked.items() if names} == {}


@every_mixer
@either_precision
def test_stays_finite_over_thousands_of_tokens(spec: MixerSpec, bf16: bool) -> None:
    if spec.max_tokens is not None and spec.max_tokens < LONG:
        pytest.skip(f"reads {spec.max_tokens} tokens at most")
    # Gradients once, in the precision in which they are exact enough to mean something over so long a past.
    assert not_finite(saturated(spec), LONG, 1.0, bf16, gradients=not bf16) == []
    if bf16:
        assert not_finite(moved(spec), LONG, 1.0, bf16, gradients=False) == []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.half])
@every_mixer
def test_weights_in_half_precision_compute_or_are_refused_in_one_line(spec: MixerSpec, dtype: torch.dtype) -> None:
    mixer = spec.build(Site(D_MODEL, depth=4, generator=generator())).to(dtype)
    x = randn(1, 5, D_MODEL).to(dtype)
    uses = (lambda: mixer(x), lambda: mixer.initial_state(1), lambda: mixer.extend(x, mixer.initial_state(1)))
    refusals = []
    for use in uses:
        try:
            use()
        except UserError as refusal:
            refusals.append(str(refusal))
    assert len(refusals) in (0, len(uses))
    assert all("needs weights in float32 or float64, got" in refusal for refusal in refusals)
