"""Task vectors: what a prompt's demonstrations leave at its last token, put into a prompt that shows none.

Hendel, Geva & Globerson 2023 (arXiv 2310.15916), section 3: the hidden state at the separator `->` after a few
demonstrations and a dummy query replaces, in one layer, the one at the separator of a zero-shot prompt; the accuracy of
the answers says in which layer the task is held. Two things can be put in:

* `residual`: what the layer's block hands on (their method; any architecture);
* `state`: what a recurrent layer remembers from before the separator. Its short memory (the last inputs of a
  convolution, the last token of RWKV) stays that of the zero-shot prompt.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.models.states import State

Kind = Literal["residual", "state"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One zero-shot prompt, and where its task is shown.

    Args:
        shown: Demonstrations and a dummy query, up to and with the separator.
        asked: The query and the separator alone, as the model is asked without demonstrations. Nothing is put in front:
            the first token, on which attention is said to leave its surplus, is the word that the published template
            begins with (`example:`), but with other templates, in a model that puts nothing before a prompt, the query.
        answer: Text of the right answer.
        before: The demonstrations alone, as they stand before the query in an ordinary prompt.
    """

    shown: str
    asked: str
    answer: str
    before: str = ""


@dataclass(frozen=True, kw_only=True)
class LayerAccuracy:
    """How often the right token came when one layer was told the task.

    Args:
        layer: Counted from 0, the first block.
        kind: What was put in.
        correct: Questions whose most probable token was the first of the answer.
        asked: All questions.
    """

    layer: int
    kind: Kind
    correct: int
    asked: int

    @property
    def accuracy(self) -> float:
        """The fraction that was right."""
        return self.correct / self.asked


def task_vector_accuracy(
    model: CausalModel, questions: Sequence[Question], *, kind: Kind = "residual"
) -> list[LayerAccuracy]:
    """Ask every question once a layer, that layer patched; a row a layer.

    Questions with the same `shown` share one task vector, which is computed once.

    Raises:
        UserError: The model has no state to put in.
    """
    correct: Counter[int] = Counter()
    for shown in dict.fromkeys(question.shown for question in questions):
        held = _HOLD[kind](model, shown)
        for question in (question for question in questions if question.shown == shown):
            right = first_token(model, question.asked, question.answer)
            layers, logits = _ASK[kind](model, held, question.asked)
            correct.update(
                layer for layer, token in zip(layers, logits.argmax(dim=1).tolist(), strict=True) if token == right
            )
    if not questions:
        return []
    return [LayerAccuracy(layer=layer, kind=kind, correct=correct[layer], asked=len(questions)) for layer in layers]


def prompted_right(model: CausalModel, questions: Sequence[Question], *, demonstrations: bool) -> int:
    """How many questions get the right first token with nothing patched: after the demonstrations, or without any."""
    right = 0
    for before in dict.fromkeys(question.before for question in questions):
        prefix = before if demonstrations else ""
        chosen = [question for question in questions if question.before == before]
        tokens = model.next_tokens([question.asked for question in chosen], prefix=prefix)
        right += sum(
            token == first_token(model, prefix + question.asked, question.answer)
            for token, question in zip(tokens, chosen, strict=True)
        )
    return right


def patched_logits(
    model: CausalModel, shown: str, asked: str, *, kind: Kind = "residual"
) -> tuple[list[int], Float[Tensor, "layers vocabulary"]]:
    """The layers that can be patched, and the scores after `asked` when each has what it had at the end of `shown`."""
    return _ASK[kind](model, _HOLD[kind](model, shown), asked)


def first_token(model: CausalModel, prompt: str, answer: str) -> int:
    """The first token of `answer` after `prompt`, as both are tokenised together."""
    before, whole = model.encode_prompt(prompt), model.encode_prompt(prompt + answer)
    same = next((at for at, pair in enumerate(zip(before, whole, strict=False)) if pair[0] != pair[1]), len(before))
    return whole[same]


def _residuals(model: CausalModel, shown: str) -> list[Tensor]:
    """What each block hands on at the last token: tensors (d_model,)."""
    found: list[Tensor] = []

    def keep(_layer: int, hidden: Tensor) -> None:
        found.append(hidden[0, -1].clone())

    with _at_blocks(model, keep):
        model.read([model.encode_prompt(shown)])
    return found


def _ask_residuals(model: CausalModel, residuals: list[Tensor], asked: str) -> tuple[list[int], Tensor]:
    """One batch: row i is the prompt with block i patched."""

    def put(layer: int, hidden: Tensor) -> None:
        hidden[layer, -1] = residuals[layer]

    with _at_blocks(model, put):
        logits, _ = model.read([_tokens(model, asked)] * len(residuals))
    return list(range(len(residuals))), logits


@contextmanager
def _at_blocks(model: CausalModel, act: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Call `act(layer, hidden)` on what every block hands on, of shape (batch, num_tokens, d_model); it may write."""

    def hook(layer: int) -> Callable[..., None]:
        def called(_block: Any, _inputs: Any, output: Any) -> None:
            act(layer, output if isinstance(output, Tensor) else output[0])

        return called

    handles = [block.register_forward_hook(hook(layer)) for layer, block in enumerate(model.blocks())]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _state_before_last(model: CausalModel, text: str) -> State:
    """What the model carries when it comes to the last token of a prompt."""
    _, state = model.read([_tokens(model, text)[:-1]])
    if state is None or not state.recurrent:
        raise UserError(f"{model.name} carries no recurrent state: kind='residual' works for every architecture")
    return state


def _ask_states(model: CausalModel, shown: State, asked: str) -> tuple[list[int], Tensor]:
    """One batch: row i is the prompt whose i-th recurrent layer remembers what was shown."""
    own = _state_before_last(model, asked)
    layers = own.recurrent_layers()
    patched = own.branch(len(layers))
    for row, layer in enumerate(layers):
        for into, source in zip(patched.memories(layer), shown.memories(layer), strict=True):
            into[row] = source[0]
    logits, _ = model.read([_tokens(model, asked)[-1:]] * len(layers), patched)
    return layers, logits


def _tokens(model: CausalModel, text: str) -> list[int]:
    ids = model.encode_prompt(text)
    if len(ids) < 2:
        raise ValueError(f"a prompt of at least two tokens is expected: a query and a separator, got {text!r}")
    return ids


_HOLD: dict[Kind, Callable[[CausalModel, str], Any]] = {"residual": _residuals, "state": _state_before_last}
_ASK: dict[Kind, Callable[[CausalModel, Any, str], tuple[list[int], Tensor]]] = {
    "residual": _ask_residuals,
    "state": _ask_states,
}
