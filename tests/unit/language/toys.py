"""A tokenizer of whole words and a model that knows a task after enough demonstrations: what evaluation is tried on."""

import re
from collections.abc import Sequence

from icl_lab.language.base import Pair


class ToyTokenizer:
    """Words of at most `longest` letters are tokens, with the space before them if there is one; others are letters."""

    def __init__(self, longest: int = 100, joins_spaces: bool = True) -> None:
        self._longest = longest
        self._space = r" ?" if joins_spaces else r""
        self._known: list[str] = []

    def encode(self, text: str) -> list[int]:
        pieces = re.findall(rf"{self._space}\w+|\s|[^\w\s]", text)
        parts = [part for piece in pieces for part in ([piece] if len(piece.strip()) <= self._longest else list(piece))]
        return [self._id(part) for part in parts]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self._known[place] for place in ids)

    def _id(self, part: str) -> int:
        if part not in self._known:
            self._known.append(part)
        return self._known.index(part)


class ToyModel:
    """Answers rightly from `needed` demonstrations on whose labels are true, with the label of the last one otherwise.

    Args:
        pairs: What it knows.
        needed: Demonstrations that it wants to see.
    """

    def __init__(self, pairs: Sequence[Pair], needed: int = 2, name: str = "toy") -> None:
        self.name = name
        self.fingerprint = ""
        self.tokenizer = ToyTokenizer()
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self._answers = {pair.input: pair.output for pair in pairs}
        self._needed = needed

    def next_tokens(self, prompts: Sequence[str], *, prefix: str = "") -> list[int]:
        self.calls.append((prefix, tuple(prompts)))
        return [self.tokenizer.encode(self._said(prefix, prompt))[0] for prompt in prompts]

    def generate(self, prompts: Sequence[str], *, prefix: str = "", max_tokens: int) -> list[str]:
        self.calls.append((prefix, tuple(prompts)))
        return [f"{self._said(prefix, prompt)}\nexample:" for prompt in prompts]

    def _said(self, prefix: str, prompt: str) -> str:
        prompt = prefix.rpartition("\n")[2] + prompt  # the line of the query
        shown = re.findall(r"example:(.*)->(.*)\n", prefix)
        true = [given for given, output in shown if self._answers.get(given.strip()) == output.strip()]
        space = " " if prompt.startswith("example: ") else ""
        if len(true) >= self._needed:
            return space + self._answers[prompt.removeprefix("example:").removesuffix("->").strip()]
        return shown[-1][1] if shown else space + "nothing"
