"""What every optimiser keeps, on a model that has every kind of parameter."""

import pytest
import torch
from torch import nn

from icl_lab.core.streams import Stream
from icl_lab.models.presets.base import PRESETS
from icl_lab.training.loop import Trainer
from icl_lab.training.optimisers.base import OPTIMISERS, OptimiserSpec
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.snapshot import Snapshot, fill_missing_gradients
from tests.unit.training.tiny import TASK, finished, same, tiny_run


@pytest.fixture(params=OPTIMISERS.names())
def optimiser(request: pytest.FixtureRequest) -> OptimiserSpec:
    return OPTIMISERS.get(request.param)()


@pytest.mark.parametrize("preset", PRESETS.names())
def test_every_parameter_is_held_once_and_its_state_is_tensors(optimiser: OptimiserSpec, preset: str) -> None:
    network = PRESETS.get(preset)(d_model=16, num_layers=1).build(TASK, Stream(0))
    built = optimiser.build(network)
    held = [id(p) for one in built for group in one.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in network.parameters())
    fill_missing_gradients(network.parameters())
    for one in built:
        one.step()
        assert len(one.state) == sum(len(group["params"]) for group in one.param_groups)
        assert all(isinstance(value, torch.Tensor) for state in one.state.values() for value in state.values())


def test_weight_decay_shrinks_matrices_and_nothing_else(optimiser: OptimiserSpec) -> None:
    if not hasattr(optimiser, "weight_decay"):
        return
    network = PRESETS.get("mambaformer")(d_model=16, num_layers=1).build(TASK, Stream(0))
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    fill_missing_gradients(network.parameters())
    for one in optimiser.replace(weight_decay=0.1).build(network):
        one.step()
    matrices = {f"{name}.weight" for name, module in network.named_modules() if isinstance(module, nn.Linear)}
    for name, parameter in network.named_parameters():
        moved = not torch.equal(parameter, before[name])
        assert moved == (name in matrices), name


def test_the_rate_is_the_peak_rate_of_a_group(optimiser: OptimiserSpec) -> None:
    # The optimiser with the plain rate is the last; a factor on others is its own business.
    trainer = Trainer(tiny_run(optimiser=optimiser, schedule=Constant(), warmup=4))
    rates = [result.rate for result in trainer.steps()]
    assert rates[:4] == [optimiser.rate * factor for factor in (0.25, 0.5, 0.75, 1.0)]
    assert trainer._optimisers[-1].param_groups[0]["lr"] == optimiser.rate


def test_a_run_that_stops_after_any_step_goes_on_bit_for_bit(optimiser: OptimiserSpec) -> None:
    spec = tiny_run(steps=6, optimiser=optimiser)
    whole = finished(Trainer(spec))
    for stop in range(1, 6):
        first = Trainer(spec)
        steps = first.steps()
        for _ in range(stop):
            next(steps)
        rest = first.snapshot()
        resumed = Trainer(spec)
        resumed.restore(Snapshot(rest.progress, {name: tensor.clone() for name, tensor in rest.tensors.items()}))
        assert same(finished(resumed), whole)


def test_it_survives_json(optimiser: OptimiserSpec) -> None:
    assert OptimiserSpec.from_json(optimiser.to_json()) == optimiser
