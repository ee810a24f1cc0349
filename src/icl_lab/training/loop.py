"""The training loop: sample, loss, gradient, update, and nothing about any particular task or model.

Step i draws its prompts, and its dropout, from streams that depend on (seed, i) alone, and its learning rate from i
and the total. What a run carries from step to step is therefore the weights, the optimisers' state and the numbers of
`Progress`.
"""

import math
import time
from collections.abc import Callable, Iterator

import torch
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.training.budgets.base import Lengths, Meter
from icl_lab.training.objective import accumulate_gradients, predict, split
from icl_lab.training.result import StepResult
from icl_lab.training.schedules.base import settle, warmup_factor
from icl_lab.training.snapshot import (
    Progress,
    Snapshot,
    fill_missing_gradients,
    load_all,
    model_tensors,
    optimiser_tensors,
)
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers

SMOOTHING = 0.02  # weight of the newest loss in the running mean


class Diverged(UserError):
    """A loss, gradient or weight is not finite."""


class Trainer:
    """A run in progress.

    Args:
        spec: The run.
        workers: Device and processes; this process on the CPU by default.
        clock: Seconds since some moment, for budgets in seconds and for speeds.

    Attributes:
        network: The network as it is now.
        progress: How far the run has come.
    """

    def __init__(
        self, spec: RunSpec, workers: Workers | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.spec = spec
        self.workers = workers or Workers()
        self.progress = Progress()
        self._clock = clock
        self._stream = Stream(spec.seed)
        self._rows = self.workers.rows(spec.training.batch)
        self.network = spec.model.build(spec.task, self._stream).to(self.workers.device)
        self._parameters = [p for p in self.network.parameters() if p.requires_grad]
        self._optimisers = spec.training.optimiser.build(self.network)
        self._groups = [group for optimiser in self._optimisers for group in optimiser.param_groups]
        self._peaks = [group["lr"] for group in self._groups]
        self._held_out: PromptBatch | None = None

    def snapshot(self) -> Snapshot:
        """The run as it is now.

        Raises:
            Diverged: A weight is not finite.
        """
        model = model_tensors(self.network)
        for name, tensor in model.items():
            if not tensor.isfinite().all():
                raise _diverged(f"weight {name.removeprefix('model.')}", math.nan, self.progress.step)
        tensors = model | optimiser_tensors(self.network, self._optimisers)
        return Snapshot(self.progress, {name: tensor.detach().cpu() for name, tensor in tensors.items()})

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a run of the same spec; only before the first step.

        Raises:
            UserError: Its tensors are not those of this run.
        """
        load_all(self.network, self._optimisers, snapshot.tensors)
        self.progress = snapshot.progress

    def steps(self) -> Iterator[StepResult]:
        """Train to the end of the budget, a step at a time.

        Raises:
            Diverged: A loss or gradient is not finite; the weights are still those before that step.
        """
        training = self.spec.training
        ramp = training.curriculum.length if training.curriculum else None
        lengths = Lengths(self.spec.task.length, ramp)
        meter = training.budget.meter(lengths, self.workers, self._clock, self.progress.spent)
        if self.progress.total_steps is None:
            meter.prepare(self._rehearse, self.progress.step)
        total = self._expected_total(meter)
        while self.progress.step < total:
            began, done = self._clock(), self.progress.step
            rate = self._set_rates(done, total)
            loss, norm, tokens = self._update(done)
            smoothed = self.progress.smoothed_loss
            smoothed += (loss - smoothed) * max(SMOOTHING, 1 / (done + 1))
            self.progress = self.progress.replace(step=done + 1, smoothed_loss=smoothed)
            if self.progress.total_steps is None:
                meter.spend(done)
                self.progress = self.progress.replace(spent=meter.spent)
            total = self._expected_total(meter)
            took = self._clock() - began
            yield StepResult(
                step=done + 1,
                total=total,
                loss=loss,
                smoothed_loss=smoothed,
                gradient_norm=norm,
                rate=rate,
                tokens=tokens,
                seconds=took,
                error=self._held_out_error(last=done + 1 >= total),
            )

    def _expected_total(self, meter: Meter) -> int:
        """The number of steps of the run, settled as soon as the learning rate depends on it."""
        if self.progress.total_steps is not None:
            return self.progress.total_steps
        step = self.progress.step
        estimate = max(meter.total(step), step, 1)
        settled = settle(self.spec.training.schedule, step, estimate)
        if settled is not None:
            self.progress = self.progress.replace(total_steps=settled, spent=0.0)
        return settled or estimate

    def _set_rates(self, step: int, total: int) -> float:
        training = self.spec.training
        factor = training.schedule.factor(step, total) * warmup_factor(step, training.warmup)
        for group, peak in zip(self._groups, self._peaks, strict=True):
            group["lr"] = peak * factor
        return training.optimiser.rate * factor

    def _update(self, step: int) -> tuple[float, float, int]:
        """Loss and gradient norm of a step's batch, its number of tokens; afterwards the weights have moved."""
        loss, tokens = self._gradients(step)
        norm = get_total_norm(p.grad for p in self._parameters if p.grad is not None)
        for what, value in (("loss", loss), ("gradient norm", norm.item())):
            if not math.isfinite(value):
                raise _diverged(what, value, step + 1)
        if clip := self.spec.training.clip:
            clip_grads_with_norm_(self._parameters, clip, norm)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad()
        return loss, norm.item(), tokens

    def _gradients(self, step: int) -> tuple[float, int]:
        """Loss and number of tokens of a step's batch; afterwards every parameter holds its gradient."""
        training = self.spec.training
        task = training.task_at(self.spec.task, step)
        batch = task.sample(self._stream.child("train", "prompts"), step, training.batch)
        dropout = self._stream.child("train", "dropout", str(self.workers.index))
        self.network.train()
        self.network.reseed(dropout.torch_generator(step))
        share = accumulate_gradients(
            self.network,
            task,
            batch.rows(self._rows).to(self.workers.device, self._dtype),
            num_scored=int(batch.scored.sum()),
            parts=training.accumulation,
            precision=training.precision,
        )
        fill_missing_gradients(self._parameters)
        return self._summed(share), batch.batch * batch.tokens.shape[1]

    def _summed(self, share: torch.Tensor) -> float:
        """The loss of the whole batch; gradients become those of the whole batch on every process."""
        if self.workers.count == 1:
            return share.item()
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        flat = torch.cat([share.reshape(1), *(gradient.flatten() for gradient in gradients)])
        sizes = [1, *(gradient.numel() for gradient in gradients)]
        loss, *summed = torch.split(self.workers.sum(flat), sizes)
        for gradient, values in zip(gradients, summed, strict=True):
            gradient.copy_(values.view_as(gradient))
        return loss.item()

    def _rehearse(self, step: int) -> None:
        """Compute a step without taking it."""
        self._gradients(step)
        for optimiser in self._optimisers:
            optimiser.zero_grad()

    def _held_out_error(self, *, last: bool) -> float | None:
        """The task's metric on held-out prompts, where it is due: a mean over scored predictions."""
        training, task = self.spec.training, self.spec.task
        interval = training.held_out_interval
        if interval == 0 or (self.progress.step % interval and not last):
            return None
        if self._held_out is None:
            prompts = task.asked(task.sample(self._stream.child("held_out", "prompts"), 0, training.held_out_prompts))
            self._held_out = prompts.to(self.workers.device, self._dtype)
        self.network.eval()
        with torch.no_grad():
            parts = list(split(self._held_out, math.ceil(training.held_out_prompts / training.batch)))
            predictions = torch.cat([predict(self.network, part, training.precision) for part in parts])
        return task.error(predictions, self._held_out).nanmean().item()

    @property
    def _dtype(self) -> torch.dtype:
        return self._parameters[0].dtype


def _diverged(what: str, value: float, step: int) -> Diverged:
    advice = "try a lower training.optimiser.rate, a longer training.warmup or training.clip=1"
    return Diverged(f"training diverged: the {what} of step {step} is {value}; {advice}")
