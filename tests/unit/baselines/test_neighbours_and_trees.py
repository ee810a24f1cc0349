"""Nearest neighbours and the greedy tree against scikit-learn and against a tree grown the slow way."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from icl_lab.baselines import decision_tree, nearest_neighbours
from icl_lab.baselines.decision_tree import DecisionTree
from icl_lab.baselines.nearest_neighbours import NearestNeighbours
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.decision_tree import DecisionTree as RandomTree
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.layout import interleave

# Means of at most 40 numbers, summed in another order.
CLOSE = {"rel": 1e-12, "abs": 1e-12}


def prompts_for(task: FunctionClass, batch: int = 4) -> PromptBatch:
    return task.sample(Stream(0, ("unit",)), 0, batch)


def examples(prompts: PromptBatch) -> tuple[np.ndarray, np.ndarray]:
    assert prompts.examples is not None
    return prompts.examples.xs.double().numpy(), prompts.examples.ys.double().numpy()


@pytest.mark.parametrize("neighbours", [1, 3, 50])
def test_neighbours_equal_scikit_learn(neighbours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest_neighbours, "CHUNK", 900)  # two prompts at a time
    prompts = prompts_for(LinearRegression(dim=5, length=20))
    xs, ys = examples(prompts)
    predictions = NearestNeighbours(neighbours=neighbours).predict(prompts)
    for b in range(len(xs)):
        for i in range(1, 20):
            reference = KNeighborsRegressor(min(neighbours, i)).fit(xs[b, :i], ys[b, :i])
            assert predictions[b, i].item() == pytest.approx(reference.predict(xs[b, i : i + 1])[0], **CLOSE)


def test_labels_of_several_numbers_are_looked_up_with_one_set_of_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    xs = torch.from_numpy(Stream(0, ("unit",)).generator().standard_normal((3, 12, 4)))
    ys = torch.arange(144.0).reshape(3, 12, 4)
    calls: list[int] = []
    cdist = torch.cdist

    def counted(*arguments: torch.Tensor, **options: str) -> torch.Tensor:
        calls.append(1)
        return cdist(*arguments, **options)

    monkeypatch.setattr(torch, "cdist", counted)
    together = NearestNeighbours().predict(interleave(Examples(xs, ys)))
    assert len(calls) == 1
    for column in range(4):
        alone = NearestNeighbours().predict(interleave(Examples(xs, ys[..., column].contiguous())))
        assert torch.equal(together[..., column], alone)


@pytest.mark.parametrize("max_depth", [1, 4, None])
def test_tree_of_one_coordinate_equals_scikit_learn(max_depth: int | None) -> None:
    # With one coordinate and continuous labels, no two splits are equally good.
    prompts = prompts_for(LinearRegression(dim=1, length=40, label_noise=1.0))
    xs, ys = examples(prompts)
    predictions = DecisionTree(max_depth=max_depth).predict(prompts)
    for b in range(len(xs)):
        for i in range(1, 40):
            reference = DecisionTreeRegressor(max_depth=max_depth, random_state=0).fit(xs[b, :i], ys[b, :i])
            assert predictions[b, i].item() == pytest.approx(reference.predict(xs[b, i : i + 1])[0], **CLOSE)


@pytest.mark.parametrize("max_depth", [1, 2, 3])
def test_tree_equals_scikit_learn_wherever_its_tree_is_unique(max_depth: int) -> None:
    # Two coordinates that part the examples alike tie, and scikit-learn draws one: compare where 20 draws agree.
    prompts = prompts_for(LinearRegression(dim=3, length=60, label_noise=1.0), batch=2)
    xs, ys = examples(prompts)
    predictions = DecisionTree(max_depth=max_depth).predict(prompts)
    compared = 0
    for b in range(len(xs)):
        for i in range(10, 60, 4):
            trees = [DecisionTreeRegressor(max_depth=max_depth, random_state=seed) for seed in range(20)]
            draws = [tree.fit(xs[b, :i], ys[b, :i]).predict(xs[b, i : i + 1])[0] for tree in trees]
            if np.ptp(draws) < 1e-12:
                compared += 1
                assert predictions[b, i].item() == pytest.approx(draws[0], **CLOSE)
    assert compared >= 15


def grown_slowly(xs: np.ndarray, ys: np.ndarray, query: np.ndarray, depth: int | None) -> float:
    """The query's leaf in a greedy tree, straight from the definition; the first of equally good splits."""
    best: tuple[float, int, float] | None = None
    for coordinate in range(xs.shape[1]):
        values = np.unique(xs[:, coordinate])
        for threshold in (values[1:] + values[:-1]) / 2:
            left = xs[:, coordinate] <= threshold
            cost = ys[left].var() * left.sum() + ys[~left].var() * (~left).sum()
            if best is None or cost < best[0] - 1e-9:
                best = (cost, coordinate, threshold)
    if best is None or depth == 0 or np.ptp(ys) == 0:
        return float(ys.mean())
    _, coordinate, threshold = best
    side = (xs[:, coordinate] <= threshold) == (query[coordinate] <= threshold)
    return grown_slowly(xs[side], ys[side], query, None if depth is None else depth - 1)


@pytest.mark.parametrize("max_depth", [1, 3, None])
@pytest.mark.parametrize(
    "task", [RandomTree(dim=4, length=30), RandomTree(dim=5, length=20, active_dims=2, label_noise=1)]
)
def test_tree_equals_one_grown_slowly(task: RandomTree, max_depth: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_tree, "CHUNK", 200)  # a node or a few at a time, of different sizes
    prompts = prompts_for(task)
    xs, ys = examples(prompts)
    predictions = DecisionTree(max_depth=max_depth).predict(prompts)
    for b in range(len(xs)):
        for i in range(1, task.length):
            assert predictions[b, i].item() == pytest.approx(
                grown_slowly(xs[b, :i], ys[b, :i], xs[b, i], max_depth), **CLOSE
            )


def test_tree_handles_repeated_values_of_x() -> None:
    generator = Stream(0, ("ties",)).generator()
    xs = generator.integers(0, 3, size=(6, 15, 2)).astype(np.float32)
    ys = generator.standard_normal((6, 15)).astype(np.float32)
    predictions = DecisionTree(max_depth=None).predict(interleave(Examples(torch.from_numpy(xs), torch.from_numpy(ys))))
    for b in range(6):
        for i in range(1, 15):
            expected = grown_slowly(xs[b, :i].astype(float), ys[b, :i].astype(float), xs[b, i].astype(float), None)
            assert predictions[b, i].item() == pytest.approx(expected, **CLOSE)
