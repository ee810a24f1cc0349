"""Token induction heads: a symbol asks for what followed it before (released code of Park et al. 2024).

b batch   n num_pairs   v vocabulary
"""

from dataclasses import dataclass

import numpy as np
import torch

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.parts.objectives import NextSymbol, Objective


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class InductionHeads(Task):
    """k_1, v_1, ..., k_n, v_n, then one of the keys: asked is its value, or what a chain of such links leads to.

    Keys are different symbols. A chain of several links takes the value as the next key; values are then drawn among
    the keys of the prompt, so that every link leads somewhere. The context length counts the query: of the 33 examples
    the last is asked about. The released code has no configuration of this task; the length is ours.

    Args:
        length: Pairs of tokens in a prompt, the query for one.
        symbols: Symbols that a token can be.
        chain_depth: Links from the query to the answer.
        fixed_query: Whether symbol 0 is the query of every prompt, or any of the keys.
        broken_links: Draw values from all symbols in a chain of several links too, as released; a value that is no key
            then leads to the first pair, which no prompt tells.
    """

    formula = "k_j different, v_j uniform in 1 ... v - 1;  query q = k_r;  y = v_r, or with depth c: q <- v(q), c times"
    source = "Park et al. 2024 (arXiv 2402.04248), released code, token induction head"
    corrected = ("every link of a chain leads to a key; released: a broken one to the first pair (broken_links=true)",)

    length: Count = 33
    symbols: Count = 128
    chain_depth: Count = 1
    fixed_query: bool = False
    broken_links: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.num_pairs <= self.symbols or self.symbols < 2:
            raise UserError(
                f"{self.spec_name()}.length: expected 2 to {self.symbols + 1}, as {self.symbols} symbols make as many "
                f"different keys, got {self.length}"
            )

    @property
    def num_pairs(self) -> int:
        """Pairs before the query."""
        return self.length - 1

    @property
    def objective(self) -> Objective:
        return NextSymbol(self.symbols)

    @property
    def baselines(self) -> tuple[str, ...]:
        settings = (
            f"symbols={self.symbols}, chain_depth={self.chain_depth}, broken_links={str(self.broken_links).lower()}"
        )
        return (f"lookup({settings})",)

    @property
    def axis(self) -> str:
        return "pairs in the prompt"

    @property
    def vocabulary(self) -> int:
        return self.symbols

    @property
    def d_output(self) -> int:
        return self.symbols

    @property
    def num_tokens(self) -> int:
        return 2 * self.length - 1

    @property
    def zero_error(self) -> float:
        return 1 - 1 / self.symbols

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        keys = self._keys(stream.child("keys").generator(step), batch)
        chosen = stream.child("query").generator(step).integers(self.num_pairs, size=batch)
        prompt = np.arange(batch)
        if self.fixed_query:
            # Symbol 0 takes the chosen place; where it is a key already, the two change places.
            keys = np.where(keys == 0, keys[prompt, chosen][:, None], keys)
            keys[prompt, chosen] = 0
        values = self._values(stream.child("values").generator(step), keys)
        answer = keys[prompt, chosen]
        for _ in range(self.chain_depth):
            answer = values[prompt, (keys == answer[:, None]).argmax(axis=1)]
        ends = np.stack([keys[prompt, chosen], answer], axis=1)
        pairs = np.concatenate([np.stack([keys, values], axis=2), ends[:, None]], axis=1)
        scored = torch.zeros(batch, self.length, dtype=torch.bool)
        scored[:, -1] = True
        return PromptBatch(
            tokens=torch.from_numpy(pairs.reshape(batch, -1)[:, :-1].copy()),
            queries=torch.arange(0, self.num_tokens, 2),
            targets=torch.from_numpy(pairs[:, :, 1].copy()),
            scored=scored,
        )

    def _keys(self, generator: np.random.Generator, batch: int) -> np.ndarray:
        """The first of the symbols in random order."""
        return generator.random((batch, self.symbols)).argsort(axis=1)[:, : self.num_pairs]

    def _values(self, generator: np.random.Generator, keys: np.ndarray) -> np.ndarray:
        if self.chain_depth == 1 or self.broken_links:
            return generator.integers(1, self.symbols, size=keys.shape)
        return np.take_along_axis(keys, generator.integers(self.num_pairs, size=keys.shape), axis=1)
