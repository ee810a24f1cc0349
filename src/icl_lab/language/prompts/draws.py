"""Which queries are asked and which demonstrations stand before them.

Queries come in sets. A set draws its queries first, then demonstrations from all other pairs, without replacement;
prompts of few demonstrations show the first of those that prompts of many show. So the queries of a set have one text
before them, which a model reads once, and counts of demonstrations are compared on the same queries. With one query a
set, each has demonstrations of its own, as published.

Draws depend on the seed, the task and the number of the set. What a tokenizer leaves out is left out of a shuffled list
of all pairs, so that prompts for different models differ by no more than that.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from icl_lab.core.streams import Stream
from icl_lab.language.base import Pair

Labels = Literal["true", "shuffled", "random"]
"""What demonstrations show as outputs: their own; those of other pairs; any output of the task, drawn for each.

Shuffled: outputs of all pairs but the queries go round in one cycle, of which a prompt shows the first few. So a shown
output need not be one of another shown input, and where pairs have one output in common a label may stay right
(`right_share`). Other experiments permute the labels within a prompt.
"""

LABELS: tuple[Labels, ...] = get_args(Labels)


@dataclass(frozen=True)
class QuerySet:
    """Some queries and the demonstrations that may stand before them.

    Args:
        queries: Pairs that are asked.
        demonstrations: All other pairs, in the order in which they are shown.
    """

    queries: tuple[Pair, ...]
    demonstrations: tuple[Pair, ...]


def draw_sets(
    listed: tuple[Pair, ...], asked: tuple[Pair, ...], stream: Stream, num_queries: int, per_set: int, labels: Labels
) -> list[QuerySet]:
    """As many sets as `num_queries` take; the last one may have fewer queries.

    Args:
        listed: All pairs of the task.
        asked: Those that this model is asked, and shown.
        stream: Address of the randomness, of the seed and the task.
        num_queries: Queries in all.
        per_set: Queries a set; fewer where the task has few pairs, so that most can be demonstrations.
        labels: What demonstrations show as outputs.
    """
    sets: list[QuerySet] = []
    size, kept, left = set_size(len(asked), per_set), set(asked), num_queries
    while left > 0:
        number = len(sets)
        order = stream.child("pairs").generator(number).permutation(len(listed))
        chosen = [pair for place in order if (pair := listed[place]) in kept]
        queries, shown = chosen[: min(size, left)], tuple(chosen[size:])
        sets.append(QuerySet(tuple(queries), relabelled(shown, asked, stream, number, labels)))
        left -= len(queries)
    return sets


def set_size(num_pairs: int, per_set: int) -> int:
    """Queries of a set: at most a fifth of the pairs, at least one.

    >>> set_size(25, 5), set_size(9, 5)
    (5, 1)
    """
    return max(1, min(per_set, num_pairs // 5))


def most_demonstrations(num_pairs: int, per_set: int) -> int:
    """How many demonstrations a prompt can show."""
    return max(0, num_pairs - set_size(num_pairs, per_set))


def right_share(sets: list[QuerySet], asked: tuple[Pair, ...], count: int) -> float:
    """The share of the first `count` demonstrations whose shown output is right, by chance or by design."""
    known = {pair.input: pair.outputs for pair in asked}
    shown = [pair for one in sets for pair in one.demonstrations[:count]]
    return sum(pair.output in known[pair.input] for pair in shown) / len(shown)


def relabelled(
    shown: tuple[Pair, ...], asked: tuple[Pair, ...], stream: Stream, number: int, labels: Labels
) -> tuple[Pair, ...]:
    """Demonstrations with the outputs that a control gives them; a query's own output may be among random ones."""
    if labels == "true" or len(shown) < 2:
        return shown
    generator = stream.child(labels).generator(number)
    if labels == "random":
        outputs = sorted({pair.output for pair in asked})
        drawn = generator.integers(len(outputs), size=len(shown))
        return tuple(Pair(pair.input, (outputs[place],)) for pair, place in zip(shown, drawn, strict=True))
    # One cycle through all demonstrations: each has another one's output, and the outputs are the same in all.
    cycle = generator.permutation(len(shown))
    output_of = dict(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    return tuple(Pair(pair.input, (shown[output_of[place]].output,)) for place, pair in enumerate(shown))
