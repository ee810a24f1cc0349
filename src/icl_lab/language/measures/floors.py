"""What a task scores without being learned: always saying one thing, or saying the input.

Both are judged as a model's answers are. They are shares of all pairs that a model is asked, so they have no interval.
"""

from collections.abc import Sequence

from icl_lab.language.asking.scoring import is_right
from icl_lab.language.base import Judgement, Pair
from icl_lab.language.pairs.synonyms import with_synonyms


def best_constant(pairs: Sequence[Pair], judgement: Judgement, *, whole: bool = False) -> float:
    """What always saying the same scores, whatever scores most.

    Where a prefix is enough, that is a first letter: it is right for every output that begins with it.

    Args:
        pairs: Those that are asked.
        judgement: How answers are judged.
        whole: Whether answers are whole rather than one token.

    >>> capitals = [Pair("Norway", ("Oslo",)), Pair("Canada", ("Ottawa",)), Pair("Mali", ("Bamako",))]
    >>> [round(best_constant(capitals, judged), 2) for judged in ("exact", "prefix")]
    [0.33, 0.67]
    """
    outputs = {output.strip() for pair in pairs for output in pair.outputs}
    said = set(outputs)
    if judgement == "prefix":
        said |= {output[:1] for output in outputs}
    if judgement == "synonyms":
        said |= {word for output in outputs for word in with_synonyms(output)}
    return max(sum(is_right(one, pair, judgement, whole=whole) for pair in pairs) for one in said) / len(pairs)


def copied_input(pairs: Sequence[Pair], judgement: Judgement, *, whole: bool = False) -> float:
    """What saying the input scores, as for words that two languages have in common.

    >>> copied_input([Pair("important", ("important",)), Pair("dog", ("chien",))], "exact")
    0.5
    """
    return sum(is_right(pair.input, pair, judgement, whole=whole) for pair in pairs) / len(pairs)
