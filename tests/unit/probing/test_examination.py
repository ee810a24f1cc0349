"""Everything that is looked at in a network, as rows."""

from collections import Counter

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.records import Record
from icl_lab.core.streams import Stream
from icl_lab.models.network import Network
from icl_lab.models.presets.transformer import Transformer
from icl_lab.probing.examination.probed import probe_rows, untrained
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.whole import applies, examine
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.linear_regression import LinearRegression

SPEC = ProbeSpec(functions=8, scored=4, shown=(5,), probed=16, seeds=1, prompts=8)
SMALL = {"linear_regression": {"dim": 3, "length": 6}, "sparse_parity": {"dim": 4, "sparsity": 2, "length": 6}}
BLOCKS = 2


@pytest.fixture(autouse=True)
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that are trained for a tenth of the steps: which rows there are does not depend on it."""
    monkeypatch.setattr("icl_lab.probing.probes.network.STEPS", 20)


def rows_of(task: Task, spec: ProbeSpec = SPEC) -> list[Record]:
    network = Transformer(d_model=16, num_layers=1).build(task, Stream(0)).train()
    before = {name: part.clone() for name, part in network.state_dict().items()}
    rows = list(examine(network, Subject("run", "transformer", task, seed=3, step=7), spec))
    assert network.training
    assert all(torch.equal(part, before[name]) for name, part in network.state_dict().items())
    return rows


def test_a_linear_task_has_rows_of_everything_and_the_same_when_asked_twice() -> None:
    task, spec = LinearRegression(dim=3, length=6), SPEC.replace(shown=(2, 5))
    rows = rows_of(task, spec)
    assert rows_of(task, spec) == rows
    counts = Counter(row.metric for row in rows)
    for metric in ("layer_error", "layer_plain_error", "layer_scale", "layer_shift", "nearest", "nearest_family"):
        assert counts[metric] == BLOCKS * 2
    assert counts["probe_ridge"] == counts["shuffled_network"] == BLOCKS * 4
    assert counts["untrained_ridge"] == counts["untrained_network"] == counts["untrained_bits"] == BLOCKS * 4
    assert counts["embedding_ridge"] == counts["embedding_network"] == 4
    assert {
        "late_error_over_zero",
        "patched_late_rise_over_zero",
        "hidden_attention",
        "distance",
        "weight_distance",
    } <= {*counts}
    assert {row.shown for row in rows if row.metric == "distance"} == {2, 5}
    assert {row.seed for row in rows} == {3}
    for row in rows:
        assert row.value is not None
        if row.low is not None and not row.metric.startswith("layer_"):
            assert row.low <= row.value + 1e-12
            assert row.value <= row.high + 1e-12


@pytest.mark.parametrize("name", ["sparse_parity", "vector_mqar", "regular_languages", "chain_of_thought"])
def test_other_tasks_have_rows_of_what_applies(name: str) -> None:
    task = TASKS.get(name)().replace(**SMALL.get(name, {"length": 6}))
    metrics = {row.metric for row in rows_of(task)}
    assert applies(task)
    assert "distance" not in metrics
    assert "late_error_over_zero" in metrics
    assert ("read its own output" in applies(task)) == (name == "chain_of_thought")
    if name != "chain_of_thought":
        assert "layer_plain_error" in metrics
    assert ("probe_ridge" in metrics) == (name == "sparse_parity")
    assert not {"layer_error", "layer_scale", "layer_shift", "layer_decades"} & metrics


def test_what_is_read_from_fresh_weights_depends_on_the_architecture_alone() -> None:
    task = LinearRegression(dim=3, length=6)
    first, other = (Transformer(d_model=16, num_layers=1).build(task, Stream(seed)).double() for seed in (0, 1))
    fresh = [untrained(network, SPEC).state_dict() for network in (first, other)]
    assert all(torch.equal(part, fresh[1][name]) for name, part in fresh[0].items())
    assert not all(torch.equal(part, fresh[0][name]) for name, part in first.state_dict().items())
    assert {part.dtype for part in fresh[0].values()} == {torch.float64}

    def rows(network: Network) -> dict[str, list[float | None]]:
        spec = SPEC.replace(seeds=1)
        found = [row for row in probe_rows(network.float(), Subject("r", "t", task), spec) if row.block is not None]
        return {who: [row.value for row in found if row.metric == f"{who}_ridge"] for who in ("probe", "untrained")}

    ours, theirs = rows(first), rows(other)
    assert ours["untrained"] == theirs["untrained"]
    assert ours["probe"] != theirs["probe"]
    assert ours["probe"] != ours["untrained"]


@pytest.mark.parametrize("name", ["linear_regression", "sparse_parity", "vector_mqar"])
def test_what_is_told_grows_to_the_whole(name: str) -> None:
    task = TASKS.get(name)().replace(**SMALL.get(name, {"length": 6}))
    network, heard = Transformer(d_model=16, num_layers=1).build(task, Stream(0)), []
    list(examine(network, Subject("run", "transformer", task), SPEC, heard.append))
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert len(heard) > 3


def test_what_is_asked_is_ablated_in_the_way_that_is_asked() -> None:
    task = LinearRegression(dim=3, length=6)

    def ablated(**settings: object) -> dict[str, set[str]]:
        rows = rows_of(task, SPEC.replace(probed=0, **settings))
        found = [row for row in rows if row.metric.startswith("ablated")]
        return {
            metric: {row.about for row in found if row.metric == metric} for metric in {row.metric for row in found}
        }

    (usual,) = ablated().values()
    assert {"everything", "block 0 attention", "block 1 mlp"} < usual
    assert all(about.startswith(("head", "block", "everything")) for about in usual)
    assert ablated(ablate=("block",), how="resample") == {
        "ablated_error_over_zero_by_resample": {"block 0 attention", "block 1 mlp"}
    }


def test_what_was_measured_before_is_told_apart_where_it_matters() -> None:
    measured = {spec.measured_on(41) for spec in (ProbeSpec(), ProbeSpec(ablate=("block",)), ProbeSpec(how="resample"))}
    assert len(measured) == 3
    # Without interventions nothing has changed.
    few = ProbeSpec(prompts=0)
    assert {spec.measured_on(41) for spec in (few, few.replace(how="zero"), few.replace(ablate=("block",)))} == {
        few.measured_on(41)
    }
    with pytest.raises(UserError, match="each kind once"):
        ProbeSpec(ablate=("block", "block"))


def test_what_is_not_asked_is_not_done() -> None:
    metrics = {row.metric for row in rows_of(LinearRegression(dim=3, length=6), SPEC.replace(probed=0, prompts=0))}
    assert not {"probe_ridge", "late_error_over_zero"} & metrics


def test_points_ascend_and_functions_can_be_halved() -> None:
    assert ProbeSpec().shown_on(2) == (1,)
    assert ProbeSpec(shown=(3, 9)).shown_on(41) == (3, 9)
    for few, words in (({"probed": 7}, "0 for none, or at least 8, got 7"), ({"prompts": 1}, "at least 2, got 1")):
        with pytest.raises(UserError, match=words):
            ProbeSpec(**few)
    with pytest.raises(UserError, match="ascending numbers, got 5, 3"):
        ProbeSpec(shown=(5, 3))
    with pytest.raises(UserError, match="at least 4 to halve"):
        ProbeSpec(functions=3)
