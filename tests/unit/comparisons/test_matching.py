"""Models sized to one budget."""

from typing import Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from icl_lab.comparisons import matching, search
from icl_lab.comparisons.matching import Match, matched, matched_in_words, read_match
from icl_lab.comparisons.recipes import model_at
from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.cost import measure_cost
from icl_lab.evaluation.size import Quantity, measure, measure_size
from icl_lab.kernels import using
from icl_lab.models.presets.base import PRESETS
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.mambaformer import MambaFormer
from icl_lab.models.presets.pattern import Pattern
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.linear_regression import LinearRegression

TASK = LinearRegression(dim=3, length=10)
QUANTITIES: tuple[Quantity, ...] = ("parameters", "flops", "state")


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("name", [*PRESETS.names(), "(delta_net mlp)*L", "lstm mlp"])
def test_every_preset_is_brought_within_tolerance(name: str, quantity: Quantity) -> None:
    match, _ = read_match(quantity, Transformer(d_model=32, num_layers=1), TASK)
    model = matched(model_at("small", name, {"num_layers": "1"}), TASK, match)
    # Built and measured once more, by what measures trained models.
    network = model.build(TASK, Stream(3))
    cost = measure_cost(network, TASK, batch=1, repeats=1)
    measured = {"parameters": cost.parameters, "state": cost.state_size, "flops": measure("flops", model, TASK)}
    assert abs(measured[quantity] / match.budget - 1) <= 0.1


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_no_other_width_is_closer(quantity: Quantity) -> None:
    match = Match(quantity=quantity, budget=measure(quantity, Transformer(d_model=24, num_layers=1), TASK))
    found = matched(Mamba(num_layers=1), TASK, match)
    misses = {
        width: abs(match.miss(measure(quantity, Mamba(num_layers=1, d_model=width), TASK)))
        for width in range(max(1, found.d_model - 4), found.d_model + 5)
    }
    assert misses[found.d_model] == min(misses.values())


@pytest.mark.parametrize("blocks", ["attention mlp", "lstm", "s4_dplr mlp", "h3", "hyena", "mamba"])
def test_training_flops_are_those_of_a_training_step(blocks: str) -> None:
    preset = Pattern(blocks=blocks, d_model=16)
    # A whole batch, and in double precision, in which the CPU runs no fused recurrent layer: PyTorch's counter alone
    # sees every product of it.
    network, prompts = preset.build(TASK, Stream(0)).double(), TASK.sample(Stream(0), step=0, batch=64)
    prompts = prompts.to(dtype=torch.float64)
    with sdpa_kernel(SDPBackend.MATH), using("vectorised"), FlopCounterMode(display=False) as counter:
        torch.autograd.backward(TASK.loss(network.predict(prompts), prompts))
    assert measure("flops", preset, TASK) == round(counter.get_total_flops() / 64)


def test_sizes_are_those_of_the_cost_table() -> None:
    preset = Pattern(blocks="mamba attention", d_model=16)
    cost, size = measure_cost(preset.build(TASK, Stream(1)), TASK, batch=2, repeats=1), measure_size(preset, TASK)
    assert (size.parameters, size.state_size) == (cost.parameters, cost.state_size)
    # A matrix product has two in the backward pass; that of the first layer with respect to the tokens is spared.
    assert 2.5 * cost.flops_per_prompt < size.training_flops <= 3 * cost.flops_per_prompt


def test_heads_change_only_where_no_width_fits_and_as_little_as_they_have_to() -> None:
    wide = Match(quantity="parameters", budget=measure("parameters", MambaFormer(d_model=64), TASK))
    assert matched(MambaFormer(d_model=8), TASK, wide) == MambaFormer(d_model=64)
    between = Match(quantity="parameters", budget=measure("parameters", MambaFormer(d_model=28, num_heads=7), TASK))
    assert matched(MambaFormer(num_heads=8), TASK, between) == MambaFormer(d_model=28, num_heads=7)
    assert matched(MambaFormer(), TASK, between) == MambaFormer(d_model=28)  # heads follow the width
    blocks = matched(Pattern(blocks="mamba (attention(num_heads=8) mamba)*L"), TASK, between)
    assert blocks == Pattern(blocks="mamba (attention(num_heads=7) mamba)*2", d_model=28)


