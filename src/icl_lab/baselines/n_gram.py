"""n-grams counted in the prompt: the next symbol is what followed the same context before.

b batch   q queries   t num_tokens   v symbols
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from icl_lab.baselines.base import BASELINES, Baseline, chunks
from icl_lab.core.bounds import Count, Natural, Positive
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch

CHUNK = 2**24  # pairs of contexts compared at once: 64 MiB

Symbols = Int[Tensor, "b t"]


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class NGram(Baseline):
    """Log-probabilities of the next symbol from the counts of what followed its context so far.

    Without back-off this is add-beta smoothing: the posterior mean where each context's distribution is drawn from
    Dirichlet(beta, ..., beta), so the Bayes predictor of `markov_chain`. With it, a context's prior mean is the
    prediction of the next shorter context (MacKay & Peto 1995), down to the empty one.

    Args:
        order: Symbols of context: 1 for bigrams, 0 for the frequencies of symbols.
        symbols: Symbols that can come next. Tokens from this number on are marks: never predicted, never counted as
            what comes next, and a context does not reach back beyond one.
        beta: Pseudo-count of every symbol.
        backoff: Whether shorter contexts say what longer ones do not know.
    """

    formula = "p(s|c) = (count(c s) + beta) / (count(c) + beta v)"
    source = "Laplace 1814; MacKay & Peto 1995"

    told = ("symbols",)

    order: Natural = 1
    symbols: Count = 3
    beta: Positive = 1.0
    backoff: bool = False

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "b q v"]:
        require_symbols(prompts, self.label)
        tokens = prompts.tokens.clamp(max=self.symbols)
        queries = prompts.queries[torch.tensor(shown, dtype=torch.int64)]
        rows = chunks(len(tokens), len(queries) * tokens.shape[1], CHUNK)
        return torch.cat([self._log_probabilities(tokens[r], queries) for r in rows])

    def _log_probabilities(self, tokens: Symbols, queries: Int[Tensor, " q"]) -> Float[Tensor, "b q v"]:
        v = self.symbols
        # What came after token u, marks left out: row u counts for the queries behind u.
        following = one_hot(tokens[:, 1:], v + 1)[..., :v].float()
        past = torch.arange(tokens.shape[1] - 1) < queries[:, None]
        probabilities = torch.full((len(tokens), len(queries), v), 1 / v, dtype=torch.float64)
        for order in range(0 if self.backoff else self.order, self.order + 1):
            contexts = self._contexts(tokens, order)
            same = (contexts[:, queries, None] == contexts[:, None, :-1]) & past
            counts = (same.float() @ following).double()  # whole numbers below 2^24: exact in float32
            prior = self.beta * v * probabilities
            probabilities = (counts + prior) / (counts.sum(2, keepdim=True) + self.beta * v)
        return probabilities.log()

    def _contexts(self, tokens: Symbols, order: int) -> Symbols:
        """A number for the last `order` tokens up to each; behind a mark, and before the prompt, all are marks."""
        numbers, reached = torch.zeros_like(tokens), tokens
        for back in range(order):
            earlier = tokens.roll(back, 1)
            earlier[:, :back] = self.symbols
            reached = torch.where(reached == self.symbols, self.symbols, earlier)
            numbers = numbers * (self.symbols + 1) + reached
        return numbers


def require_symbols(prompts: PromptBatch, who: str) -> None:
    """Refuse prompts whose tokens are not symbols.

    Raises:
        UserError: They are vectors.
    """
    if prompts.tokens.is_floating_point():
        raise UserError(f"the baseline {who} needs prompts of symbols; this task has vectors")
