"""What a training step reports."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One optimiser step.

    Args:
        step: Optimiser steps done, this one included.
        total: Optimiser steps the run is expected to take.
        loss: Training loss of this step's batch, before the update.
        smoothed_loss: Its running mean.
        gradient_norm: Euclidean norm of the gradient of all parameters, before clipping.
        rate: Learning rate of the step (that of the optimiser's `rate`).
        tokens: Tokens in the batch.
        seconds: Time the step took.
        error: The task's metric on held-out prompts after this step, where it was measured.
    """

    step: int
    total: int
    loss: float
    smoothed_loss: float
    gradient_norm: float
    rate: float
    tokens: int
    seconds: float
    error: float | None = None

    @property
    def tokens_per_second(self) -> float:
        """Tokens trained on a second."""
        return self.tokens / self.seconds if self.seconds > 0 else float("nan")
