"""Which pairs a model is asked: those whose output is one token, and whether text has spaces before words.

Specification: a pair is kept where '!' + output has two tokens. That is counted with and without a space before the
output; where the spaced list has at least 70 % of the other one's size, it is taken, and inputs and outputs have a
space in front (Hendel et al. 2023). Tasks without this filter are asked whole, without spaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from icl_lab.language.base import LanguageTask, Pair
from icl_lab.language.models.base import Tokenizer
from icl_lab.language.prompts.templates import Template

SPACED_SHARE = 0.7


@dataclass(frozen=True)
class Usable:
    """The pairs of a task that a model is asked.

    Args:
        pairs: In the order of the task.
        spaced: Whether outputs have a space in front.
        listed: How many pairs the task has.
    """

    pairs: tuple[Pair, ...]
    spaced: bool
    listed: int


def usable(task: LanguageTask, tokenizer: Tokenizer, template: Template, *, whole_answers: bool = False) -> Usable:
    """The pairs of a task for a model's tokenizer.

    Args:
        task: The task.
        tokenizer: The model's own.
        template: It may ask for spaces whatever the tokenizer does.
        whole_answers: Whether answers may have more tokens than one; nothing is then left out.
    """
    pairs, always = task.pairs(), template.spaces == "before outputs"
    if not task.single_token or whole_answers:
        spaced = always or (task.single_token and _prefers_spaces(pairs, tokenizer))
        return Usable(pairs, spaced, len(pairs))
    spaced = always or _prefers_spaces(pairs, tokenizer)
    return Usable(single_token_pairs(pairs, tokenizer, spaced=spaced), spaced, len(pairs))


def single_token_pairs(pairs: Sequence[Pair], tokenizer: Tokenizer, *, spaced: bool) -> tuple[Pair, ...]:
    """Pairs whose output is one token after a mark that joins with nothing."""
    space = " " if spaced else ""
    return tuple(pair for pair in pairs if len(tokenizer.encode(f"!{space}{pair.output}")) == 2)


def _prefers_spaces(pairs: Sequence[Pair], tokenizer: Tokenizer) -> bool:
    spaced, tight = (len(single_token_pairs(pairs, tokenizer, spaced=space)) for space in (True, False))
    return spaced >= SPACED_SHARE * tight
