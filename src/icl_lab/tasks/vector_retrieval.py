"""Retrieval of one vector: many pairs, then one key (released code of Park et al. 2024).

b batch   n num_pairs   d dim
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from icl_lab.core.bounds import Count, Natural
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.recall import Recall, answers, tensor
from icl_lab.tasks.parts.layout import interleave


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class VectorRetrieval(Recall):
    """k_1, v_1, ..., k_n, v_n, then one of the keys: only its value is asked for, after all pairs.

    The context length counts the query, as everywhere: of the 65 examples the last is asked about and has no label in
    the prompt, which is 129 tokens long. Its learning curve has a single point.

    Args:
        length: Pairs in a prompt, the query for one.
        asked_pair: The pair that is asked about, counted from 0; a random one by default.
        off_by_one: Draw the query among one more than there are pairs, as released: in one prompt of n + 1 it is then a
            new vector, which matches no key, and the answer is an accident of nearness.
    """

    formula = "k_j, v_j, z ~ uniform on the sphere |.| = sqrt(d);  query q = k_r, r uniform in 1 ... n;  y = v_r"
    source = "Park et al. 2024 (arXiv 2402.04248), released code, retrieval"
    corrected = (
        "the query is one of the keys in every prompt; released: in 1 of 65 it is a new vector (off_by_one=true)",
        "answers are compared with the stored values; released: with the keys (reported=nearest_key)",
        "it runs; released: training and evaluation crash on labels of several numbers",
    )

    length: Count = 65
    asked_pair: Natural | None = None
    off_by_one: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.length < 2:
            raise UserError(f"{self.spec_name()}.length: expected at least 2, a pair and the query, got {self.length}")
        if self.asked_pair is not None and self.asked_pair >= self.num_stored:
            raise UserError(
                f"{self.spec_name()}.asked_pair: expected at most {self.num_stored - 1}, the last of "
                f"{self.num_stored} pairs, got {self.asked_pair}"
            )

    @property
    def num_stored(self) -> int:
        return self.length - 1

    @property
    def axis(self) -> str:
        return "pairs in the prompt"

    @property
    def num_tokens(self) -> int:
        return 2 * self.length - 1

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        generator = stream.child("pairs").generator(step)
        drawn = self.on_sphere(generator.standard_normal((batch, 2 * self.length - 1, self.dim)))
        keys, values = drawn[:, : self.num_stored], drawn[:, self.length :]
        # What follows the keys is a vector that is none of them.
        chosen = stream.child("query").generator(step).integers(self.num_stored + self.off_by_one, size=batch)
        if self.asked_pair is not None:
            chosen[:] = self.asked_pair
        query = self.noisy(drawn[np.arange(batch), chosen][:, None], stream, step)
        xs = np.concatenate([keys, query], axis=1)
        ys = np.concatenate([values, answers(query, keys, values)], axis=1)
        scored = torch.zeros(batch, self.length, dtype=torch.bool)
        scored[:, -1] = True
        prompts = interleave(Examples(tensor(xs), tensor(ys), num_stored=self.num_stored), scored=scored)
        return replace(prompts, tokens=prompts.tokens[:, :-1])
