"""Automata are minimal and trimmed, strings legal, and only the symbols of strings are scored."""

from itertools import product

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.parts.automata import (
    ALPHABETS,
    EDGES,
    NO_EDGE,
    STATES,
    SYMBOLS,
    Automata,
    drawn,
    random_automata,
    trimmed,
)
from icl_lab.tasks.regular_languages import PADDING, SEPARATOR, RegularLanguages
from icl_lab.tasks.shifts.new_functions import NewFunctions

STREAM = Stream(0, ("languages",))

Edges = dict[int, int]


def edges(automata: Automata, which: int) -> list[Edges]:
    """An automaton as plain dictionaries: symbol -> target for each state."""
    symbols, targets = automata.symbols[which], automata.targets[which]
    return [
        {int(s): int(t) for s, t in zip(*row, strict=True) if s != NO_EDGE}
        for row in zip(symbols, targets, strict=True)
    ]


def language(automaton: list[Edges], state: int, length: int) -> frozenset[tuple[int, ...]]:
    """Every string of at most a length that can be read from a state."""
    if length == 0:
        return frozenset([()])
    longer = ((s, *rest) for s, target in automaton[state].items() for rest in language(automaton, target, length - 1))
    return frozenset([(), *longer])


def reached(automaton: list[Edges]) -> set[int]:
    found, new = set[int](), {0}
    while new:
        found |= new
        new = {target for state in new for target in automaton[state].values()} - found
    return found


def test_drawn_automata_have_the_published_sizes() -> None:
    automata = drawn(STREAM.generator(), 3000)
    degrees, alphabets, states = set(), set(), set()
    for which in range(3000):
        automaton = edges(automata, which)
        used = [automaton[state] for state in reached(automaton)]
        for state, out in zip(reached(automaton), used, strict=True):
            degrees.add(len(out))
            assert len(set(out.values())) == len(out), "two edges of a state lead to the same target"
            assert state not in out.values(), "an edge leads from a state to itself"
        alphabets.add(len({symbol for out in used for symbol in out}))
        states.add(len(used))
    assert degrees == set(range(EDGES[0], EDGES[1] + 1))
    # The largest sizes are reached by some, and none exceeds them; small ones lose states and letters by chance.
    assert max(states) == STATES[1]
    assert ALPHABETS[1] - 2 <= max(alphabets) <= ALPHABETS[1]
    assert automata.symbols.max() == SYMBOLS - 1


def test_automata_are_minimal_and_trimmed() -> None:
    automata = random_automata(STREAM.generator(), 150)
    for which in range(150):
        automaton = edges(automata, which)
        present = {state for state, out in enumerate(automaton) if out}
        assert present == reached(automaton) == set(range(len(present)))
        # States of a minimal automaton of n states differ within n - 1 symbols; languages are compared breadth first.
        assert len(classes(automaton, sorted(present))) == len(present)


def classes(automaton: list[Edges], states: list[int]) -> list[set[int]]:
    """States grouped by the strings they read, found by comparing pairs of states side by side."""
    groups: list[set[int]] = []
    for state in states:
        for group in groups:
            if equivalent(automaton, state, next(iter(group))):
                group.add(state)
                break
        else:
            groups.append({state})
    return groups


def equivalent(automaton: list[Edges], one: int, other: int) -> bool:
    seen, new = set[tuple[int, int]](), [(one, other)]
    while new:
        pair = new.pop()
        if pair in seen:
            continue
        seen.add(pair)
        first, second = automaton[pair[0]], automaton[pair[1]]
        if first.keys() != second.keys():
            return False
        new += [(first[symbol], second[symbol]) for symbol in first]
    return True


def test_minimising_keeps_the_language() -> None:
    before, after = drawn(STREAM.generator(), 40), random_automata(STREAM.generator(), 40)
    fewer = 0
    for which in range(40):
        assert language(edges(before, which), 0, 6) == language(edges(after, which), 0, 6)
        fewer += len(reached(edges(before, which))) > len(reached(edges(after, which)))
    assert fewer > 0, "no automaton had a state to spare: the test says nothing"


def test_trimming_alone_keeps_what_is_reached() -> None:
    automata = drawn(STREAM.generator(1), 40)
    for which in range(40):
        assert len(reached(edges(trimmed(automata), which))) == len(reached(edges(automata, which)))


def strings(prompts: PromptBatch, prompt: int) -> list[list[int]]:
    text = " ".join(str(token) for token in prompts.tokens[prompt].tolist() if token != PADDING)
    return [[int(s) for s in part.split()] for part in text.split(str(SEPARATOR))[1:]]


