"""Names, capture and replacement of activations: what they refuse, how they nest, and inner quantities by hand."""

import pytest
import torch
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.network import Network
from icl_lab.models.presets.pattern import Pattern
from icl_lab.probing.activations import capture, listed, names, replaced, stream
from tests.unit.models.toys import ToyTask, assert_same, randn, scramble

TASK = ToyTask(width=3, length=6)


def made(blocks: str, **settings: object) -> Network:
    network = Pattern(blocks=blocks, d_model=16, **settings).build(TASK, Stream(0)).double().eval()
    scramble(network)
    return network


def found_in(network: Network, *wanted: str) -> dict[str, Tensor]:
    with torch.no_grad(), capture(network, wanted) as found:
        network(randn(2, 5, 3))
    return found


def test_names_come_in_the_order_of_computation() -> None:
    known = names(made("s4d mlp"))
    assert known == (
        "embedding",
        *(f"block.0.{what}" for what in ("values", "mixed", "heads", "attention", "state.memory", "mixer", "residual")),
        *("block.1.mixer", "block.1.residual", "final_norm", "output"),
    )
    assert stream(made("s4d mlp")) == ("embedding", "block.0.residual", "block.1.residual")


def test_axes_are_told_in_words() -> None:
    axes = {one.name: one.axes for one in listed(made("attention(num_heads=8) mamba", positions="learned"))}
    assert axes["embedding"] == ("batch", "num_tokens", "16")
    assert axes["block.0.keys"] == ("batch", "8", "num_tokens", "2")
    assert axes["block.0.attention"] == ("batch", "8", "num_tokens", "num_tokens")
    assert axes["block.1.decay"] == ("batch", "num_tokens", "32", "16")
    assert axes["block.1.attention"] == ("batch", "32", "num_tokens", "num_tokens")
    assert axes["block.1.state.recent"] == ("batch", "num_tokens", "3", "32")
    assert "block.0.state.keys" not in axes


def test_axes_are_those_of_what_is_captured() -> None:
    network = made("mamba3 rwkv7 h3 attention mesa")
    found = found_in(network, *names(network))
    for one in listed(network):
        sizes = {"batch": 2, "num_tokens": 5}
        assert tuple(found[one.name].shape) == tuple(sizes.get(axis) or int(axis) for axis in one.axes)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("block.0.residul", "block.0.residual"),
        ("block.0.dts", "block.0.dt"),
        ("embeding", "embedding"),
        ("block.7.mixer", "block.0.mixer"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(UserError, match=f"(?s){name}.*{near}"), capture(made("mamba"), [name]):
        pass


def test_what_a_mixer_does_not_have_is_unknown() -> None:
    with pytest.raises(UserError, match="dt"), capture(made("attention"), ["block.0.dt"]):
        pass


@pytest.mark.parametrize("name", ["block.0.attention", "block.0.state.memory"])
def test_what_is_only_read_is_not_replaced(name: str) -> None:
    with pytest.raises(UserError, match="not replaced"), replaced(made("mamba"), {name: torch.zeros_like}):
        pass


def test_a_network_that_does_not_read_a_sequence_is_told_so() -> None:
    network = made("mamba")
    state = network.initial_state(2)
    with pytest.raises(UserError, match="sequence"), capture(network, ["block.0.mixer"]):
        network.step(randn(2, 3), state)
    with pytest.raises(UserError, match="sequence"), replaced(network, {"block.0.dt": torch.zeros_like}):
        network.extend(randn(2, 4, 3), state)


def test_the_step_form_knows_nothing_of_replacements() -> None:
    network = made("mamba2")
    tokens, state = randn(2, 4, 3), network.initial_state(2)
    expected, _ = network.extend(tokens, state)
    with replaced(network, {"block.0.values": torch.zeros_like}):
        assert not torch.equal(network(tokens), expected)
        assert torch.equal(network.extend(tokens, state)[0], expected)


def test_another_shape_in_its_place_is_refused() -> None:
    network = made("mamba")
    change = {"block.0.mixer": lambda value: value[:, :1]}
    with pytest.raises(UserError, match=r"expected \(2, 5, 16\)"), replaced(network, change):
        network(randn(2, 5, 3))


def test_capture_inside_replacement_sees_what_was_put_there() -> None:
    network, wanted = made("mamba mamba"), ["block.0.mixer", "block.1.dt", "block.1.mixed"]
    with torch.no_grad(), replaced(network, {"block.0.mixer": torch.zeros_like, "block.1.dt": torch.ones_like}):
        found = found_in(network, *wanted)
    assert not found["block.0.mixer"].any()
    assert (found["block.1.dt"] == 1).all()
    assert not torch.allclose(found["block.1.mixed"], found_in(network, "block.1.mixed")["block.1.mixed"])


@pytest.mark.parametrize("name", ["block.0.mixer", "block.0.gate", "embedding"])
def test_replacements_nest_the_outer_one_first(name: str) -> None:
    network, tokens = made("mamba"), randn(2, 5, 3)
    with replaced(network, {name: lambda value: value + 1}), replaced(network, {name: lambda value: 2 * value}):
        nested = network(tokens)
    with replaced(network, {name: lambda value: 2 * (value + 1)}):
        assert torch.equal(network(tokens), nested)


def test_states_are_not_read_while_their_mixer_is_changed_inside() -> None:
    network = made("mamba")
    with pytest.raises(UserError, match="states"), replaced(network, {"block.0.dt": torch.ones_like}):
        found_in(network, "block.0.state.memory")


def test_dropout_draws_as_many_numbers_as_without_capture() -> None:
    network, tokens = made("s4d(dropout=0.5)"), randn(2, 5, 3)
    network.train()
    network.reseed(Stream(1).torch_generator())
    alone = [network(tokens) for _ in range(2)]
    network.reseed(Stream(1).torch_generator())
    with capture(network, names(network)):
        first = network(tokens)
    assert torch.equal(first, alone[0])
    assert torch.equal(network(tokens), alone[1])
    assert all(part.training for part in network.modules())


def test_mamba_inside_is_its_recurrence() -> None:
    network = made("mamba")
    what = ("dt", "decay", "keys", "queries", "values", "mixed", "gate", "heads", "state.memory", "mixer")
    found = {one: found_in(network, f"block.0.{one}")[f"block.0.{one}"] for one in what}
    mixer = network.backbone.blocks[0].mixer
    dt, state = found["dt"], torch.zeros(2, 32, 16, dtype=torch.float64)
    assert (dt > 0).all()
    assert_same(found["decay"], torch.exp(dt[..., None] * mixer.A))
    for t in range(5):
        written = (dt[:, t] * found["values"][:, t])[..., None] * found["keys"][:, t, None]
        state = found["decay"][:, t] * state + written
        assert_same(found["state.memory"][:, t], state)
        read = (state * found["queries"][:, t, None]).sum(-1)
        assert_same(found["mixed"][:, t], read)
    assert_same(found["heads"][..., 0], (found["mixed"] + mixer.D * found["values"]) * found["gate"])
    assert_same(mixer.out_proj(found["heads"][..., 0]), found["mixer"])


def test_a_decay_that_is_replaced_by_zero_forgets_everything_before() -> None:
    # Then every token's output is that of a prompt with this token alone; GLA has no convolution before it.
    network, tokens = made("gated_linear_attention"), randn(2, 5, 3)
    alone = torch.cat([network(token) for token in tokens.split(1, dim=1)], dim=1)
    with replaced(network, {"block.0.decay": torch.zeros_like}):
        assert_same(network(tokens), alone)
