"""Which parameters Muon takes."""

import torch

from icl_lab.core.streams import Stream
from icl_lab.models.presets.mambaformer import MambaFormer
from icl_lab.models.presets.transformer import Transformer
from icl_lab.training.optimisers.muon import Muon
from tests.unit.training.tiny import TASK


def names_of_muon(network: torch.nn.Module, spec: Muon | None = None) -> set[str]:
    taken = {id(p) for p in (spec or Muon()).hidden_matrices(network)}
    return {name for name, p in network.named_parameters() if id(p) in taken}


def test_it_takes_the_projections_of_the_blocks_and_leaves_all_that_only_looks_like_a_matrix() -> None:
    network = MambaFormer(d_model=32, num_layers=1, num_heads=2).build(TASK, Stream(0))
    taken = names_of_muon(network)
    kinds = {name.rsplit(".", 2)[-2] for name in taken}
    assert kinds == {"in_proj", "x_proj", "out_proj", "to_qkv", "to_out"}
    left = {name.rsplit(".", 1)[-1] for name, p in network.named_parameters() if p.ndim == 2} - {"weight"}
    assert {"A_log", "conv_weight", "dt_proj"} <= left


def test_read_in_read_out_and_positions_are_left_to_adamw() -> None:
    network = Transformer(d_model=32, num_layers=1, num_heads=2).build(TASK, Stream(0))
    assert all(name.startswith("backbone.") for name in names_of_muon(network))
    muon, adamw = Muon().build(network)
    assert isinstance(muon, torch.optim.Muon)
    assert isinstance(adamw, torch.optim.AdamW)
    held = {id(p) for group in adamw.param_groups for p in group["params"]}
    assert {id(network.read_in.weight), id(network.read_out.weight), id(network.positions)} <= held


def test_thin_matrices_are_left_to_adamw() -> None:
    network = Transformer(d_model=4, num_layers=1, num_heads=2).build(TASK, Stream(0))
    assert names_of_muon(network) == set()
    assert len(Muon().build(network)) == 1


def test_its_rate_is_the_rate_times_the_factor() -> None:
    network = Transformer(d_model=16, num_layers=1, num_heads=2).build(TASK, Stream(0))
    muon, adamw = Muon(rate=0.002, matrix_factor=10).build(network)
    assert (muon.param_groups[0]["lr"], adamw.param_groups[0]["lr"]) == (0.02, 0.002)
