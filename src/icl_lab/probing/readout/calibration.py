"""Scale and shift of what is read off a block: y ~ a g + b by least squares.

Two numbers a function and block are what the published error over depth has (Grazzi et al. 2024, section 5). Fitted on
ten labels, they make an answer of noise: a block that knows nothing is then 0.2 of the labels' variance away from 0.
What is held against methods has two numbers a block, fitted on the labels of all functions together.

f functions   q queries   l blocks
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.models.network import Network
from icl_lab.probing.layers import decoded, stream_after
from icl_lab.probing.questions import Questions

Fitted = Literal["queries", "examples"]
"""What scale and shift are fitted on: queries of their own after the same examples (Grazzi et al. 2024, appendix), or
the last examples of the prompt, as predicted within it, with fewer examples before each (their released script)."""

NUM_FITTED = 10
"""Points that the two numbers are fitted on, in both variants."""

# Of its mean square: a block whose read-out varies less than this says nothing of the query but for rounding.
SILENT = 1e-12


@dataclass(frozen=True)
class Calibration:
    """Scale and shift for every block and function, `(blocks, functions)` each."""

    scale: Float[Tensor, "blocks functions"]
    shift: Float[Tensor, "blocks functions"]

    def apply(self, readings: Float[Tensor, "blocks functions queries"]) -> Float[Tensor, "blocks functions queries"]:
        """Predictions from what was read off."""
        return self.scale[..., None] * readings + self.shift[..., None]


def calibrate(readings: Float[Tensor, "l f points"], labels: Float[Tensor, "f points"]) -> Calibration:
    """The scale and shift with the smallest squared error; scale 0 where nothing varies. In float64.

    >>> fit = calibrate(torch.tensor([[[0.0, 1.0, 2.0]]]), torch.tensor([[1.0, 3.0, 5.0]]))
    >>> fit.scale.item(), fit.shift.item()
    (2.0, 1.0)
    """
    readings, labels = readings.double(), labels.double()
    mean, middle = readings.mean(-1, keepdim=True), labels.mean(-1, keepdim=True)
    varies = readings - mean
    variance = varies.square().mean(-1)
    alive = variance > SILENT * readings.square().mean(-1)
    covariance = (varies * (labels - middle)).mean(-1)
    scale = torch.where(alive, covariance / torch.where(alive, variance, 1.0), 0.0)
    return Calibration(scale, middle[..., 0] - scale * mean[..., 0])


def calibrate_together(readings: Float[Tensor, "l f points"], labels: Float[Tensor, "f points"]) -> Calibration:
    """One scale and one shift a block, fitted on the points of all functions at once.

    >>> fit = calibrate_together(torch.tensor([[[0.0, 1.0], [2.0, 3.0]]]), torch.tensor([[1.0, 3.0], [5.0, 7.0]]))
    >>> fit.scale.tolist(), fit.shift.tolist()
    ([[2.0, 2.0]], [[1.0, 1.0]])
    """
    found = calibrate(readings.flatten(1)[:, None], labels.flatten()[None])
    shape = readings.shape[:2]
    return Calibration(found.scale.expand(shape), found.shift.expand(shape))


def readings_within(network: Network, questions: Questions, shown: int, last: int = NUM_FITTED) -> Tensor:
    """What is read off every block for the last examples of a prompt, each seeing only those before it."""
    stream = stream_after(network, questions.tokens[:, : 2 * shown])
    asked = range(2 * max(0, shown - last), 2 * shown, 2)
    return decoded(network, stream[:, :, list(asked)])[..., 0]
