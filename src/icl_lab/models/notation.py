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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from icl_lab.core.errors import UserError, suggest
from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS, ChannelMixerSpec
from icl_lab.models.mixers.base import MIXERS, MixerSpec

Pattern = tuple[MixerSpec | ChannelMixerSpec, ...]

NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
COUNT = re.compile(r"\*\s*(?:(?P<number>[0-9]+)\b|L\b|\(\s*L\s*-\s*(?P<fewer>[0-9]+)\s*\))")
SETTINGS = re.compile(r"\(\s*[A-Za-z_][A-Za-z_0-9.]*\s*=")
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


def read_block(text: str) -> tuple[str, dict[str, str]] | None:
    """The name and the settings of a text that is one name, with or without settings; none where it is more.

    >>> read_block("mamba(d_state=4, gate=false)"), read_block("mamba"), read_block("mamba*2")
    (('mamba', {'d_state': '4', 'gate': 'false'}), ('mamba', {}), None)

    Raises:
        UserError: The settings cannot be read.
    """
    name = NAME.match(text)
    if name is None:
        return None
    reader = _Reader(text, 1, place=name.end())
    settings = reader.settings() if text[reader.place : reader.place + 1] == "(" else {}
    return (name[0], {key: value for key, (value, _) in settings.items()}) if reader.place == len(text) else None


