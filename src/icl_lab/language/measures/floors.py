"""What a task scores without being learned: always saying one thing, or saying the input.

Both are judged as a model's answers are. They are shares of all pairs that a model is asked, so they have no interval.
"""

from collections import Counter
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
    judged: Judgement = "exact" if whole and judgement == "prefix" else judgement
    times = Counter(said for pair in pairs for said in _right_answers(pair, judged))
    return max(times.values()) / len(pairs)


def copied_input(pairs: Sequence[Pair], judgement: Judgement, *, whole: bool = False) -> float:
    """What saying the input scores, as for words that two languages have in common.

    >>> copied_input([Pair("important", ("important",)), Pair("dog", ("chien",))], "exact")
    0.5
    """
    return sum(is_right(pair.input, pair, judgement, whole=whole) for pair in pairs) / len(pairs)


def _right_answers(pair: Pair, judgement: Judgement) -> set[str]:
    """Answers that are right, as `is_right` has it; of prefixes the first letter, which every other one begins with."""
    outputs = {output.strip() for output in pair.outputs}
    if judgement == "prefix":
        return {output[0] for output in outputs if output}
    if judgement == "synonyms":
        near = {word for output in outputs for word in with_synonyms(output)}
        return {said for word in near for said in with_synonyms(word)}
    return outputs
