"""Queries after a prefix: the network reads what it would read in a prompt of its own, whatever else is asked."""

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.named import read_model
from icl_lab.models.network import Network
from icl_lab.probing.layers import decoded, stream_after, streams_at_queries
from icl_lab.probing.questions import Questions, ask, can_be_asked
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.vector_mqar import VectorMqar

TASK = LinearRegression(dim=3, length=9)
# Float64; the same sums in another order.
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def questions(functions: int = 4, shown: int = 6, queries: int = 5) -> Questions:
    found = ask(TASK, shown=shown, queries=queries, functions=functions, stream=Stream(0, ("unit",)))
    return Questions(TASK, *(part.double() for part in (found.xs, found.ys, found.queries, found.answers)))


def network(name: str) -> Network:
    kind, settings = read_model(name)
    return kind(d_model=16, num_layers=2).override(settings).build(TASK, Stream(1)).double().eval()


@pytest.mark.parametrize("name", ["transformer", "mamba", "mambaformer", "s4", "transformer(positions=learned)"])
def test_the_stream_at_a_query_is_that_of_a_prompt_of_its_own(name: str) -> None:
    net, asked = network(name), questions()
    for shown, found in streams_at_queries(net, asked, [0, 1, 4, 6]):
        with torch.no_grad():
            alone = stream_after(net, asked.prompts(shown).tokens[:, : 2 * shown + 1])[:, :, -1]
        torch.testing.assert_close(found.flatten(1, 2), alone, **CLOSE)
        predicted = net.predict(asked.prompts(shown))[:, -1]
        torch.testing.assert_close(decoded(net, found)[-1, ..., 0].flatten().detach(), predicted.detach(), **CLOSE)


def test_copies_of_a_state_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    net, asked = network("mambaformer"), questions()
    ((_, together),) = streams_at_queries(net, asked, [5])
    monkeypatch.setattr("icl_lab.probing.layers.ROWS", 1)
    ((_, apart),) = streams_at_queries(net, asked, [5])
    torch.testing.assert_close(together, apart, **CLOSE)


def test_a_function_does_not_depend_on_how_many_there_are() -> None:
    few, many = questions(functions=2), questions(functions=4)
    assert torch.equal(few.xs, many.xs[:2])
    assert torch.equal(few.answers, many.answers[:2])


def test_examples_and_queries_are_of_one_function() -> None:
    asked = ask(TASK, shown=6, queries=7, functions=5, stream=Stream(0, ("unit",)))
    w = torch.linalg.lstsq(asked.xs.double(), asked.ys.double()[..., None]).solution
    # Labels are rounded to float32 once.
    torch.testing.assert_close((asked.queries.double() @ w)[..., 0], asked.answers.double(), rtol=1e-4, atol=1e-4)


def test_functions_have_axes_of_their_own_where_a_batch_shares_them() -> None:
    task = LinearRegression(dim=6, length=9, inputs=Skewed(exponent=3.0))
    asked = ask(task, shown=40, queries=1, functions=3, stream=Stream(0, ("unit",)))
    leading = torch.linalg.eigh(asked.xs.mT @ asked.xs).eigenvectors[..., -1]
    assert (leading[0] @ leading[1]).abs() < 0.95
    assert (leading[1] @ leading[2]).abs() < 0.95


def test_what_cannot_be_asked_is_refused() -> None:
    assert not can_be_asked(VectorMqar())
    with pytest.raises(UserError, match="has no pairs"):
        ask(VectorMqar(), shown=4, queries=2, stream=Stream(0))
    with pytest.raises(UserError, match=r"at least 1 of each, got 0 2 128"):
        ask(TASK, shown=0, queries=2, stream=Stream(0))
    for shown in ([], [3, 2], [7], [-1]):
        with pytest.raises(UserError, match=r"ascending numbers up to 6"):
            list(streams_at_queries(network("mamba"), questions(), shown))
