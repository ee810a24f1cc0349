"""The loss and gradient of a batch do not depend on how it is cut."""

from dataclasses import replace

import pytest
import torch

from icl_lab.core.streams import Stream
from icl_lab.training.objective import accumulate_gradients, split
from tests.unit.training.tiny import MODEL, TASK


def loss_and_gradients(parts: int, *, uneven: bool) -> tuple[torch.Tensor, list[torch.Tensor]]:
    network = MODEL.build(TASK, Stream(0)).double()
    prompts = TASK.sample(Stream(1), 0, 7).to(dtype=torch.float64)
    if uneven:
        scored = prompts.scored.clone()
        scored[0] = False  # with seven parts, one holds nothing that counts
        scored[2, 1:] = False
        prompts = replace(prompts, scored=scored)
    num_scored = int(prompts.scored.sum())
    share = accumulate_gradients(network, TASK, prompts, num_scored=num_scored, parts=parts, precision="float32")
    return share, [p.grad for p in network.parameters()]


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("parts", [2, 3, 7, 20])
def test_accumulation_gives_the_loss_and_gradient_of_the_whole_batch(parts: int, uneven: bool) -> None:
    whole, gradients = loss_and_gradients(1, uneven=uneven)
    in_parts, sums = loss_and_gradients(parts, uneven=uneven)
    # float64, two orders of the same sum of a few hundred terms
    torch.testing.assert_close(in_parts, whole, rtol=1e-12, atol=0)
    for one, other in zip(sums, gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-14)


def test_parts_are_the_batch_in_order_and_differ_in_size_by_one_at_most() -> None:
    prompts = TASK.sample(Stream(1), 0, 7)
    parts = list(split(prompts, 3))
    assert torch.equal(torch.cat([part.tokens for part in parts]), prompts.tokens)
    assert {part.batch for part in parts} == {2, 3}
