"""Random finite automata, many at a time: drawn, minimised and trimmed (Akyurek et al. 2024, section 3).

b automata   n MAX_STATES   e MAX_EDGES
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from icl_lab.core.streams import Stream

SYMBOLS = 18
STATES = (4, 12)  # smallest and largest number, before automata are minimised
ALPHABETS = (4, 18)
EDGES = (1, 3)
MAX_STATES, MAX_EDGES = STATES[1], EDGES[1]
NO_EDGE = -1


@dataclass(frozen=True)
class Automata:
    """Deterministic automata whose states all accept; every string starts in state 0.

    Args:
        symbols: What each edge of a state reads, ascending, `NO_EDGE` behind the last.
        targets: Where it leads.
    """

    symbols: Int[np.ndarray, "b n e"]
    targets: Int[np.ndarray, "b n e"]

    @property
    def out_degrees(self) -> Int[np.ndarray, "b n"]:
        """Edges that leave each state; 0 for a state that the automaton does not have."""
        return (self.symbols != NO_EDGE).sum(2)

    @property
    def next_symbols(self) -> Float[np.ndarray, "b n symbols"]:
        """The distribution of the next symbol in each state: uniform over its edges."""
        among = self.symbols[..., None] == np.arange(SYMBOLS)
        return among.any(2) / np.maximum(self.out_degrees, 1)[..., None]

    def rows(self, chosen: Int[np.ndarray, " chosen"]) -> "Automata":
        """Some of the automata; one may be chosen twice."""
        return Automata(self.symbols[chosen], self.targets[chosen])


def random_automata(generator: np.random.Generator, count: int) -> Automata:
    """The smallest automata of random languages.

    Each state of a random automaton has 1 to 3 edges with different symbols to different states, none to itself; it is
    then minimised and trimmed, which can leave fewer states than were drawn, and edges from a state to itself.
    """
    return trimmed(minimised(drawn(generator, count)))


def drawn(generator: np.random.Generator, count: int) -> Automata:
    """Automata as they are drawn: sizes, alphabets and edges uniform."""
    states = generator.integers(STATES[0], STATES[1] + 1, size=(count, 1, 1))
    letters = generator.integers(ALPHABETS[0], ALPHABETS[1] + 1, size=(count, 1, 1))
    alphabet = generator.random((count, SYMBOLS)).argsort(1)
    degrees = generator.integers(EDGES[0], EDGES[1] + 1, size=(count, MAX_STATES, 1))

    absent = np.arange(MAX_EDGES) >= degrees
    letter = _distinct(generator, states.size, np.arange(SYMBOLS) >= letters)
    symbols = np.take_along_axis(alphabet[:, None], letter, axis=2)
    itself = np.eye(MAX_STATES, dtype=bool)
    targets = _distinct(generator, states.size, itself | (np.arange(MAX_STATES) >= states))
    return _sorted(np.where(absent, NO_EDGE, symbols), targets)


def minimised(automata: Automata) -> Automata:
    """Every state replaced by the first one that reads the same strings (Moore's partition refinement)."""
    symbols, targets = automata.symbols, automata.targets
    edges = symbols != NO_EDGE
    # Two states differ if their edges read different symbols, or if the edges of one symbol lead to states that differ.
    differ = (symbols[:, :, None] != symbols[:, None]).any(3)
    automaton = np.arange(len(symbols))[:, None, None]
    while True:
        found = differ.copy()
        for edge in range(MAX_EDGES):
            ends = targets[:, :, edge]
            found |= differ[automaton, ends[:, :, None], ends[:, None]] & edges[:, :, None, edge]
        if (found == differ).all():
            break
        differ = found
    first = differ.argmin(2)
    return Automata(symbols, first[automaton, targets])


def trimmed(automata: Automata) -> Automata:
    """States that no string reaches are left out and the others numbered anew; the start stays 0."""
    edges = automata.symbols != NO_EDGE
    follows = ((automata.targets[..., None] == np.arange(MAX_STATES)) & edges[..., None]).any(2)
    reached = np.broadcast_to(np.arange(MAX_STATES) == 0, edges.shape[:2])
    for _ in range(MAX_STATES - 1):
        reached = reached | (follows & reached[..., None]).any(1)
    order = np.argsort(~reached, axis=1, kind="stable")
    number = np.argsort(order, axis=1)
    automaton = np.arange(len(order))[:, None]
    edges = (edges & reached[..., None])[automaton, order]
    symbols = np.where(edges, automata.symbols[automaton, order], NO_EDGE)
    targets = number[automaton[..., None], automata.targets[automaton, order]]
    return Automata(symbols, np.where(edges, targets, 0))


@cache
def language_pool(seed: int, count: int) -> Automata:
    """A pool of languages that never changes; the same for training and evaluation."""
    return random_automata(Stream(seed, ("pool", "languages")).generator(), count)


def _distinct(
    generator: np.random.Generator, count: int, excluded: Bool[np.ndarray, "#b #n choices"]
) -> Int[np.ndarray, "b n e"]:
    """For each state, different numbers in random order, none of those excluded."""
    keys = generator.random((count, MAX_STATES, excluded.shape[2]))
    return np.where(excluded, np.inf, keys).argsort(2)[..., :MAX_EDGES]


def _sorted(symbols: Int[np.ndarray, "b n e"], targets: Int[np.ndarray, "b n e"]) -> Automata:
    order = np.where(symbols == NO_EDGE, SYMBOLS, symbols).argsort(2)
    return Automata(np.take_along_axis(symbols, order, axis=2), np.take_along_axis(targets, order, axis=2))
