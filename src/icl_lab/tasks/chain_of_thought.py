"""Chain-of-thought input/output: the hidden layer of a random network is written out before its answer.

Li et al. 2023 (arXiv 2305.18869), "Dissecting Chain-of-Thought"; Park et al. 2024, "Chain-of-Thought-I/O".

b batch   n length   d dim   h hidden
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count
from icl_lab.core.prompts import Branches, Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.tasks.parts.layout import interleave, pad
from icl_lab.tasks.parts.objectives import Errors, Objective, Predictions, SquaredError


@dataclass(frozen=True)
class ChainError(SquaredError):
    """Trained on the hidden layer and the answer, in turn; reported is the squared error of the answer.

    Where predictions are vectors, the first number of each is its answer.
    """

    def loss(self, predictions: Predictions, prompts: PromptBatch) -> Float[Tensor, ""]:
        squares = (predictions.reshape(prompts.targets.shape) - prompts.targets).square()
        return squares[:, ::2].sum(2).mean() + squares[:, 1::2, 0].mean()

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        assert prompts.targets.ndim == 2, "training prompts are not asked for one answer a query"
        answers = predictions if predictions.ndim == 2 else predictions[..., 0]
        return (answers - prompts.targets).square() / self.normaliser


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class ChainOfThought(Task):
    """Three tokens an example: x_i, the hidden layer s_i = sqrt(2/h) relu(x_i W), the label y_i = v.s_i.

    All are filled up with zeros to one width, and one read-out serves both questions: at x_i it is asked for s_i, at
    s_i its first number for y_i. (Li et al. have separate read-ins and read-outs; what Park et al. have is not public.)
    Training shows the true s_i. Evaluation does not: the model's own answer at x_i is read in its place, on a branch
    beside the prompt, and then its answer is taken. The functions are those of `two_layer_relu` of the same sizes.

    Args:
        dim: Numbers of x.
        hidden: Numbers of s; the papers vary it over 4, 8 and 16.
        chain: Whether the hidden layer is in the prompt; without it the same x and y make the usual two tokens.
        free_running: Whether a model reads its own hidden layer at evaluation; otherwise the true one, as in training.
    """

    formula = (
        "W ~ N(0, 1)^(d x h), v ~ N(0, I_h);  s = sqrt(2/h) relu(x W), y = v.s;  prompt x_1 s_1 y_1 x_2 s_2 y_2 ..."
    )
    source = "Li et al. 2023 (arXiv 2305.18869); Park et al. 2024 (arXiv 2402.04248)"

    length: Count = 101
    dim: Count = 10
    hidden: Count = 8
    chain: bool = True
    free_running: bool = True

    @property
    def objective(self) -> Objective:
        kind = ChainError if self.chain else SquaredError
        return kind(per="dim", normaliser=float(self.dim))

    @property
    def baselines(self) -> tuple[str, ...]:
        # Of relu(a) = a/2 + |a|/2 the linear half has weights of variance 1/2 a coordinate, the rest variance dim/2:
        # ridge regression with their quotient is the best that is linear in x.
        of_pairs = (f"ridge(strength={self.dim})", "least_squares", "nearest_neighbours")
        return (f"chain_least_squares(hidden={self.hidden})", *of_pairs) if self.chain else of_pairs

    @property
    def d_token(self) -> int:
        return max(self.dim, self.hidden) if self.chain else self.dim

    @property
    def d_output(self) -> int:
        return self.hidden if self.chain else 1

    @property
    def num_tokens(self) -> int:
        return (3 if self.chain else 2) * self.length

    @property
    def zero_error(self) -> float:
        # E y^2 = E |s|^2 = (2/h) h E|x|^2 / 2 = dim.
        return 1.0

    @property
    def curriculum(self) -> Curriculum:
        """From 26 examples, five more every 2,000 optimiser steps (Li et al. 2023); all coordinates from the start."""
        return Curriculum(length=Ramp(start=min(26, self.length), end=self.length, increment=5, interval=2000))

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        xs, states, ys = (torch.from_numpy(part).float() for part in self._functions(stream, step, batch))
        examples = Examples(xs, ys)
        if not self.chain:
            return interleave(examples)
        tokens = [pad(part, self.d_token) for part in (xs, states, ys)]
        targets = [pad(part, self.hidden) for part in (states, ys)]
        at_x = torch.arange(0, self.num_tokens, 3)
        return PromptBatch(
            tokens=rearrange(tokens, "three b n width -> b (n three) width"),
            queries=rearrange([at_x, at_x + 1], "two n -> (n two)"),
            targets=rearrange(targets, "two b n h -> b (n two) h"),
            scored=torch.ones(batch, 2 * self.length, dtype=torch.bool),
            examples=examples,
        )

    def asked(self, prompts: PromptBatch) -> PromptBatch:
        """One question an example, for y_i: on a branch that reads x_i and the model's own hidden layer."""
        if not self.chain:
            return prompts
        assert prompts.examples is not None
        at_x = prompts.queries[::2]
        beside = Branches(starts=at_x, tokens=prompts.tokens[:, at_x], feed_back=1)
        return replace(
            prompts,
            queries=at_x if self.free_running else at_x + 1,
            targets=prompts.examples.ys,
            scored=prompts.scored[:, ::2],
            branches=beside if self.free_running else None,
        )

    def _functions(self, stream: Stream, step: int, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, hidden layers and labels, one random network a prompt, in float64."""
        xs = stream.child("inputs").generator(step).standard_normal((batch, self.length, self.dim))
        generator = stream.child("function").generator(step)
        first = generator.standard_normal((batch, self.dim, self.hidden))
        second = generator.standard_normal((batch, self.hidden, 1))
        states = np.sqrt(2 / self.hidden) * np.maximum(xs @ first, 0)
        return xs, states, (states @ second)[..., 0]
