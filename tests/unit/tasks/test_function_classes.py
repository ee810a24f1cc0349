"""Each function class is the one of its paper: scale, structure, curriculum."""

import numpy as np
import pytest

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.curriculum import Curriculum
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression
from icl_lab.tasks.two_layer_relu import TwoLayerRelu

FUNCTIONS = Stream(0, ("functions",))


def labels(task: FunctionClass, xs: np.ndarray, step: int = 0) -> np.ndarray:
    """The labels of the same functions, whatever the inputs."""
    return task.labels(xs, FUNCTIONS.generator(step))


def normal(*shape: int) -> np.ndarray:
    return Stream(0, ("xs",)).generator().standard_normal(shape)


def weights(task: FunctionClass, prompts: int) -> np.ndarray:
    """The labels of the basis vectors, which are the weights of a linear function."""
    return labels(task, np.tile(np.eye(task.dim), (prompts, 1, 1)))


def test_linear_weights_are_standard_normal() -> None:
    w = weights(LinearRegression(dim=10), 1000)
    # 10,000 numbers: mean and variance stray by 0.01 and 0.014; four times that.
    assert abs(w.mean()) < 0.04
    assert abs(w.var() - 1) < 0.06
    xs = normal(3, 7, 10)
    assert labels(LinearRegression(dim=10), xs) == pytest.approx(np.einsum("bld,bd->bl", xs, w[:3]), rel=1e-9)


def test_sparse_weights_have_their_support_among_the_active_coordinates() -> None:
    w = weights(SparseLinearRegression(dim=10, sparsity=3, active_dims=6), 2000)
    assert ((w != 0).sum(axis=1) == 3).all()
    # Each active coordinate is chosen with probability 1/2: over 2,000 prompts that strays by 0.011; four times that.
    assert (w != 0).mean(axis=0) == pytest.approx([0.5] * 6 + [0] * 4, abs=0.045)
    assert abs(w[w != 0].var() - 1) < 0.08  # 6,000 numbers: 4 standard errors
    with pytest.raises(UserError, match=r"sparsity: expected at most 2, the active coordinates, got 3"):
        SparseLinearRegression(dim=10, active_dims=2)


def test_relu_networks_are_positively_homogeneous_and_not_linear() -> None:
    task, xs = TwoLayerRelu(dim=5, hidden=7), normal(2, 6, 5)
    assert labels(task, 3 * xs) == pytest.approx(3 * labels(task, xs), rel=1e-9)
    # f(x) + f(-x) = sum |w_j.x| v_j does not vanish, f(x) - f(-x) is linear: the two halves of a ReLU.
    even, odd = (labels(task, xs) + sign * labels(task, -xs) for sign in (1, -1))
    assert np.abs(even).min() > 1e-6
    assert labels(task, xs + xs[:, ::-1]) - labels(task, -xs - xs[:, ::-1]) == pytest.approx(
        odd + odd[:, ::-1], rel=1e-9
    )


def test_relu_networks_have_the_published_width() -> None:
    # The excess kurtosis of y at fixed x falls as 1 / hidden: with a = w.x, y = sqrt(2/r) sum v_j relu(a_j) has
    # E y^4 / (E y^2)^2 = 3 + (9 E relu^4 / (E relu^2)^2 / 3 - 3) / r = 3 + 15 / r, as E relu^4 = 3/2, E relu^2 = 1/2.
    x = np.ones((40_000, 1, 1))
    y = TwoLayerRelu(dim=1, hidden=5).labels(x, FUNCTIONS.generator())[:, 0]
    kurtosis = (y**4).mean() / (y**2).mean() ** 2
    # Its sampling error is about 0.25 for such tails at 40,000 draws.
    assert kurtosis == pytest.approx(3 + 15 / 5, abs=0.9)
    assert TwoLayerRelu().hidden == 100


def test_trees_depend_on_signs_alone_and_have_at_most_sixteen_values() -> None:
    task, xs = DecisionTree(dim=6, length=300), normal(4, 300, 6)
    y = labels(task, xs)
    assert np.array_equal(labels(task, np.sign(xs)), y)
    for prompt in y:
        assert 2 <= len(np.unique(prompt)) <= 16
    assert len(np.unique(labels(DecisionTree(dim=6, depth=1), xs)[0])) == 2


def test_trees_are_numbered_as_a_heap() -> None:
    task, xs = DecisionTree(dim=3, depth=3), normal(5, 20, 3)
    xs[:, ::2, 1] = 0  # a silenced coordinate answers no
    generator = FUNCTIONS.generator()
    coordinates, leaves = generator.integers(3, size=(5, 7)), generator.standard_normal((5, 8))
    y = labels(task, xs)
    for b in range(5):
        for i in range(20):
            node = 0
            while node < 7:
                node = 2 * node + (2 if xs[b, i, coordinates[b, node]] > 0 else 1)
            assert y[b, i] == leaves[b, node - 7]


def test_noise_is_added_to_every_label_and_to_nothing_else() -> None:
    clean, noisy = (LinearRegression(dim=3, label_noise=s).sample(FUNCTIONS, 0, 200) for s in (0.0, 2.0))
    assert clean.examples is not None
    assert noisy.examples is not None
    assert clean.examples.xs.equal(noisy.examples.xs)
    noise = noisy.targets - clean.targets
    # 8,200 numbers: the deviation strays by 2 / sqrt(16,400) = 0.016; four times that.
    assert noise.std().item() == pytest.approx(2, abs=0.07)
    assert noise.std(dim=0).min() > 1


def stages(curriculum: Curriculum, *steps: int) -> list[tuple[int, int]]:
    assert curriculum.dims is not None
    assert curriculum.length is not None
    return [(curriculum.dims.at(step), curriculum.length.at(step)) for step in steps]


@pytest.mark.parametrize("task", [LinearRegression(), SparseLinearRegression(), LinearRegression(inputs=Skewed())])
def test_linear_tasks_have_the_published_curriculum(task: FunctionClass) -> None:
    steps = (0, 1999, 2000, 29_999, 30_000, 400_000)
    assert stages(task.curriculum, *steps) == [(5, 11), (5, 11), (6, 13), (19, 39), (20, 41), (20, 41)]


@pytest.mark.parametrize("task", [TwoLayerRelu(), DecisionTree()])
def test_other_tasks_have_the_published_curriculum(task: FunctionClass) -> None:
    steps = (0, 1999, 2000, 29_999, 30_000, 400_000)
    assert stages(task.curriculum, *steps) == [(5, 26), (5, 26), (6, 31), (19, 96), (20, 101), (20, 101)]


def test_a_curriculum_respects_other_sizes() -> None:
    assert stages(LinearRegression(dim=3, length=8).curriculum, 0, 10**6) == [(3, 8), (3, 8)]
    assert stages(DecisionTree(length=50).curriculum, 0, 10**6) == [(5, 26), (20, 50)]
    assert stages(LinearRegression(active_dims=12).curriculum, 0, 10**6) == [(5, 11), (12, 41)]
    assert stages(SparseLinearRegression(sparsity=7).curriculum, 0, 10**6) == [(7, 11), (20, 41)]
