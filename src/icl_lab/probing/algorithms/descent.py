"""How good descent is, without any model (Grazzi et al. 2024): iterate by iterate (figure 3d), and against gamma (11).

f functions   n num_examples   q queries   d dim   g gammas   k iterates, the first of which is w = 0
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.baselines.parts.iterations import IterativeBaseline, Spectrum, spectrum_of
from icl_lab.probing.questions import Questions
from icl_lab.tasks.parts.objectives import SquaredError

STEPS = 24
"""Steps after which figure 11 asks: as many as Mamba has layers."""


def errors_of_iterates(questions: Questions, shown: int, method: IterativeBaseline) -> Float[Tensor, "functions k"]:
    """The mean error of each function over its queries after 0, 1, ... steps of a method, in the unit of its task.

    Args:
        questions: On the CPU; its task has squared errors.
        shown: Examples before each query.
        method: With the number of steps to take.
    """
    return _errors(questions, method.iterates(_spectrum(questions, shown)))


def errors_of_damping(
    questions: Questions, shown: int, gammas: Sequence[float], steps: int = STEPS
) -> Float[Tensor, "functions gammas"]:
    """Likewise the error of GD++ after its last step, for each gamma; at 0 it is gradient descent.

    Args:
        questions: On the CPU; its task has squared errors.
        shown: Examples before each query.
        gammas: Of GD++.
        steps: That it takes.
    """
    spectrum = _spectrum(questions, shown)
    last = [GdPlusPlus(gamma=gamma, steps=steps).iterates(spectrum)[-1] for gamma in gammas]
    return _errors(questions, torch.stack(last))


def _spectrum(questions: Questions, shown: int) -> Spectrum:
    xs, ys = questions.xs[:, :shown].double(), questions.ys[:, :shown].double()
    return spectrum_of(xs.mT @ xs, (xs.mT @ ys[..., None])[..., 0], shown)


def _errors(questions: Questions, weights: Float[Tensor, "many f d"]) -> Float[Tensor, "f many"]:
    objective = questions.task.objective
    assert isinstance(objective, SquaredError)
    predictions = torch.einsum("gfd,fqd->fgq", weights, questions.queries.double())
    return (predictions - questions.answers.double()[:, None]).square().mean(2) / objective.normaliser
