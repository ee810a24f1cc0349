"""When an answer is right.

An answer is cut at its first line break and stripped. Of one token (Grazzi et al. 2024, section 6.4 of our
specification):
* exact: it equals the output;
* prefix: both are non-empty and one begins with the other, so that the first piece of a long name is enough;
* synonyms: it and the output have a word in common, each together with the words that share a meaning with it.
A whole answer must equal an output, or be a synonym where synonyms count: then a first letter is not enough.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from icl_lab.language.base import Judgement, Pair
from icl_lab.language.pairs.synonyms import with_synonyms


def cut(text: str) -> str:
    r"""What is read of an answer.

    >>> cut(" Paris\nexample:")
    'Paris'
    """
    return text.split("\n", 1)[0].strip()


def is_right(answer: str, pair: Pair, judgement: Judgement, *, whole: bool = False) -> bool:
    """Whether an answer is right; any of the pair's outputs will do.

    Args:
        answer: As the model wrote it.
        pair: The query and its outputs.
        judgement: How it is judged.
        whole: Whether it is a whole answer rather than one token.
    """
    said = cut(answer)
    if whole and judgement == "prefix":
        judgement = "exact"
    return any(JUDGEMENTS[judgement](said, output.strip()) for output in pair.outputs)


def _exact(said: str, output: str) -> bool:
    return said == output


def _prefix(said: str, output: str) -> bool:
    return bool(said) and bool(output) and (said.startswith(output) or output.startswith(said))


def _synonyms(said: str, output: str) -> bool:
    return said == output or bool(with_synonyms(said) & with_synonyms(output))


JUDGEMENTS: Mapping[Judgement, Callable[[str, str], bool]] = MappingProxyType(
    {"exact": _exact, "prefix": _prefix, "synonyms": _synonyms}
)
