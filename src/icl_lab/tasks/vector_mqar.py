"""Vector-valued multi-query associative recall, MQAR (Park et al. 2024; layout of Arora et al. 2023, "Zoology").

b batch   n num_pairs   q num_queries   d dim
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from icl_lab.core.bounds import Count, Fraction
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.recall import Recall, answers, tensor
from icl_lab.tasks.parts.layout import interleave


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class VectorMqar(Recall):
    """Pairs (key, value), then slots of two tokens, of which some ask for the value of a key by showing it again.

    A slot is what an example is elsewhere: x is its first token, the label its second. The first slots hold the pairs
    and are not scored; of the others, those with a query are, at its token. The token after a query is filler, not the
    answer, so neither a model nor a baseline ever reads the answer to an earlier query. A learning curve is the error
    against the place of the slot; it rises where what was stored is forgotten as the prompt goes on.

    The paper's code for this task is not public: 32 pairs and as many queries in 128 tokens is what the layout it
    follows allows, and 4 and 16 queries are as likely. Which key is asked about in which slot is uniformly random.

    Args:
        length: Slots of two tokens in a prompt, those of the pairs included.
        num_pairs: Slots that hold a pair; half of all by default, so that a longer prompt stores more.
        num_queries: Different keys that are asked about; as many as there are pairs, or slots for them, by default.
        slot_power: Slot g = 1, 2, ... after the pairs is chosen for a query with probability proportional to
            g^(slot_power - 1), without replacement: early ones mostly, as published, or all alike at 1.
        filler: All other tokens after the pairs: zeros, or vectors drawn like the keys.
    """

    formula = "k_j, v_j ~ uniform on the sphere |.| = sqrt(d);  query q = k_r, each r at most once;  y = v_r"
    source = "Park et al. 2024 (arXiv 2402.04248); Arora et al. 2023 (arXiv 2312.04927)"
    corrected = ("random filler never replaces a key or a query (zoology issue 29)",)

    length: Count = 64
    num_pairs: Count | None = None
    num_queries: Count | None = None
    slot_power: Fraction = 0.01
    filler: Literal["zeros", "random"] = "zeros"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.num_stored < self.length:
            raise UserError(
                f"{self.spec_name()}: expected slots for pairs and for queries, got {self.length} slots with "
                f"{self.num_stored} pairs"
            )
        most = min(self.num_stored, self.length - self.num_stored)
        if self.num_asked > most:
            raise UserError(
                f"{self.spec_name()}.num_queries: expected at most {most}, the keys or the slots there are for them, "
                f"got {self.num_asked}"
            )

    @property
    def num_stored(self) -> int:
        return self.length // 2 if self.num_pairs is None else self.num_pairs

    @property
    def axis(self) -> str:
        return "slots in the prompt"

    @property
    def num_asked(self) -> int:
        """Queries in a prompt."""
        return min(self.num_stored, self.length - self.num_stored) if self.num_queries is None else self.num_queries

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        xs, ys = self._filler(stream.child("filler").generator(step), batch)
        drawn = stream.child("pairs").generator(step).standard_normal((2, batch, self.num_stored, self.dim))
        keys, values = self.on_sphere(drawn)
        xs[:, : self.num_stored], ys[:, : self.num_stored] = keys, values
        slots, chosen = self._questions(stream.child("questions").generator(step), batch)
        prompt = np.arange(batch)[:, None]
        queries = self.noisy(keys[prompt, chosen], stream, step)
        xs[prompt, slots] = queries
        targets = ys.copy()
        targets[prompt, slots] = answers(queries, keys, values)
        scored = np.zeros((batch, self.length), dtype=bool)
        scored[prompt, slots] = True
        examples = Examples(tensor(xs), tensor(ys), num_stored=self.num_stored)
        return interleave(examples, targets=tensor(targets), scored=torch.from_numpy(scored))

    def _filler(self, generator: np.random.Generator, batch: int) -> np.ndarray:
        """First and second tokens of all slots."""
        shape = (2, batch, self.length, self.dim)
        return np.zeros(shape) if self.filler == "zeros" else self.on_sphere(generator.standard_normal(shape))

    def _questions(self, generator: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """The slot of each query and the pair that it asks about."""
        num_slots = self.length - self.num_stored
        weights = np.arange(1, num_slots + 1) ** (self.slot_power - 1)
        # The smallest of exponential waiting times: drawing one after another without replacement (Efraimidis &
        # Spirakis 2006).
        waiting = generator.standard_exponential((batch, num_slots)) / weights
        slots = self.num_stored + waiting.argsort(axis=1)[:, : self.num_asked]
        chosen = generator.random((batch, self.num_stored)).argsort(axis=1)[:, : self.num_asked]
        return slots, chosen
