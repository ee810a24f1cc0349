import torch
from torch.utils.flop_counter import FlopCounterMode

from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.evaluation.cost import count_flops, measure_cost
from icl_lab.models.presets.pattern import Pattern
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.linear_regression import LinearRegression

TASK = LinearRegression(dim=3, length=5)


class TwoProducts(torch.nn.Module):
    label = "two products"

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3, 7))
        self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)

    def predict(self, prompts: PromptBatch) -> torch.Tensor:
        hidden = prompts.tokens @ self.weight
        return (hidden @ self.weight.T)[:, prompts.queries, 0]


def test_a_product_of_n_by_k_and_k_by_m_is_2nkm_operations() -> None:
    # 10 tokens of width 3 to width 7 and back.
    assert count_flops(TwoProducts(), TASK.sample(Stream(0), 0, 4)) == 2 * (2 * 10 * 3 * 7)


def test_attention_is_counted() -> None:
    network = Transformer(d_model=8, num_layers=1, num_heads=2).build(TASK, Stream(0))
    counted = count_flops(network, TASK.sample(Stream(0), 0, 4))
    t, m = 10, 8
    scores_and_values = 2 * (2 * t * t * m)
    projections = 2 * t * m * (3 * m + m + 4 * m + 4 * m)
    ends = 2 * t * 3 * m + 2 * t * m * 1
    assert counted == scores_and_values + projections + ends


def test_the_cost_of_a_network_is_measured() -> None:
    network = Transformer(d_model=8, num_layers=1, num_heads=2).build(TASK, Stream(0))
    network.train()
    cost = measure_cost(network, TASK, batch=4, repeats=1)
    # The cache of attention: a key and a value of width 8 for each of 10 tokens.
    assert cost.state_size == 2 * 8 * 10 == network.state_size(10)
    assert cost.parameters == sum(p.numel() for p in network.parameters())
    assert cost.ms_per_prompt > 0
    assert network.training


def test_frozen_weights_are_not_counted() -> None:
    assert measure_cost(TwoProducts(), TASK, batch=2, repeats=1).parameters == 21


def test_only_the_time_of_a_baseline_applies() -> None:
    cost = measure_cost(LeastSquares(), TASK, batch=4, repeats=1)
    records = cost.records("least_squares", TASK, "run")
    assert [record.metric for record in records] == ["ms_per_prompt"]


def test_a_filter_is_computed_once_a_batch() -> None:
    network = Pattern(blocks="s4_dplr", d_model=8).build(TASK, Stream(0))
    prompts = TASK.sample(Stream(0), 0, 64)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.predict(prompts)
    assert count_flops(network, prompts) == round(counter.get_total_flops() / 64)
