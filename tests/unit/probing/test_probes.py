"""Probes find what was planted, find nothing in a shuffled target, and judge on functions they have not seen."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge as ReferenceRidge

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.probing.probes import ridge
from icl_lab.probing.probes.code_length import bits_saved, variance_explained
from icl_lab.probing.probes.measure import probe
from icl_lab.probing.probes.targets import answer, query, residual_after, standardised, usual_targets, weights
from icl_lab.probing.questions import ask
from icl_lab.tasks.linear_regression import LinearRegression

FUNCTIONS, QUERIES, WIDTH = 200, 2, 10


def drawn(name: str, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=Stream(0, (name,)).torch_generator(), dtype=torch.float64)


def planted() -> tuple[torch.Tensor, torch.Tensor]:
    """Two blocks of noise, the second with a target in a direction of it, and the target."""
    stream, target = drawn("stream", 2, FUNCTIONS, QUERIES, WIDTH), drawn("target", FUNCTIONS, QUERIES, 1)
    direction = drawn("direction", WIDTH)
    stream[1] += 3 * target * direction / direction.norm()
    return stream, target


def test_a_planted_linear_feature_is_found_and_nothing_in_a_shuffled_target() -> None:
    stream, target = planted()
    found = {(one.kind, one.block): one for one in probe(stream, {"planted": target})}
    assert set(found) == {(kind, block) for kind in ("ridge", "network") for block in (0, 1)}
    for kind in ("ridge", "network"):
        # Signal 3 in noise 1 along one direction: a linear reader explains 9/10; a network overfits.
        assert (found[kind, 1].explained > (0.85 if kind == "ridge" else 0.6)).all()
        for one in (found[kind, 1].shuffled, found[kind, 0].explained):
            assert (one < 0.1).all()
        assert (found[kind, 1].explained - found[kind, 1].shuffled > 0.6).all()
    # Half a bit for every halving of the variance: log2(10) / 2 = 1.66 with all rows, less with few.
    assert (found["ridge", 1].bits > 1).all()
    assert (found["ridge", 0].bits < 0.1).all()
    assert np.isnan(found["network", 0].bits).all()


def test_a_network_finds_what_no_linear_probe_can() -> None:
    stream = drawn("stream", 1, 600, 1, 3)
    target = stream[0, ..., :1].abs()
    found = {one.kind: one for one in probe(stream, {"size": target})}
    assert (found["ridge"].explained < 0.1).all()
    assert (found["network"].explained > 0.8).all()


def test_what_is_the_same_within_a_function_is_not_found_by_remembering_functions() -> None:
    # Every function has a mark of its own in the stream: who has seen the function knows its target.
    marks = torch.eye(FUNCTIONS, dtype=torch.float64)[None, :, None].expand(1, FUNCTIONS, 2, FUNCTIONS).contiguous()
    target = drawn("target", FUNCTIONS, 1, 1).expand(FUNCTIONS, 2, 1)
    (found,) = probe(marks, {"planted": target}, kinds=("ridge",))
    assert (found.explained < 0.05).all()


def test_seeds_are_other_splits_and_the_same_seed_is_the_same() -> None:
    stream, target = planted()
    one, again = (list(probe(stream, {"planted": target}, kinds=("ridge",))) for _ in range(2))
    assert (one[1].explained == again[1].explained).all()
    assert len(set(one[1].explained.tolist())) == 3


def test_the_linear_probe_is_ridge_regression() -> None:
    x, y = drawn("x", 50, 4) * torch.tensor([1.0, 5.0, 0.1, 1.0]) + 2, drawn("y", 50, 2)
    ours = ridge.fit(x, y, strengths=(0.3,)).predict(x)
    scaled = (x - x.mean(0)) / x.std(0, correction=0)
    wanted = ReferenceRidge(alpha=0.3 * 50).fit(scaled.numpy(), y.numpy()).predict(scaled.numpy())
    np.testing.assert_allclose(ours.numpy(), wanted, rtol=1e-8)  # float64


def test_the_code_saves_half_the_logarithm_of_the_variance_explained() -> None:
    x = drawn("x", 4000, 3)
    y = x[:, :1] + 0.25 * drawn("noise", 4000, 1)
    # log2(1 + 16) / 2 bits; what learning costs is little with 4,000 rows.
    assert bits_saved(x, y) == pytest.approx(0.5 * np.log2(17), abs=0.05)
    assert bits_saved(x, drawn("other", 4000, 1)) == pytest.approx(0, abs=0.02)


def test_variance_explained_is_one_for_the_truth_and_zero_for_the_mean() -> None:
    y = drawn("y", 5, 30, 2)
    assert torch.equal(variance_explained(y, y), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(variance_explained(y.mean(1, keepdim=True).expand_as(y), y), torch.zeros(5).double())


def test_targets_are_what_they_are_called() -> None:
    task = LinearRegression(dim=4, length=12)
    asked = ask(task, shown=11, queries=3, functions=6, stream=Stream(0, ("unit",)))
    w = weights(asked, 11)
    predicted = (w * query(asked, 11)).sum(-1, keepdim=True)
    # float32 labels
    torch.testing.assert_close(predicted, answer(asked, 11), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(residual_after(11)(asked, 11), answer(asked, 11) - predicted)
    assert residual_after(2)(asked, 11).abs().mean() > 0.1
    assert list(usual_targets(4)) == ["label", "weights", "residual after 2", "query"]
    rows = standardised(w)
    torch.testing.assert_close(rows.std(0, correction=0), torch.ones(4, dtype=torch.float64))
    assert (standardised(torch.ones(3, 2, 1)) == 0).all()


def test_wrong_shapes_and_too_few_functions_are_refused() -> None:
    with pytest.raises(UserError, match="at least 8 functions"):
        list(probe(torch.zeros(1, 7, 1, 2), {}))
