"""What PyTorch's counter alone would take for nothing is counted, as often as it is computed."""

from math import log2

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.flop_counter import FlopCounterMode

from icl_lab.core.streams import Stream
from icl_lab.kernels.flops import BATCH, count_operations, counting
from icl_lab.models.long_convolution import convolve_by_fft
from icl_lab.models.presets.pattern import Pattern
from icl_lab.tasks.linear_regression import LinearRegression


def counted(compute) -> int:
    with counting() as counter:
        compute()
    return counter.get_total_flops()


def test_a_fused_recurrent_layer_counts_as_its_products() -> None:
    task = LinearRegression(dim=3, length=10)
    network, tokens = Pattern(blocks="lstm", d_model=32).build(task, Stream(0)), task.sample(Stream(0), 0, 2).tokens
    mixer = network.backbone.blocks[0].mixer
    prompts = network.read_in(tokens).detach()
    # Per token two products of 32 with 4 x 32 and one of 32 with 32.
    forward = 2 * 2 * 20 * (2 * 4 * 32 * 32 + 32 * 32)
    with torch.no_grad():
        assert counted(lambda: mixer(prompts)) == forward
    # Nobody asks for the gradient of the state before the first token.
    trained = 3 * forward - 2 * 2 * (4 * 32 * 32)
    assert counted(lambda: mixer(prompts.requires_grad_()).sum().backward()) == trained
    with FlopCounterMode(display=False) as unfused:
        mixer.double()(prompts.detach().double().requires_grad_()).sum().backward()
    assert unfused.get_total_flops() == trained


def test_a_convolution_by_fft_is_three_transforms_of_twice_its_length() -> None:
    u, kernel = torch.zeros(3, 130, 4), torch.zeros(130, 4)
    transform = 2.5 * 260 * log2(260)
    # Each is rounded to a whole number: half an operation each, so two at most.
    assert counted(lambda: convolve_by_fft(u, kernel)) == pytest.approx((3 * 4 + 4 + 3 * 4) * transform, abs=2)
    assert counted(lambda: torch.fft.fft2(torch.zeros(5, 8, 4, dtype=torch.complex64))) == 5 * (5 * 32 * 5)
    assert counted(lambda: torch.fft.fft(torch.zeros(7, 1, dtype=torch.complex64))) == 0


def test_the_fused_attention_of_a_cpu_is_counted() -> None:
    q = torch.zeros(1, 2, 9, 4, requires_grad=True)
    assert counted(lambda: scaled_dot_product_attention(q, q, q).sum().backward()) == 3 * (2 * 2 * 2 * 9 * 9 * 4)


def test_what_a_batch_computes_once_is_spread_over_it() -> None:
    every, once = torch.zeros(1, 10, 10), torch.zeros(32, 32)

    def compute(batch: int) -> None:
        torch.bmm(every.expand(batch, 10, 10), every.expand(batch, 10, 10))
        once @ once

    assert count_operations(compute).a_prompt == 2 * 10**3 + 2 * 32**3 // BATCH
