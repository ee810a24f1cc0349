"""How good GD++ is after some steps, against how much it damps (Grazzi et al. 2024, figure 11); no model is asked.

f functions   n num_examples   q queries   d dim   g gammas
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.baselines.parts.iterations import spectrum_of
from icl_lab.probing.questions import Questions
from icl_lab.tasks.parts.objectives import SquaredError

STEPS = 24
"""Steps after which the published figure asks: as many as Mamba has layers."""


def errors_of_damping(
    questions: Questions, shown: int, gammas: Sequence[float], steps: int = STEPS
) -> Float[Tensor, "functions gammas"]:
    """The mean error of each function over its queries, in the unit of its task.

    Args:
        questions: On the CPU; its task has squared errors.
        shown: Examples before each query.
        gammas: Of GD++; at 0 it is gradient descent.
        steps: That it takes.
    """
    objective = questions.task.objective
    assert isinstance(objective, SquaredError)
    xs, ys = questions.xs[:, :shown].double(), questions.ys[:, :shown].double()
    spectrum = spectrum_of(xs.mT @ xs, (xs.mT @ ys[..., None])[..., 0], shown)
    weights = torch.stack([GdPlusPlus(gamma=gamma, steps=steps).iterates(spectrum)[-1] for gamma in gammas])
    predictions = torch.einsum("gfd,fqd->fgq", weights, questions.queries.double())
    return (predictions - questions.answers.double()[:, None]).square().mean(2) / objective.normaliser
