"""The error of what is read off every block, over depth and for any number of examples.

Recipe of Grazzi et al. 2024, appendix: after k examples of each of 128 functions, 10 queries to fit scale and shift on
and 40 others to score, each in a prompt of its own; the error is the mean over functions. Ours is divided by what the
task divides errors by (they always divide by 20).

l blocks   f functions   q queries
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.models.network import Network
from icl_lab.probing.layers import decoded
from icl_lab.probing.questions import Questions
from icl_lab.probing.readout.calibration import NUM_FITTED, Calibration, Fitted, calibrate, readings_within
from icl_lab.tasks.parts.objectives import SquaredError

NUM_SCORED = 40


@dataclass(frozen=True)
class Readout:
    """What was read off every block after a number of examples.

    Args:
        shown: Examples before each query.
        readings: The network's read-out at every block, `(blocks, functions, queries)`, float64; scored queries only.
        calibration: Scale and shift.
        answers: The labels, `(functions, queries)`, float64.
        normaliser: What the task divides squared errors by.
    """

    shown: int
    readings: Float[Tensor, "blocks functions queries"]
    calibration: Calibration
    answers: Float[Tensor, "functions queries"]
    normaliser: float

    @property
    def predictions(self) -> Float[Tensor, "blocks functions queries"]:
        """With scale and shift."""
        return self.calibration.apply(self.readings)

    @property
    def errors(self) -> Float[Tensor, "blocks functions"]:
        """Mean squared error over the queries of a function, in the unit of the task's metric."""
        return (self.predictions - self.answers).square().mean(-1) / self.normaliser

    @property
    def plain_errors(self) -> Float[Tensor, "blocks functions"]:
        """The same without scale and shift; after the last block, the error of the network."""
        return (self.readings - self.answers).square().mean(-1) / self.normaliser


def read_off(
    network: Network,
    questions: Questions,
    shown: int,
    stream: Float[Tensor, "blocks functions queries m"],
    fitted: Fitted = "queries",
) -> Readout:
    """Read predictions off the residual stream at queries after `shown` examples.

    Args:
        network: The network.
        questions: What was asked; the first `NUM_FITTED` queries are for the fit, whatever is fitted on.
        shown: After how many examples.
        stream: From `streams_at_queries`.
        fitted: What scale and shift are fitted on.

    Raises:
        UserError: There are too few queries, or too few examples to fit on.
    """
    if questions.num_queries <= NUM_FITTED:
        raise UserError(f"read-out: expected more than {NUM_FITTED} queries, got {questions.num_queries}")
    readings = decoded(network, stream)[..., 0].double()
    if fitted == "queries":
        calibration = calibrate(readings[..., :NUM_FITTED], questions.answers[:, :NUM_FITTED])
    else:
        if shown < 2:
            raise UserError(f"read-out: expected at least 2 examples to fit scale and shift on, got {shown}")
        labels = questions.ys[:, max(0, shown - NUM_FITTED) : shown]
        calibration = calibrate(readings_within(network, questions, shown), labels)
    return Readout(
        shown=shown,
        readings=readings[..., NUM_FITTED:],
        calibration=calibration,
        answers=questions.answers[:, NUM_FITTED:].double(),
        normaliser=normaliser(questions),
    )


def normaliser(questions: Questions) -> float:
    """What squared errors are divided by; 1 where the task reports another error."""
    objective = questions.task.objective
    return objective.normaliser if isinstance(objective, SquaredError) else 1.0


def first_below(errors: Float[Tensor, "blocks functions"], level: float) -> int | None:
    """The first block from which on the mean error stays below a level; none where the last one does not."""
    above = (errors.mean(1) >= level).nonzero()[:, 0]
    first = int(above[-1]) + 1 if len(above) else 0
    return first if first < len(errors) else None


def flat_until(errors: Float[Tensor, "blocks functions"], share: float = 0.5) -> float:
    """Depth, from 0 at the first block to 1 at the last, where half (or another share) of all that is gained is gained.

    >>> flat_until(torch.tensor([[1.0], [1.0], [1.0], [0.0]])) > 0.6
    True
    """
    means = errors.mean(1)
    if len(means) == 1:
        return 0.0
    line = means[0] - share * (means[0] - means[-1])
    reached = (means <= line).nonzero()[:, 0]
    return float(reached[0]) / (len(means) - 1) if len(reached) else 1.0


def log_slope(errors: Float[Tensor, "blocks functions"]) -> Float[Tensor, ""]:
    """Slope of the logarithm (base 10) of the mean error against depth from 0 to 1, by least squares over blocks."""
    means = errors.mean(1).clamp(min=1e-30).log10()
    depth = torch.linspace(0, 1, len(means), dtype=means.dtype)
    return ((depth - depth.mean()) * (means - means.mean())).sum() / (depth - depth.mean()).square().sum()
