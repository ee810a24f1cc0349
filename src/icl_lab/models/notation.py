"""Patterns of blocks as people write them: `mamba (attention mamba)*2`.

pattern  =  part part ...            blocks in order
part     =  block  or  (pattern)     either may be followed by *COUNT
block    =  a mixer's or channel mixer's name, with settings in parentheses that touch it: attention(num_heads=4)
COUNT    =  a whole number, or L for the number of layers of the model, or (L-1), (L-2), ...

    mamba (attention mamba)*L           a block in front
    (mamba*3 attention)*2               every fourth block is attention
    mamba mlp (attention mlp)*(L-1)     only the first block is replaced
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from icl_lab.core.errors import UserError, suggest
from icl_lab.core.specs import from_short
from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS, ChannelMixerSpec
from icl_lab.models.mixers.base import MIXERS, MixerSpec

Pattern = tuple[MixerSpec | ChannelMixerSpec, ...]

NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
COUNT = re.compile(r"\*\s*(?:(?P<number>\d{1,4})\b|L\b|\(\s*L\s*-\s*(?P<fewer>\d{1,4})\s*\))")
MOST = 10_000  # blocks
DEEPEST = 50  # parentheses inside parentheses


def read_pattern(text: str, num_layers: int = 1) -> Pattern:
    """The blocks that a notation stands for.

    Args:
        text: The notation.
        num_layers: What `L` stands for.

    Raises:
        UserError: It cannot be read; the message points at the character.
    """
    reader = _Reader(text, num_layers)
    blocks = reader.sequence()
    if reader.place < len(text):
        raise reader.refusal("expected a block or '(', got ')' that closes nothing")
    return blocks


def write_pattern(blocks: Sequence[MixerSpec | ChannelMixerSpec]) -> str:
    """The shortest notation of some blocks that has no parentheses inside parentheses.

    >>> write_pattern(read_pattern("mamba attention mamba attention mamba"))
    'mamba (attention mamba)*2'
    >>> write_pattern(read_pattern("mamba mamba mamba attention mamba mamba mamba attention"))
    '(mamba*3 attention)*2'
    """
    words = [block.short() for block in blocks]
    # best[i]: the notation of the last len(words) - i blocks.
    best = [""] * (len(words) + 1)
    for i in reversed(range(len(words))):
        choices = []
        for unit in range(1, len(words) - i + 1):
            times = 1
            while words[i : i + unit] == words[i + times * unit : i + (times + 1) * unit]:
                times += 1
            if unit == 1 or times > 1:
                inside = _runs(words[i : i + unit])
                part = inside if times == 1 else f"{inside}*{times}" if unit == 1 else f"({inside})*{times}"
                choices.append(f"{part} {best[i + unit * times]}".strip())
        best[i] = min(choices, key=len)
    return best[0]


def _runs(words: Sequence[str]) -> str:
    """Words in order, each with the number of times that it comes in a row."""
    runs = [(word, len(list(same))) for word, same in groupby(words)]
    return " ".join(word if times == 1 else f"{word}*{times}" for word, times in runs)


@dataclass
class _Reader:
    """A place in a notation that moves forward as it is read."""

    text: str
    num_layers: int
    place: int = 0

    def sequence(self) -> Pattern:
        blocks: list[MixerSpec | ChannelMixerSpec] = []
        while self._skip_blanks() not in ("", ")"):
            blocks += self._part()
        if not blocks:
            raise self.refusal("expected a block")
        return tuple(blocks)

    def refusal(self, trouble: str, place: int | None = None) -> UserError:
        at = self.place if place is None else place
        return UserError(f"pattern, character {at + 1}: {trouble}: {self.text[:at]}>>{self.text[at:] or 'here'}")

    def _part(self) -> Pattern:
        blocks = self._group() if self.text[self.place] == "(" else (self._block(),)
        self._skip_blanks()
        count = COUNT.match(self.text, self.place)
        if count is None:
            if self.text[self.place : self.place + 1] == "*":
                raise self.refusal("expected a whole number, L or (L-1) after '*'")
            return blocks
        times = int(count["number"] or self.num_layers - int(count["fewer"] or 0))
        # What is repeated one time less than there are layers may be absent from a model of one layer.
        if times < (0 if count["fewer"] else 1):
            raise self.refusal(f"expected a count of at least {0 if count['fewer'] else 1}, got {times}")
        if times * len(blocks) > MOST:
            raise self.refusal(f"expected at most {MOST:,} blocks")
        self.place = count.end()
        return blocks * times

    def _group(self) -> Pattern:
        opened = self.place
        if self.text[:opened].count("(") > DEEPEST:
            raise self.refusal(f"expected at most {DEEPEST} parentheses inside each other")
        self.place += 1
        blocks = self.sequence()
        if self._skip_blanks() != ")":
            raise self.refusal("this '(' is never closed", opened)
        self.place += 1
        return blocks

    def _block(self) -> MixerSpec | ChannelMixerSpec:
        begin = self.place
        name = NAME.match(self.text, begin)
        if name is None:
            raise self.refusal(f"expected a block or '(', got {self.text[begin]!r}")
        self.place = name.end()
        if self.text[self.place : self.place + 1] == "(":
            self._skip_settings()
        registry = MIXERS if name[0] in MIXERS else CHANNEL_MIXERS
        if name[0] not in registry:
            known = suggest(name[0], (*MIXERS.names(), *CHANNEL_MIXERS.names()))
            raise self.refusal(f"unknown block {name[0]!r}, {known}", begin)
        try:
            block = from_short(registry, self.text[begin : self.place])
        except UserError as trouble:
            raise self.refusal(str(trouble), begin) from None
        assert isinstance(block, MixerSpec | ChannelMixerSpec)
        return block

    def _skip_settings(self) -> None:
        opened, depth = self.place, 0
        while self.place < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[self.place], 0)
            self.place += 1
            if depth == 0:
                return
        raise self.refusal("this '(' is never closed", opened)

    def _skip_blanks(self) -> str:
        """Move to the next letter and return it; nothing at the end."""
        while self.text[self.place : self.place + 1].isspace():
            self.place += 1
        return self.text[self.place : self.place + 1]
