"""The error of what is read off every block, over depth and for any number of examples.

Recipe of Grazzi et al. 2024, appendix: after k examples of each of 128 functions, 10 queries to fit scale and shift on
and 40 others to score, each in a prompt of its own; the error is the mean over functions. Ours is divided by what the
task divides errors by (they always divide by 20).

l blocks   f functions   q queries
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.models.network import Network
from icl_lab.probing.layers import decoded
from icl_lab.probing.questions import Questions
from icl_lab.probing.readout.calibration import (
    NUM_FITTED,
    Calibration,
    Fitted,
    calibrate,
    calibrate_together,
    readings_within,
)
from icl_lab.tasks.parts.objectives import Objective

NUM_SCORED = 40


@dataclass(frozen=True)
class Readout:
    """What was read off every block after a number of examples.

    Args:
        shown: Examples before each query.
        readings: The network's read-out at every block, `(blocks, functions, queries)`, float64; scored queries only.
        calibration: Scale and shift of every function.
        together: Those that all functions share.
        answers: The labels, `(functions, queries)`, float64.
        objective: How the task judges answers.
    """

    shown: int
    readings: Float[Tensor, "blocks functions queries"]
    calibration: Calibration
    together: Calibration
    answers: Float[Tensor, "functions queries"]
    objective: Objective

    @property
    def predictions(self) -> Float[Tensor, "blocks functions queries"]:
        """With scale and shift of every function."""
        return self.calibration.apply(self.readings)

    @property
    def errors(self) -> Float[Tensor, "blocks functions"]:
        """Mean error over the queries of a function, in the unit of the task's metric."""
        return self._judged(self.predictions)

    @property
    def plain_errors(self) -> Float[Tensor, "blocks functions"]:
        """The same without scale and shift; after the last block, the error of the network."""
        return self._judged(self.readings)

    @property
    def answered(self) -> Float[Tensor, "blocks functions queries"]:
        """What each block answers at the scored queries."""
        return self.answering(self.readings)

    def answering(self, readings: Float[Tensor, "blocks functions any"]) -> Float[Tensor, "blocks functions any"]:
        """What each block answers, where this is read off: with the scale and shift that all functions share.

        After the last block it is what the network says itself.
        """
        return torch.cat([self.together.apply(readings)[:-1], readings[-1:]])

    def _judged(self, predictions: Float[Tensor, "blocks functions queries"]) -> Float[Tensor, "blocks functions"]:
        everything = torch.ones_like(self.answers, dtype=torch.bool)
        places = torch.arange(self.answers.shape[1])
        prompts = PromptBatch(tokens=self.answers, queries=places, targets=self.answers, scored=everything)
        return torch.stack([self.objective.errors(one, prompts).mean(-1) for one in predictions])


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
        known, labels = readings[..., :NUM_FITTED], questions.answers[:, :NUM_FITTED]
    else:
        if shown < 2:
            raise UserError(f"read-out: expected at least 2 examples to fit scale and shift on, got {shown}")
        labels = questions.ys[:, max(0, shown - NUM_FITTED) : shown]
        known = readings_within(network, questions, shown)
    return Readout(
        shown=shown,
        readings=readings[..., NUM_FITTED:],
        calibration=calibrate(known, labels),
        together=calibrate_together(known, labels),
        answers=questions.answers[:, NUM_FITTED:].double(),
        objective=questions.task.objective,
    )


def flat_until(means: Float[np.ndarray, "curves blocks"], share: float = 0.2) -> Float[np.ndarray, " curves"]:
    """Depth, from 0 at the first block to 1 at the last, up to which less than a share of what is gained is gained.

    >>> flat_until(np.array([[1.0, 0.9, 0.9, 0.0], [1.0, 0.0, 0.0, 0.0]])).round(2).tolist()
    [1.0, 0.33]
    """
    line = means[:, :1] - share * (means[:, :1] - means[:, -1:])
    return (means <= line).argmax(1) / max(1, means.shape[1] - 1)


def decades(means: Float[np.ndarray, "curves blocks"]) -> Float[np.ndarray, " curves"]:
    """By how many powers of ten errors fall from the first block to the last.

    >>> decades(np.array([[1.0, 0.5, 0.01]])).tolist()
    [2.0]
    """
    ends = np.log10(np.maximum(means[:, [0, -1]], 1e-30))
    return np.asarray(ends[:, 0] - ends[:, 1])


def steepest_quarter(means: Float[np.ndarray, "curves blocks"]) -> Float[np.ndarray, " curves"]:
    """The largest part of the decades that falls within a quarter of the depth; 1 for a single cliff and for no fall.

    A straight line has a quarter of them there. R^2 alone does not tell: a cliff in the middle has 3/4.

    >>> steepest_quarter(np.array([[1e4, 1e3, 1e2, 1e1, 1], [1.0, 1.0, 1e-4, 1e-4, 1e-4]])).round(3).tolist()
    [0.25, 1.0]
    """
    logs = np.log10(np.maximum(means, 1e-30))
    depth = np.linspace(0, 1, means.shape[1])
    # The fall within a window is piecewise linear in where it begins: at its peak one of its ends is at a block.
    begins = np.concatenate([depth, depth - 0.25])
    begins = begins[(begins >= 0) & (begins <= 0.75)]
    found = []
    for curve in logs:
        fall = np.interp(begins, depth, curve) - np.interp(begins + 0.25, depth, curve)
        whole = curve[0] - curve[-1]
        found.append(fall.max() / whole if whole > 0 else 1.0)
    return np.array(found)


def straightness(means: Float[np.ndarray, "curves blocks"]) -> Float[np.ndarray, " curves"]:
    """R^2 of a straight line through the logarithm of errors over depth, where they fall; 0 where they rise.

    >>> straightness(np.array([[1.0, 0.1, 0.01], [0.01, 0.1, 1.0]])).round(3).tolist()
    [1.0, 0.0]
    """
    logs = np.log10(np.maximum(means, 1e-30))
    depth = np.linspace(-1, 1, means.shape[1])
    logs = logs - logs.mean(1, keepdims=True)
    along = logs @ depth
    whole = np.maximum((depth @ depth) * (logs**2).sum(1), 1e-300)
    return np.asarray(np.where(along < 0, along**2 / whole, 0.0))
