"""The network trained by gradient descent against PyTorch's own layers and Adam; boosting against XGBoost."""

import sys

import numpy as np
import pytest
import torch
from xgboost import XGBRegressor

from icl_lab.baselines import gradient_descent_network
from icl_lab.baselines.gradient_boosting import GradientBoosting
from icl_lab.baselines.gradient_descent_network import GradientDescentNetwork
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.two_layer_relu import TwoLayerRelu

NETWORK = GradientDescentNetwork(hidden=7, steps=30, rate=0.02, examples=6)


def prompts(batch: int = 3, length: int = 14) -> PromptBatch:
    return TwoLayerRelu(dim=4, length=length).sample(Stream(0, ("unit",)), 0, batch)


def trained_by_torch(xs: torch.Tensor, ys: torch.Tensor, query: torch.Tensor, shown: int) -> float:
    """The prediction of one network, from the same first weights and draws."""
    start = NETWORK._initial([shown], 5)[0]
    weights = start[:35].reshape(5, 7).T
    layers = torch.nn.Sequential(
        torch.nn.utils.skip_init(torch.nn.Linear, 4, 7, dtype=torch.float64),
        torch.nn.ReLU(),
        torch.nn.utils.skip_init(torch.nn.Linear, 7, 1, dtype=torch.float64),
    )
    with torch.no_grad():
        layers[0].weight.copy_(weights[:, :4])
        layers[0].bias.copy_(weights[:, 4])
        layers[2].weight.copy_(start[None, 35:42])
        layers[2].bias.copy_(start[42:])
    adam = torch.optim.Adam(layers.parameters(), lr=NETWORK.rate)
    orders, _ = NETWORK._orders([shown])
    for order in orders[:, 0]:
        adam.zero_grad()
        (layers(xs[order])[:, 0] - ys[order]).square().mean().backward()
        adam.step()
    return layers(query[None]).item()


@pytest.mark.parametrize("chunk", [2**17, 60])
def test_the_network_is_the_one_that_torch_trains(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_descent_network, "CHUNK", chunk)  # all at once; a prompt at a time
    batch = prompts()
    predictions = NETWORK.predict(batch)
    assert batch.examples is not None
    xs, ys = batch.examples.xs.double(), batch.examples.ys.double()
    for b in range(3):
        for shown in (1, 4, 6, 7, 13):
            expected = trained_by_torch(xs[b], ys[b], xs[b, shown], shown)
            # Float64, another order of sums, 30 steps of Adam.
            assert predictions[b, shown].item() == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_examples_of_a_step_are_drawn_without_replacement_among_those_shown() -> None:
    orders, real = NETWORK._orders([4, 12])
    assert real.tolist() == [[True] * 4 + [False] * 2, [True] * 6]
    for order in orders[:, 1]:
        assert len(set(order.tolist())) == 6
    # Each of 12 examples is in half of the 30 steps, which strays by 2.7 steps; five times that.
    assert np.bincount(orders[:, 1].flatten(), minlength=12) == pytest.approx([15] * 12, abs=14)
    assert orders[:, 0, :4].tolist() == [[0, 1, 2, 3]] * 30


def test_first_weights_are_uniform_within_what_torch_takes() -> None:
    first = GradientDescentNetwork(hidden=4000)._initial([5], 21)[0].abs()
    # The largest of 84,000 and of 4,001 uniform numbers are within a part in 1,000 of the bound.
    assert first[:84_000].max().item() == pytest.approx(20**-0.5, rel=1e-2)
    assert first[84_000:].max().item() == pytest.approx(4000**-0.5, rel=1e-2)


def test_boosting_is_xgboost_at_its_defaults() -> None:
    batch = prompts(batch=2, length=40)
    shown = [1, 7, 39]
    predictions = GradientBoosting().predict(batch, shown)
    assert batch.examples is not None
    xs, ys = batch.examples.xs.numpy(), batch.examples.ys.numpy()
    for b in range(2):
        for place, i in enumerate(shown):
            expected = XGBRegressor(n_jobs=1).fit(xs[b, :i], ys[b, :i]).predict(xs[b, i : i + 1])[0]
            assert predictions[b, place].item() == pytest.approx(float(expected), rel=1e-5)  # float32 inside


def test_a_missing_xgboost_is_one_line_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(UserError, match=r"pip install 'icl-lab\[boosting\]'"):
        GradientBoosting().predict(prompts())
