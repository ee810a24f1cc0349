"""A causal language model that answers prompts greedily, from one state after what they have in common.

Prompts are never padded on the left, and recurrent models read no padding at all: a batch holds prompts of one length.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab.language.models.base import Tokenizer
from icl_lab.language.models.buckets import buckets
from icl_lab.language.models.states import State, carried

TOKENS_AT_ONCE = 4096  # keys and values of a model with 135 million parameters are then below 200 MB
PADDING_AT_MOST = 24  # tokens that cost about what reading the weights once more does


class Scope(Protocol):
    """Makes the context in which the network runs."""

    def __call__(self) -> AbstractContextManager[Any]:
        """A new context."""


class CausalModel:
    """A network of `transformers` as a `LanguageModel`.

    Args:
        name: What it is called.
        tokenizer: Its tokenizer.
        network: A `...ForCausalLM` in evaluation mode.
        beginning: Ids that it expects at the beginning of every prompt.
        ends: Ids at which a generated text ends.
        scope: Context in which the network runs: faster kernels.
    """

    def __init__(
        self,
        name: str,
        tokenizer: Tokenizer,
        network: Any,
        *,
        beginning: Sequence[int] = (),
        ends: Sequence[int] = (),
        scope: Scope,
    ) -> None:
        self.name = name
        self.tokenizer = tokenizer
        self.network = network
        self._beginning = list(beginning)
        self._ends = set(ends)
        self._scope = scope
        self._root: tuple[tuple[int, ...], State | None] | None = None

    def next_tokens(self, prompts: Sequence[str], *, prefix: str = "") -> list[int]:
        """See `LanguageModel`."""
        return [int(token) for token in self.next_logits(prompts, prefix=prefix).argmax(dim=1)] if prompts else []

    def next_logits(self, prompts: Sequence[str], *, prefix: str = "") -> Float[Tensor, "prompts vocabulary"]:
        """Scores of all tokens after each `prefix + prompt`, in the order of the prompts."""
        found: dict[int, Tensor] = {}
        for rows, logits, _ in self._answers(prompts, prefix, may_pad=True):
            found.update(zip(rows, logits, strict=True))
        return torch.stack([found[row] for row in range(len(prompts))])

    def generate(self, prompts: Sequence[str], *, prefix: str = "", max_tokens: int) -> list[str]:
        """See `LanguageModel`."""
        texts = [""] * len(prompts)
        for rows, logits, read in self._answers(prompts, prefix, may_pad=False):
            for row, before, new in zip(rows, read.ids, self._go_on(logits, read, max_tokens), strict=True):
                texts[row] = self._text_after(before, new)
        return texts

    def encode_prompt(self, text: str) -> list[int]:
        """The ids that the network reads for a whole prompt.

        Raises:
            ValueError: There are none.
        """
        ids = self._beginning + self.tokenizer.encode(text)
        if not ids:
            raise ValueError(f"{self.name} needs at least one token to go on from, the prompt is {text!r}")
        return ids

    def _answers(
        self, prompts: Sequence[str], prefix: str, *, may_pad: bool
    ) -> "Iterator[tuple[list[int], Tensor, _Read]]":
        """Batch by batch: which prompts, the scores after each, and what was read."""
        ids = [self.encode_prompt(prefix + prompt) for prompt in prompts]
        shared = _shared(self._beginning + self.tokenizer.encode(prefix), ids)
        with torch.inference_mode(), self._scope():
            root = self._state_after(shared)
            start = len(shared) if root else 0
            rests = [row[start:] for row in ids]
            slack = PADDING_AT_MOST if may_pad and root and not root.recurrent else 0
            whole = [start + len(rest) for rest in rests]
            for rows in buckets(whole, most=TOKENS_AT_ONCE, slack=slack):
                chosen = [rests[row] for row in rows]
                state = root.branch(len(rows)) if root else None
                logits, state = self._read(chosen, state)
                yield rows, logits, _Read([ids[row] for row in rows], state)

    def _state_after(self, shared: list[int]) -> State | None:
        """The state after the shared tokens; that of the last call is kept."""
        if not shared:
            return None
        if self._root is None or self._root[0] != tuple(shared):
            out = self.network.base_model(self._tensor([shared]), use_cache=True)
            self._root = tuple(shared), carried(out)
        return self._root[1]

    def _read(self, rows: list[list[int]], state: State | None) -> tuple[Tensor, State | None]:
        """Scores after the last token of each row, and the state there."""
        lengths = torch.tensor([len(row) for row in rows])
        longest = int(lengths.max())
        tokens = self._tensor([row + [0] * (longest - len(row)) for row in rows])
        if state and state.recurrent:
            for at in range(longest - 1):
                token = tokens[:, at : at + 1]
                state = carried(self.network.base_model(token, use_cache=True, **{state.name: state.held}))
                assert state is not None  # a model that carried a state before still does
            tokens, lengths = tokens[:, -1:], torch.ones_like(lengths)
        ends, which = torch.unique(lengths - 1, return_inverse=True)
        given = {state.name: state.held} if state else {}
        out = self.network(tokens, use_cache=True, logits_to_keep=ends.to(tokens.device), **given)
        return out.logits[torch.arange(len(rows)), which].float().cpu(), carried(out)

    def _go_on(self, logits: Tensor, read: "_Read", max_tokens: int) -> list[list[int]]:
        """Greedy tokens of each row, up to its end."""
        new: list[list[int]] = [[] for _ in read.ids]
        state = read.state
        for step in range(max_tokens):
            for row, token in zip(new, logits.argmax(dim=1).tolist(), strict=True):
                row.append(token)
            if step + 1 == max_tokens or all(self._ends & set(row) for row in new):
                break
            if state is None:
                logits, state = self._read([before + row for before, row in zip(read.ids, new, strict=True)], None)
            else:
                logits, state = self._read([row[-1:] for row in new], state)
        return [_until(row, self._ends) for row in new]

    def _text_after(self, before: list[int], new: list[int]) -> str:
        """The text that `new` adds: some tokenizers drop the space of a text's first token."""
        known, both = self.tokenizer.decode(before), self.tokenizer.decode(before + new)
        return both[len(known) :] if both.startswith(known) else self.tokenizer.decode(new)

    def _tensor(self, rows: list[list[int]]) -> Int[Tensor, "rows tokens"]:
        return torch.tensor(rows, device=self.network.device)


class _Read:
    """What was read of some prompts: all their ids, and the state after them, if the model has one."""

    def __init__(self, ids: list[list[int]], state: State | None) -> None:
        self.ids = ids
        self.state = state


def _shared(prefix: list[int], rows: Sequence[list[int]]) -> list[int]:
    """The tokens of `prefix` with which every row begins; at least one token of each row is left over."""
    count = min([len(prefix), *(len(row) - 1 for row in rows)])
    for row in rows:
        count = next((at for at in range(count) if row[at] != prefix[at]), count)
    return prefix[:count]


def _until(row: list[int], ends: set[int]) -> list[int]:
    return row[: next((at for at, token in enumerate(row) if token in ends), len(row))]
