"""Formal languages in context, RegBench (Akyurek et al. 2024; Park et al. 2024): strings of one random automaton.

b batch   s strings   t num_tokens   l length
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int

from icl_lab.core.bounds import Count, Natural
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.parts.automata import SYMBOLS, Automata, language_pool, random_automata
from icl_lab.tasks.parts.sampled_symbols import IllegalSymbol

SEPARATOR, PADDING = SYMBOLS, SYMBOLS + 1  # "|" and "." of the original
LANGUAGES = 5000  # behind `zero_error` where there is no pool: its own error is then 0.0002


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class RegularLanguages(Task):
    """Strings of an unknown regular language, one language a prompt: which symbols may come next?

    A string is a random walk from the automaton's start, uniform over the edges of each state. A separator precedes
    every string, the first one included, and padding fills the prompt. Prediction i is asked after i tokens behind the
    first separator, so `shown` counts tokens; the symbols of strings are scored, separators and padding are not, and
    are never among the answers. A prompt has 377 tokens on average and 950 at most; what is beyond `length` is cut,
    which happens to one prompt in twelve.

    Args:
        length: Predictions asked; tokens after the first separator.
        fewest_strings: Strings in a prompt, at least.
        most_strings: Strings in a prompt, at most.
        longest_string: Symbols in a string; its length is uniform from 1.
        num_languages: Size of a pool of languages, 5,000 in the paper; none for a new language in every prompt.
        pool_seed: Fixes the pool; training and evaluation share it.
    """

    formula = "automaton: 4-12 states, 4-18 symbols, 1-3 edges a state, minimised;  10-19 uniform walks of 1-49 symbols"
    source = "Akyurek et al. 2024 (arXiv 2401.12973), section 3; Park et al. 2024 (arXiv 2402.04248)"

    length: Count = 512
    fewest_strings: Count = 10
    most_strings: Count = 19
    longest_string: Count = 49
    num_languages: Count | None = None
    pool_seed: Natural = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fewest_strings > self.most_strings:
            most = f"at most most_strings={self.most_strings}"
            raise UserError(f"{self.spec_name()}.fewest_strings: expected {most}, got {self.fewest_strings}")

    @property
    def objective(self) -> IllegalSymbol:
        return IllegalSymbol(SYMBOLS)

    @property
    def baselines(self) -> tuple[str, ...]:
        return tuple(f"n_gram(order={order}, symbols={SYMBOLS}, beta=0.1, backoff=true)" for order in (3, 2, 1))

    @property
    def axis(self) -> str:
        return "tokens in the prompt"

    @property
    def vocabulary(self) -> int:
        return SYMBOLS + 2

    @property
    def d_output(self) -> int:
        return SYMBOLS

    @property
    def num_tokens(self) -> int:
        return self.length + 1

    @property
    def zero_error(self) -> float:
        count = LANGUAGES if self.num_languages is None else self.num_languages
        return illegal_by_chance(self.pool_seed, count, self.longest_string)

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        automata = self._automata(stream.child("language").generator(step), batch)
        strings, states = walks(
            stream.child("strings").generator(step), automata, self.most_strings, self.longest_string
        )
        places = self._places(stream.child("lengths").generator(step), batch)
        inside = (places >= 0) & (places < self.num_tokens)
        prompt, string, symbol = np.nonzero(inside)
        place = places[inside]

        tokens = np.full((batch, self.num_tokens), PADDING, dtype=np.int64)
        starts = (symbol == 0) & (place <= self.length)
        tokens[prompt[starts], place[starts] - 1] = SEPARATOR
        tokens[prompt, place] = strings[prompt, string, symbol]
        legal = np.zeros((batch, self.length, SYMBOLS), dtype=np.float32)
        legal[prompt, place - 1] = automata.next_symbols[prompt, states[prompt, string, symbol]]
        scored = np.zeros((batch, self.length), dtype=bool)
        scored[prompt, place - 1] = True
        return PromptBatch(
            tokens=torch.from_numpy(tokens),
            queries=torch.arange(self.length),
            targets=torch.from_numpy(legal),
            scored=torch.from_numpy(scored),
        )

    def _automata(self, generator: np.random.Generator, batch: int) -> Automata:
        if self.num_languages is None:
            return random_automata(generator, batch)
        pool = language_pool(self.pool_seed, self.num_languages)
        return pool.rows(generator.integers(self.num_languages, size=batch))

    def _places(self, generator: np.random.Generator, batch: int) -> Int[np.ndarray, "b s symbols"]:
        """Where in its prompt each symbol stands, a separator before every string; -1 for symbols not there."""
        count = generator.integers(self.fewest_strings, self.most_strings + 1, size=(batch, 1))
        lengths = generator.integers(1, self.longest_string + 1, size=(batch, self.most_strings))
        lengths = np.where(np.arange(self.most_strings) < count, lengths, 0)
        first = np.cumsum(lengths + 1, axis=1) - lengths
        symbol = np.arange(self.longest_string)
        return np.where(symbol < lengths[..., None], first[..., None] + symbol, -1)


def walks(
    generator: np.random.Generator, automata: Automata, strings: int, symbols: int
) -> tuple[Int[np.ndarray, "b s symbols"], Int[np.ndarray, "b s symbols"]]:
    """Random walks from the start, uniform over the edges of a state: the symbols read and the states before them."""
    degrees = automata.out_degrees
    uniform = generator.random((symbols, len(degrees), strings))
    automaton = np.arange(len(degrees))[:, None]
    state = np.zeros((len(degrees), strings), dtype=np.int64)
    read, states = (np.empty((len(degrees), strings, symbols), dtype=np.int64) for _ in range(2))
    for i in range(symbols):
        edge = (uniform[i] * degrees[automaton, state]).astype(np.int64)
        states[..., i] = state
        read[..., i] = automata.symbols[automaton, state, edge]
        state = automata.targets[automaton, state, edge]
    return read, states


@cache
def illegal_by_chance(pool_seed: int, num_languages: int, longest_string: int) -> float:
    """How often a symbol drawn uniformly from all cannot come next, exactly for the strings of a pool of languages."""
    automata = language_pool(pool_seed, num_languages)
    edges = automata.symbols >= 0
    moves = edges / np.maximum(automata.out_degrees, 1)[..., None]
    automaton = np.arange(num_languages)[:, None, None]
    occupied: Float[np.ndarray, "b n"] = np.zeros(edges.shape[:2])
    occupied[:, 0] = 1
    legal = symbols = 0.0
    for i in range(longest_string):
        there = 1 - i / longest_string  # the share of strings that have a symbol i
        legal += there * float((occupied * automata.out_degrees).sum(1).mean())
        symbols += there
        moved = np.zeros_like(occupied)
        np.add.at(moved, (np.broadcast_to(automaton, edges.shape), automata.targets), occupied[..., None] * moves)
        occupied = moved
    return 1 - legal / symbols / SYMBOLS
