"""A causal language model that answers prompts greedily, from one state after what they have in common.

Prompts are never padded on the left, and recurrent models read no padding at all: a batch holds prompts of one length.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.language.models.base import Tokenizer
from icl_lab.language.models.buckets import buckets
from icl_lab.language.models.states import State, carried

TOKENS_AT_ONCE = 4096  # keys and values of a model with 135 million parameters are then below 200 MB
PADDING_AT_MOST = 24  # tokens that cost about what reading the weights once more does


Scope = Callable[[], AbstractContextManager[Any]]


class CausalModel:
    """A network of `transformers` as a `LanguageModel`.

    Args:
        name: What it is called.
        tokenizer: Its tokenizer.
        network: A `...ForCausalLM` in evaluation mode.
        beginning: Ids that it expects at the beginning of every prompt.
        ends: Ids at which a generated text ends.
        scope: Context in which the network runs: faster kernels.
        fingerprint: Of its files; empty where none is known.
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
        fingerprint: str = "",
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.tokenizer = tokenizer
        self.network = network
        self._beginning = list(beginning)
        self._ends = set(ends)
        self._scope = scope
        self._root: tuple[tuple[int, ...], State] | None = None
        self._last: tuple[int, ...] = ()
        takes = inspect.signature(network.forward).parameters
        self._takes_positions = "position_ids" in takes
        self._mixes_rows = "state" in takes  # RWKV of transformers 5.23, where every row has a single token

    def next_tokens(self, prompts: Sequence[str], *, prefix: str = "") -> list[int]:
        """See `LanguageModel`."""
        return [int(token) for token in self.next_logits(prompts, prefix=prefix).argmax(dim=1)] if prompts else []

    def next_logits(self, prompts: Sequence[str], *, prefix: str = "") -> Float[Tensor, "prompts vocabulary"]:
        """Scores of all tokens after each `prefix + prompt`, in the order of the prompts."""
        found: dict[int, Tensor] = {}
        with torch.inference_mode(), self._scope():
            for rows, read in self._batches(prompts, prefix, to_go_on=False):
                found.update(zip(rows, read.logits, strict=True))
        return torch.stack([found[row] for row in range(len(prompts))])

    def generate(self, prompts: Sequence[str], *, prefix: str = "", max_tokens: int) -> list[str]:
        """See `LanguageModel`."""
        texts = [""] * len(prompts)
        with torch.inference_mode(), self._scope():
            for rows, read in self._batches(prompts, prefix, to_go_on=True):
                for row, before, new in zip(rows, read.ids, self._go_on(read, max_tokens), strict=True):
                    texts[row] = self._text_after(before, new)
        return texts

    def read(self, rows: Sequence[list[int]], state: State | None = None) -> tuple[Tensor, State | None]:
        """Read rows of tokens: scores (rows, vocabulary) after the last of each, and the state there, if there is one.

        Args:
            rows: Tokens; of one length, unless the model looks back by attention alone and nobody goes on from there.
            state: What they go on from, with as many rows; the model writes into it.
        """
        with torch.inference_mode(), self._scope():
            return self._scored(rows, state)

    def blocks(self) -> list[Any]:
        """The network's blocks, first to last.

        Raises:
            UserError: They are not found.
        """
        base = self.network.base_model
        wanted = self.network.config.num_hidden_layers
        for part in base.children():
            if isinstance(part, torch.nn.ModuleList) and len(part) == wanted:
                return list(part)
        raise UserError(f"the {wanted} blocks of {self.name} ({type(base).__name__}) are not found")

    def encode_prompt(self, text: str) -> list[int]:
        """The ids that the network reads for a whole prompt.

        Raises:
            ValueError: There are none.
        """
        ids = self._beginning + self.tokenizer.encode(text)
        if not ids:
            raise ValueError(f"{self.name} needs at least one token to go on from, the prompt is {text!r}")
        return ids

    def _batches(self, prompts: Sequence[str], prefix: str, *, to_go_on: bool) -> "Iterator[tuple[list[int], _Read]]":
        """Batch by batch: which prompts, and what was read of them."""
        ids = [self.encode_prompt(prefix + prompt) for prompt in prompts]
        root, start = self._root_of(self._beginning + self.tokenizer.encode(prefix), ids)
        may_pad = root is not None and not root.recurrent
        if to_go_on:
            may_pad = may_pad and root is not None and not root.windowed and self._takes_positions
        for rows in buckets([len(row) for row in ids], most=TOKENS_AT_ONCE, slack=PADDING_AT_MOST if may_pad else 0):
            chosen = [ids[row] for row in rows]
            state = root.branch(len(rows)) if root else None
            logits, state = self._scored([row[start:] for row in chosen], state)
            yield rows, _Read(chosen, logits, state)

    def _root_of(self, prefix: list[int], rows: Sequence[list[int]]) -> tuple[State | None, int]:
        """The state after the tokens of `prefix` that all rows share, and how many those are.

        A prefix is worth a state of its own when several rows, or several calls, go on from it.
        """
        shared = tuple(_shared(prefix, rows))
        if self._root and self._root[0] == shared:
            return self._root[1], len(shared)
        before, self._last = self._last, shared
        if not shared or (len(rows) == 1 and before != shared):
            return None, 0
        state = self._state_after(shared)
        if state is None:
            return None, 0
        self._root = shared, state
        return state, len(shared)

    def _state_after(self, shared: tuple[int, ...]) -> State | None:
        """The state after some tokens: from the last root on where they begin with its tokens, as demonstrations do."""
        known, root = self._root or ((), None)
        if root is None or root.by_token or not known or shared[: len(known)] != known:
            known, carry = (), {}
        else:
            carry = {root.name: root.branch(1).held}
        return carried(self.network.base_model(self._tensor([list(shared[len(known) :])]), use_cache=True, **carry))

    def _scored(self, rows: Sequence[list[int]], state: State | None, **given: Tensor) -> tuple[Tensor, State | None]:
        """Scores after the last token of each row, and the state there."""
        longest = max(len(row) for row in rows)
        if self._mixes_rows and longest == 1 and len(rows) > 1:
            states = state.rows() if state else [None] * len(rows)
            alone = [self._scored([row], one) for row, one in zip(rows, states, strict=True)]
            return torch.cat([logits for logits, _ in alone]), State.joined([one for _, one in alone if one])
        ends = torch.tensor([len(row) - 1 for row in rows])
        tokens = self._tensor([row + [0] * (longest - len(row)) for row in rows])
        if state and state.by_token:
            for at in range(longest - 1):
                token = tokens[:, at : at + 1]
                state = carried(self.network.base_model(token, use_cache=True, **{state.name: state.held}))
                assert state is not None  # a model that carried a state before still does
            tokens, ends = tokens[:, -1:], torch.zeros_like(ends)
        wanted, which = torch.unique(ends, return_inverse=True)
        carry = {state.name: state.held} if state else {}
        out = self.network(tokens, use_cache=True, logits_to_keep=wanted.to(tokens.device), **carry, **given)
        return out.logits.float().cpu()[torch.arange(len(rows)), which], carried(out)

    def _go_on(self, read: "_Read", max_tokens: int) -> list[list[int]]:
        """Greedy tokens of each row, up to its end."""
        new: list[list[int]] = [[] for _ in read.ids]
        logits, state = read.logits, read.state
        lengths = [len(row) for row in read.ids]
        real = self._tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
        padded = min(lengths) < max(lengths)
        for step in range(max_tokens):
            for row, token in zip(new, logits.argmax(dim=1).tolist(), strict=True):
                row.append(token)
            if step + 1 == max_tokens or all(self._ends & set(row) for row in new):
                break
            if state is None:
                logits, _ = self._scored([before + row for before, row in zip(read.ids, new, strict=True)], None)
                continue
            given: dict[str, Tensor] = {}
            if padded:
                # Padding lies between a prompt and what follows it: hidden, and not counted as positions.
                real = torch.cat([real, torch.ones_like(real[:, :1])], dim=1)
                given = {"attention_mask": real, "position_ids": self._tensor([[length + step] for length in lengths])}
            logits, state = self._scored([row[-1:] for row in new], state, **given)
        return [_until(row, self._ends) for row in new]

    def _text_after(self, before: list[int], new: list[int]) -> str:
        """The text that `new` adds: some tokenizers drop the space of a text's first token."""
        known, both = self.tokenizer.decode(before), self.tokenizer.decode(before + new)
        return both[len(known) :] if both.startswith(known) else self.tokenizer.decode(new)

    def _tensor(self, rows: list[list[int]]) -> Int[Tensor, "rows tokens"]:
        return torch.tensor(rows, device=self.network.device)


@dataclass(frozen=True)
class _Read:
    """What was read of some prompts.

    Args:
        ids: All tokens of each.
        logits: Scores after the last token of each.
        state: The state there, if the model has one.
    """

    ids: list[list[int]]
    logits: Tensor
    state: State | None


def _shared(prefix: list[int], rows: Sequence[list[int]]) -> list[int]:
    """The tokens of `prefix` with which every row begins; at least one token of each row is left over."""
    count = min([len(prefix), *(len(row) - 1 for row in rows)])
    for row in rows:
        count = next((at for at in range(count) if row[at] != prefix[at]), count)
    return prefix[:count]


def _until(row: list[int], ends: set[int]) -> list[int]:
    return row[: next((at for at, token in enumerate(row) if token in ends), len(row))]