def test_what_cannot_be_matched_is_refused_in_one_line() -> None:
    match = Match(quantity="state", budget=1000)
    with pytest.raises(
        UserError, match=r"^--match state: no width brings mlp\*1 within 10% of 1,000 numbers of state.* has none.*$"
    ):
        matched(Pattern(blocks="mlp", d_model=8), TASK, match)
    with pytest.raises(
        UserError, match=r"no width brings mamba within 10% of 40 .* nearest is [0-9]+ at d_model=1: take"
    ):
        matched(Mamba(), TASK, Match(quantity="parameters", budget=40))
    with pytest.raises(UserError, match="d_state: expected an even number"):
        matched(PRESETS.get("s4")(d_state=3), TASK, match)


@pytest.mark.parametrize("quantity", ["parameters", "state"])
def test_a_budget_out_of_reach_names_the_nearest_in_one_search(
    quantity: Quantity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "WIDEST", 64)  # narrow, so that the widest is made soon
    searches = []

    def closest(*arguments: Any, **options: Any) -> int | None:
        searches.append(options)
        return search.closest(*arguments, **options)

    monkeypatch.setattr(matching, "closest", closest)
    model = Transformer(d_model=16, num_layers=1, num_heads=4)
    largest = measure(quantity, model.replace(d_model=64), TASK)
    with pytest.raises(UserError, match=f"nearest is {largest:,} at d_model=64: take --match {quantity}={largest}, or"):
        matched(model, TASK, Match(quantity=quantity, budget=10**15))
    assert len(searches) == 1


def test_two_numbers_of_heads_are_kept() -> None:
    blocks = "attention(num_heads=4) attention(num_heads=6)"
    with pytest.raises(UserError, match="nearest is .* at d_model=12"):
        matched(Pattern(blocks=blocks), TASK, Match(quantity="parameters", budget=100))
    reached = Match(quantity="parameters", budget=measure("parameters", Pattern(blocks=blocks, d_model=24), TASK))
    assert matched(Pattern(blocks=blocks, d_model=12), TASK, reached) == Pattern(blocks=blocks, d_model=24)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parameter", "did you mean parameters"),
        ("state=", "expected a number of at least 1"),
        ("state=0", "expected a number of at least 1"),
        ("flops=inf", "expected a number of at least 1"),
    ],
)
def test_a_budget_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_match(text, Mamba(), TASK)


def test_a_budget_is_the_first_models_or_a_number() -> None:
    first = Mamba(d_model=8)
    assert read_match("parameters", first, TASK) == (
        Match(quantity="parameters", budget=measure("parameters", first, TASK)),
        True,
    )
    for number in ("100000", "100,000", "1e5", "100_000"):
        assert read_match(f"flops={number}", first, TASK) == (Match(quantity="flops", budget=100_000), False)
    with pytest.raises(UserError, match=r"mlp\*1 has no numbers of state after a prompt: name another model first"):
        read_match("state", Pattern(blocks="mlp"), TASK)


def test_the_page_is_told_the_budget_and_all_three_sizes() -> None:
    model = Mamba(d_model=8, num_layers=1)
    size = measure_size(model, TASK)
    said = matched_in_words(Match(quantity="state", budget=2 * size.state_size), {"ours": model}, TASK)
    assert f"{2 * size.state_size:,} numbers of state after a prompt, within 10%; ours (-50.0%)" in said
    assert f"{size.parameters:,} parameters" in said
    assert f"{size.state_size:,} of state" in said
