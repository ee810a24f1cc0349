"""Lookup: the symbol that followed the query where it was a key. b batch   t num_tokens   v symbols."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Lookup(Baseline):
    """Reads the tokens before a query as pairs (key, value) and follows the query to its value, link by link.

    Where a symbol is no key it says nothing, which is judged as chance.

    Args:
        symbols: Symbols that a token can be.
        chain_depth: Links from the query to the answer.
        broken_links: Whether what is no key leads to the first pair, as in the released task of that name.
    """

    formula = "q <- v_j where k_j = q, chain_depth times"
    source = "Olsson et al. 2022 (arXiv 2209.11895)"

    told = ("symbols", "chain_depth", "broken_links")

    symbols: Count = 128
    chain_depth: Count = 1
    broken_links: bool = False

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries symbols"]:
        if prompts.tokens.is_floating_point():
            raise UserError(f"the baseline {self.label} needs prompts of symbols; this task has vectors")
        answers = [self._answer(prompts.tokens, int(prompts.queries[i])) for i in shown]
        return torch.stack(answers, dim=1) if answers else torch.zeros(prompts.batch, 0, self.symbols)

    def _answer(self, tokens: Int[Tensor, "b t"], query: int) -> Float[Tensor, "b v"]:
        keys, values = tokens[:, : query - query % 2 : 2], tokens[:, 1:query:2]
        if not keys.shape[1]:
            return torch.zeros(len(tokens), self.symbols)
        symbol, known = tokens[:, query], torch.ones(len(tokens), dtype=torch.bool)
        for _ in range(self.chain_depth):
            same = keys == symbol[:, None]
            known = known & same.any(1)
            symbol = values.gather(1, same.int().argmax(1, keepdim=True))[:, 0]
        scores = one_hot(symbol, self.symbols).float()
        return scores if self.broken_links else scores * known[:, None]
