"""Networks that are shown one example after the other."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.prompts import Examples
from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import MIXERS
from icl_lab.models.network import Network
from icl_lab.models.presets.pattern import Pattern
from icl_lab.models.streaming import start
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.chain_of_thought import ChainOfThought
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.layout import in_pairs, interleave
from tests.unit.models.toys import assert_same, randn, scramble

TASK = LinearRegression(dim=3, length=9)


def network(blocks: str = "mamba attention") -> Network:
    built = Pattern(blocks=blocks, d_model=16).build(TASK, Stream(0)).double().eval()
    scramble(built)
    return built


def examples(batch: int = 2) -> tuple[Tensor, Tensor]:
    return randn(batch, 9, 3), randn(batch, 9, seed=1)


@pytest.mark.parametrize("blocks", ["mamba", "attention", "mamba attention mlp"])
def test_a_stream_is_read_as_the_prompt_is(blocks: str) -> None:
    xs, ys = examples()
    model = network(blocks)
    wanted = model.predict(interleave(Examples(xs, ys)))
    stream = start(model, batch=2)
    for i in range(9):
        assert stream.num_examples == i
        assert_same(stream.predict(xs[:, i]), wanted[:, i])
        stream.observe(xs[:, i], ys[:, i])
    together = start(model, batch=2)
    together.observe(xs[:, :6], ys[:, :6])
    together.observe(xs[:, 6:8], ys[:, 6:8])
    assert_same(together.predict(xs[:, 8]), wanted[:, 8])


def test_one_stream_takes_vectors_and_asking_leaves_no_trace() -> None:
    xs, ys = examples(batch=1)
    model = network()
    stream = start(model)
    stream.observe(xs[0, 0], ys[0, 0])
    first = stream.predict(xs[0, 1])
    assert first.ndim == 0
    stream.predict(xs[0, 2])
    assert torch.equal(stream.predict(xs[0, 1]), first)
    assert_same(first, model.predict(interleave(Examples(xs, ys)))[0, 1])


def test_branches_go_their_own_ways() -> None:
    xs, ys = examples()
    stream = start(network(), batch=2)
    stream.observe(xs[:, :3], ys[:, :3])
    before = stream.predict(xs[:, 3])
    other = stream.branch()
    other.observe(xs[:, 4], ys[:, 4])
    assert torch.equal(stream.predict(xs[:, 3]), before)
    assert not torch.equal(other.predict(xs[:, 3]), before)


def test_a_state_is_saved_and_restored(tmp_path: Path) -> None:
    xs, ys = examples()
    model = network()
    stream = start(model, batch=2)
    stream.observe(xs[:, :5], ys[:, :5])
    stream.save(tmp_path / "state.safetensors")
    again = start(model, batch=2)
    again.restore(tmp_path / "state.safetensors")
    assert again.num_examples == 5
    assert torch.equal(again.predict(xs[:, 5]), stream.predict(xs[:, 5]))
    with pytest.raises(UserError, match="is not a state of"):
        start(network("mamba mamba"), batch=2).restore(tmp_path / "state.safetensors")
    (tmp_path / "bad").write_bytes(b"no")
    with pytest.raises(DamagedFile, match="bad"):
        again.restore(tmp_path / "bad")


def test_a_recurrent_network_carries_as_much_after_any_number_of_examples() -> None:
    model = network("mamba*2")
    stream = start(model)
    sizes = set()
    for seed in range(4):
        stream.observe(randn(1, 50, 3, seed=seed), randn(1, 50, seed=seed))
        sizes.add(stream.state.size)
    assert sizes == {model.state_size(1)}


def test_many_examples_are_read_in_pieces_as_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    xs, ys = examples()
    model = network("mamba attention mlp")
    one_by_one, together = start(model, batch=2), start(model, batch=2)
    for i in range(8):
        one_by_one.observe(xs[:, i], ys[:, i])
    lengths = []
    extend = model.extend
    monkeypatch.setattr("icl_lab.models.streaming.AT_ONCE", 3)
    monkeypatch.setattr(model, "extend", lambda tokens, state: lengths.append(tokens.shape[1]) or extend(tokens, state))
    together.observe(xs[:, :8], ys[:, :8])
    assert lengths == [6, 6, 4]
    assert together.num_examples == 8
    assert_same(together.predict(xs[:, 8]), one_by_one.predict(xs[:, 8]))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (torch.zeros(2, 4), torch.zeros(2), "expected x of width 3"),
        (torch.zeros(3, 3), torch.zeros(3), "expected x for 2 streams"),
        (torch.zeros(2, 3), torch.zeros(3), "a label for each input"),
        (torch.zeros(2, 5, 3), torch.zeros(2, 4), "a label for each input"),
    ],
)
def test_wrong_shapes_are_refused(x: Tensor, y: Tensor, words: str) -> None:
    with pytest.raises(UserError, match=words):
        start(network(), batch=2).observe(x, y)


@pytest.mark.parametrize("name", MIXERS.names())
def test_every_state_is_saved_before_and_after_examples(name: str, tmp_path: Path) -> None:
    xs, ys = examples()
    model = network(name)
    for count in (0, 4):
        stream = start(model, batch=2)
        stream.observe(xs[:, :count], ys[:, :count])
        stream.save(str(tmp_path / "state"))
        again = start(model, batch=2)
        again.observe(xs, ys)
        again.restore(str(tmp_path / "state"))
        assert again.num_examples == count
        assert torch.equal(again.predict(xs[:, 5]), stream.predict(xs[:, 5]))


def test_a_state_of_another_network_is_refused(tmp_path: Path) -> None:
    xs, ys = examples()
    model = network("attention")
    stream = start(model, batch=2)
    stream.observe(xs, ys)
    path = tmp_path / "state"
    stream.save(path)
    with pytest.raises(UserError, match="for 2 streams: it was saved with other settings"):
        start(network("attention(num_heads=4)"), batch=2).restore(path)
    with pytest.raises(UserError, match="for 3 streams: its shapes are others"):
        start(model, batch=3).restore(path)
    with torch.no_grad():
        model.read_in.weight[0, 0] += 1e-12
    with pytest.raises(UserError, match="for 2 streams: it was saved with other weights"):
        stream.restore(path)


def test_examples_may_be_lists_and_arrays_and_many_of_one_stream() -> None:
    xs, ys = examples(batch=1)
    model = network()
    tensors, arrays, lists, alone = (start(model) for _ in range(4))
    tensors.observe(xs[:, :8], ys[:, :8])
    arrays.observe(xs[0, :8].numpy(), ys[0, :8].numpy())
    lists.observe(xs[0, :8].tolist(), ys[0, :8].tolist())
    for x, y in zip(xs[0, :8].tolist(), ys[0, :8].tolist(), strict=True):
        alone.observe(x, y)
    wanted = tensors.predict(xs[0, 8])
    assert torch.equal(arrays.predict(xs[0, 8].numpy()), wanted)
    assert torch.equal(lists.predict(xs[0, 8].tolist()), wanted)
    assert_same(alone.predict(xs[:1, 8]), wanted[None])


def test_what_is_no_stream_of_pairs_is_refused() -> None:
    with pytest.raises(UserError, match="expected at least one stream, got batch=-1"):
        start(network(), batch=-1)
    with pytest.raises(UserError, match="expected numbers, got"):
        start(network()).observe([[1.0, 2.0, 3.0], [1.0]], [1.0, 2.0])
    with pytest.raises(UserError, match="expected one x a stream"):
        start(network()).predict(torch.zeros(2, 3))
    model = Pattern(blocks="attention", d_model=8).build(ChainOfThought(), Stream(0))
    with pytest.raises(UserError, match="chain_of_thought, whose prompts are not x_1, y_1"):
        start(model)


def test_tasks_are_in_pairs_where_the_label_follows_the_question() -> None:
    prompts = {name: TASKS.get(name)().sample(Stream(0), 0, 2) for name in TASKS.names()}
    others = {name for name, batch in prompts.items() if not in_pairs(batch)}
    recall = {"vector_mqar", "vector_retrieval"}  # the answer is not shown after the question
    symbols = {"induction_heads", "markov_chain", "regular_languages"}
    assert others == {"chain_of_thought", *recall, *symbols}


@pytest.mark.parametrize("name", MIXERS.names())
def test_no_tokens_are_refused_by_every_network(name: str) -> None:
    model = network(name)
    nothing = randn(2, 0, 3)
    for read in (model, lambda tokens: model.extend(tokens, model.initial_state(2))):
        with pytest.raises(UserError, match="expected at least one token"):
            read(nothing)
