"""What few-shot evaluation asks of a language model, whatever it is made of."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """Text to token ids and back."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special tokens."""
        ...

    def decode(self, ids: list[int]) -> str:
        """The text of ids."""
        ...


@runtime_checkable
class LanguageModel(Protocol):
    """A pretrained model that continues text. Equal questions get equal answers; prompts are never padded on the left."""

    name: str

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's own."""
        ...

    def next_tokens(self, prompts: Sequence[str], *, prefix: str = "") -> list[int]:
        """The likeliest next token after `prefix + prompt`, for each prompt."""
        ...

    def generate(self, prompts: Sequence[str], *, prefix: str = "", max_tokens: int) -> list[str]:
        """The text of the likeliest tokens after `prefix + prompt`, one after another, for each prompt."""
        ...