def test_prompts_are_strings_of_the_published_number_and_length() -> None:
    task = RegularLanguages(length=950)
    prompts = task.sample(STREAM, 0, 200)
    assert (prompts.tokens[:, 0] == SEPARATOR).all()
    counts = [len(strings(prompts, i)) for i in range(200)]
    assert (min(counts), max(counts)) == (10, 19)
    lengths = [len(string) for i in range(200) for string in strings(prompts, i)]
    assert (min(lengths), max(lengths)) == (1, 49)
    # About 2,900 strings of mean 25 and deviation 14.1: the mean strays by 0.26; four times that.
    assert np.mean(lengths) == pytest.approx(25, abs=1.1)
    padding = (prompts.tokens == PADDING).long()
    assert (padding.diff() >= 0).all(), "padding comes last"


def test_every_symbol_is_legal_and_what_is_legal_is_uniform() -> None:
    task = RegularLanguages()
    prompts = task.sample(STREAM, 0, 64)
    following = prompts.tokens[:, 1:]
    assert torch.equal(prompts.scored, following < SYMBOLS), "symbols are scored; separators and padding are not"
    legal = prompts.targets[prompts.scored]
    assert (legal.gather(1, following[prompts.scored][:, None]) > 0).all()
    number = (legal > 0).sum(1)
    assert ((number >= 1) & (number <= 3)).all()
    assert torch.allclose(legal, (legal > 0) / number[:, None])
    assert prompts.targets[~prompts.scored].abs().max() == 0
    # Drawn uniformly from what is legal: the mean probability of the symbol drawn is that of the distribution itself.
    drawn_first = (legal.argmax(1) == following[prompts.scored]).double()
    expected = (1 / number).double()
    # About 23,000 draws: the share strays by 0.003; four times that.
    assert drawn_first.mean().item() == pytest.approx(expected.mean().item(), abs=0.012)


def test_one_state_allows_the_same_symbols_wherever_it_is_met() -> None:
    # Equal strings so far lead to the same state of a deterministic automaton, so to the same legal symbols.
    prompts = RegularLanguages(longest_string=8).sample(STREAM, 0, 30)
    for prompt in range(30):
        known: dict[tuple[int, ...], list[float]] = {}
        so_far: tuple[int, ...] = ()
        met_again = 0
        for i, token in enumerate(prompts.tokens[prompt, :-1].tolist()):
            so_far = () if token >= SYMBOLS else (*so_far, token)
            if prompts.scored[prompt, i]:
                legal = prompts.targets[prompt, i].tolist()
                met_again += so_far in known
                assert known.setdefault(so_far, legal) == legal
        assert met_again >= 9


def test_a_pool_has_as_many_languages_as_it_says() -> None:
    def starts(task: RegularLanguages, stream: Stream) -> set[tuple[float, ...]]:
        prompts = task.sample(stream, 0, 200)
        return {tuple(first.tolist()) for first in prompts.targets[:, 0]}

    task = RegularLanguages(num_languages=5, length=4)
    assert starts(task, STREAM) == starts(task, STREAM.child("other"))
    assert 2 <= len(starts(task, STREAM)) <= 5
    new = NewFunctions().shifted(task)
    assert isinstance(new, RegularLanguages)
    assert new.num_languages is None
    assert len(starts(new, STREAM)) > 50


def test_fewer_strings_than_most_are_asked_for() -> None:
    with pytest.raises(UserError, match=r"fewest_strings: expected at most most_strings=4, got 10"):
        RegularLanguages(most_strings=4)


def test_an_answer_is_wrong_by_the_share_of_illegal_symbols_among_the_highest() -> None:
    task = RegularLanguages(length=30)
    prompts = task.sample(STREAM, 0, 2)
    prompt, i = prompts.scored.nonzero()[3].tolist()
    legal = prompts.targets[prompt, i] > 0
    for right, wrong in product((0, 1), (0, 1, 3)):
        if right + wrong == 0:
            continue
        scores = torch.zeros(2, 30, SYMBOLS)
        scores[prompt, i, legal.nonzero()[:right, 0]] = 1
        scores[prompt, i, (~legal).nonzero()[:wrong, 0]] = 1
        assert task.error(scores, prompts)[prompt, i].item() == pytest.approx(wrong / (right + wrong))
    scores[prompt, i, 0] = torch.nan
    assert task.error(scores, prompts)[prompt, i].isnan()
