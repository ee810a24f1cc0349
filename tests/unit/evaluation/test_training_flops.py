"""Blocks that are counted once add up to what a whole network does, its loops over tokens run one token at a time."""

import pytest
import torch

from icl_lab.comparisons.recipes import model_at
from icl_lab.core.streams import Stream
from icl_lab.evaluation.training_flops import training_flops
from icl_lab.kernels import flops
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.tasks.base import Task
from icl_lab.tasks.induction_heads import InductionHeads
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.queries.repeated import Repeated

# 18 tokens: more than a chunk of the chunked recurrences.
PROMPTS = LinearRegression(dim=3, length=9)
PATTERNS = (
    "(lstm gru)*L",
    "hyena mesa mamba2",
    "delta_net mlp (rwkv7 rwkv_channel_mix)*L",
    "mamba(selective=none)*1",
)


def whole(model: Preset, task: Task) -> int:
    """Operations of training the whole network, counted without what `training_flops` makes cheap."""
    network, prompts = model.build(task, Stream(0)), task.sample(Stream(0), step=0, batch=2)
    network.reseed(Stream(0).torch_generator())
    return flops.count_operations(
        lambda batch: torch.autograd.backward(network.predict(prompts.rows(slice(0, batch))).sum())
    ).a_prompt


@pytest.mark.parametrize("name", [*(name for name in PRESETS.names() if name != "pattern"), *PATTERNS])
def test_blocks_add_up_to_the_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_at("smoke" if name in PATTERNS else "small", name)
    by_blocks = training_flops(model, PROMPTS)
    monkeypatch.setattr(flops, "COUNTED", "vectorised")
    assert by_blocks == whole(model, PROMPTS) > 0


@pytest.mark.parametrize(
    "task", [InductionHeads(length=9), PROMPTS.replace(length=4, queries=Repeated())], ids=lambda task: task.spec_name()
)
def test_so_they_do_for_other_tokens_and_for_branches(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_at("smoke", "mambaformer")
    by_blocks = training_flops(model, task)
    monkeypatch.setattr(flops, "COUNTED", "vectorised")
    assert by_blocks == whole(model, task) > 0