def write_pattern(blocks: Sequence[MixerSpec | ChannelMixerSpec]) -> str:
    """A short notation of some blocks, without parentheses inside parentheses; quadratic in their number.

    >>> write_pattern(read_pattern("mamba attention mamba attention mamba"))
    'mamba (attention mamba)*2'
    >>> write_pattern(read_pattern("mamba mamba mamba attention mamba mamba mamba attention"))
    '(mamba*3 attention)*2'
    """
    words = [block.short() for block in blocks]
    num_words = len(words)
    codes = np.unique(words, return_inverse=True)[1]
    units = np.arange(num_words + 1)
    # alike[u]: how many words from the i-th on are the same as those u words further on.
    alike = np.zeros(num_words + 1, dtype=int)
    # best[i]: of the words from the i-th on, the length of their notation, its first part, and where the next begins.
    best = [(0, "", num_words)] * (num_words + 1)
    for i in reversed(range(num_words)):
        same = codes[i] == codes[i + 1 :]
        alike[1 : num_words - i] = np.where(same, alike[1 : num_words - i] + 1, 0)
        repeated = (alike >= units) & (units > 0)
        repeated[1] = True  # a word that comes once is a part as well
        choices = []
        while repeated[unit := int(repeated.argmax())]:
            times = 1 + int(alike[unit]) // unit
            # A unit that is itself a smaller one some times over makes nothing shorter.
            repeated[unit : unit * times + 1 : unit] = False
            inside = _runs(words[i : i + unit])
            part = inside if times == 1 else f"{inside}*{times}" if unit == 1 else f"({inside})*{times}"
            after = i + unit * times
            choices.append((len(part) + 1 + best[after][0], part, after))
        best[i] = min(choices, key=lambda choice: choice[0])
    parts, i = [], 0
    while i < num_words:
        _, part, i = best[i]
        parts.append(part)
    return " ".join(parts)


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
    depth: int = 0

    def sequence(self) -> Pattern:
        blocks: list[MixerSpec | ChannelMixerSpec] = []
        absent: int | None = None  # where the last count of 0 stands
        while self._skip_blanks() not in ("", ")"):
            part, count = self._part()
            absent = absent if part else count
            blocks += part
            if len(blocks) > MOST:
                raise self.refusal(f"expected at most {MOST:,} blocks", count)
        if not blocks and absent is not None:
            raise self.refusal(f"expected a block, but with L={self.num_layers} this count leaves none", absent)
        if not blocks:
            raise self.refusal("expected a block")
        return tuple(blocks)

    def refusal(self, trouble: str, place: int | None = None) -> UserError:
        at = self.place if place is None else place
        return UserError(f"pattern, character {at + 1}: {trouble}: {self.text[:at]}>>{self.text[at:] or 'here'}")

    def _part(self) -> tuple[Pattern, int]:
        """The blocks of a part, and where its count stands."""
        blocks = self._group() if self.text[self.place] == "(" else (self._block(),)
        after = self.place
        self._skip_blanks()
        count = COUNT.match(self.text, self.place)
        if count is None:
            if self.text[self.place : self.place + 1] == "*":
                raise self.refusal("expected a whole number, L or (L-1) after '*'")
            return blocks, after
        times = _number(count["number"]) if count["number"] else self.num_layers - _number(count["fewer"] or "0")
        # What is repeated one time less than there are layers may be absent from a model of one layer.
        least = 0 if count["fewer"] else 1
        if times < least:
            raise self.refusal(f"expected a count of at least {least}, got {times}")
        if times * len(blocks) > MOST:
            raise self.refusal(f"expected at most {MOST:,} blocks")
        begin, self.place = self.place, count.end()
        return blocks * times, begin

    def _group(self) -> Pattern:
        opened = self.place
        if SETTINGS.match(self.text, opened):
            raise self.refusal("settings must touch the name of their block, as in attention(num_heads=4)")
        if self.depth == DEEPEST:
            raise self.refusal(f"expected at most {DEEPEST} parentheses inside each other")
        self.place += 1
        self.depth += 1
        blocks = self.sequence()
        if self._skip_blanks() != ")":
            raise self.refusal("this '(' is never closed", opened)
        self.place += 1
        self.depth -= 1
        return blocks

    def _block(self) -> MixerSpec | ChannelMixerSpec:
        begin = self.place
        name = NAME.match(self.text, begin)
        if name is None:
            raise self.refusal(f"expected a block or '(', got {self.text[begin]!r}")
        self.place = name.end()
        registry = MIXERS if name[0] in MIXERS else CHANNEL_MIXERS
        if name[0] not in registry:
            known = suggest(name[0], (*MIXERS.names(), *CHANNEL_MIXERS.names()))
            raise self.refusal(f"unknown block {name[0]!r}, {known}", begin)
        block = registry.get(name[0])()
        assert isinstance(block, MixerSpec | ChannelMixerSpec)
        if self.text[self.place : self.place + 1] != "(":
            return block
        settings = self.settings()
        try:
            return block.override({key: value for key, (value, _) in settings.items()})
        except UserError as trouble:
            raise self.refusal(str(trouble), _culprit(block, settings, str(trouble))) from None

    def settings(self) -> dict[str, tuple[str, int]]:
        """The settings in the parentheses at this place: field -> text, and where it stands."""
        settings: dict[str, tuple[str, int]] = {}
        for begin, part in self._between_commas():
            key, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or not key:
                raise self.refusal(f"expected KEY=VALUE, got {part.strip()!r}", begin)
            if key in settings:
                raise self.refusal(f"{key} is set twice", begin)
            settings[key] = value, begin
        return settings

    def _between_commas(self) -> list[tuple[int, str]]:
        """What stands between the commas of the parentheses at this place, and where; moves behind them."""
        opened, depth = self.place, 0
        commas = [opened]
        while self.place < len(self.text):
            letter = self.text[self.place]
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0 or (depth == 1 and letter == ","):
                commas.append(self.place)
            self.place += 1
            if depth == 0:
                parts = [(begin + 1, self.text[begin + 1 : end]) for begin, end in pairwise(commas)]
                return [(begin + len(part) - len(part.lstrip()), part) for begin, part in parts if part.strip()]
        raise self.refusal("this '(' is never closed", opened)

    def _skip_blanks(self) -> str:
        """Move to the next letter and return it; nothing at the end."""
        while self.text[self.place : self.place + 1].isspace():
            self.place += 1
        return self.text[self.place : self.place + 1]


def _number(digits: str) -> int:
    """A whole number; one more than may be, for any with more digits than Python cares to read."""
    return int(digits) if len(digits) < 10 else MOST + 1


def _culprit(block: MixerSpec | ChannelMixerSpec, settings: Mapping[str, tuple[str, int]], trouble: str) -> int:
    """Where the setting stands that is refused: the first that is so alone, else the first that the trouble names."""
    for key, (value, begin) in settings.items():
        try:
            block.override({key: value})
        except UserError:
            return begin
    named = (begin for key, (_, begin) in settings.items() if key in trouble)
    return next(named, min(begin for _, begin in settings.values()))
