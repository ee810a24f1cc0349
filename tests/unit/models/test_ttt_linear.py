"""TTT-Linear against the training of a linear model by autograd, a token at a time; float64."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from icl_lab.models.mixers.ttt_linear import TTTLinear
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built, heads
from tests.unit.models.toys import assert_same, randn


@pytest.mark.parametrize("mini_batch", [1, 8, 16])
def test_ttt_linear_trains_a_linear_model_on_the_prompt(mini_batch: int) -> None:
    ours = built(TTTLinear(num_heads=2, mini_batch=mini_batch))

    def model(weights: Tensor, bias: Tensor, x: Tensor) -> Tensor:
        inner = (x[..., None, :] @ weights)[..., 0, :] + bias
        return x + layer_norm(inner, (8,), eps=1e-6) * ours.gain[:, 0] + ours.offset[:, 0]

    def by_hand(x: Tensor) -> Tensor:
        q, k, v = (heads(to(x), 2) for to in (ours.to_q, ours.to_k, ours.to_v))
        rate = ours.to_rate(x).sigmoid() / 8
        weights, bias = (part.expand(2, *part.shape) for part in (ours.first[:, :-1], ours.first[:, -1]))
        outputs = []
        for t in range(x.shape[1]):
            if t % mini_batch == 0:
                at_start = weights, bias
            loss = (model(*at_start, k[:, :, t]) - v[:, :, t]).square().sum() / 2
            of_weights, of_bias = torch.autograd.grad(loss, at_start, create_graph=True)
            weights = weights - rate[:, t, :, None, None] * of_weights
            bias = bias - rate[:, t, :, None] * of_bias
            outputs.append(model(weights, bias, q[:, :, t]))
        return ours.to_out(ours.norm(torch.stack(outputs, dim=2).transpose(1, 2).flatten(2)))

    assert_same_outputs_and_gradients(ours, by_hand)


@pytest.mark.parametrize("pieces", [(15, 1, 1, 4), (14, 5, 2), (16, 5), (3, 13, 5)])
def test_a_mini_batch_may_be_read_in_pieces(pieces: tuple[int, ...]) -> None:
    ours, x = built(TTTLinear(num_heads=2)), randn(2, LENGTH, D_MODEL)
    state, outputs = ours.initial_state(2), []
    with torch.no_grad():
        for piece in x.split(pieces, dim=1):
            output, state = ours.extend(piece, state)
            outputs.append(output)
        assert_same(torch.cat(outputs, dim=1), ours(x))
