"""Asks a model one task: every number of demonstrations, one kind of labels, one seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from icl_lab.language.asking.scoring import cut, is_right
from icl_lab.language.base import LanguageTask, Pair
from icl_lab.language.models.base import LanguageModel
from icl_lab.language.prompts.draws import Labels, QuerySet, draw_sets, most_demonstrations
from icl_lab.language.prompts.filter import Usable
from icl_lab.language.spec import FewShot, stream_of

SPARE_TOKENS = 2  # that a whole answer may be longer than the longest output


@dataclass(frozen=True)
class Answer:
    """What a model said to one query.

    Args:
        set: Number of the set of queries that share demonstrations.
        query: The input.
        wanted: The output that a demonstration would show.
        said: The answer, up to its line break.
        right: Whether it counts.
    """

    set: int
    query: str
    wanted: str
    said: str
    right: bool


def possible_shots(usable: Usable, spec: FewShot) -> tuple[int, ...]:
    """The numbers of demonstrations for which a task has enough pairs; none where it has hardly any pair."""
    most = most_demonstrations(len(usable.pairs), spec.per_set)
    return tuple(shots for shots in spec.shots if shots <= most and usable.pairs)


def ask(
    model: LanguageModel,
    task: LanguageTask,
    usable: Usable,
    spec: FewShot,
    *,
    labels: Labels,
    seed: int,
    shots: Sequence[int],
    begun: Mapping[int, Sequence[Answer]] = MappingProxyType({}),
) -> Iterator[tuple[int, list[Answer]]]:
    """Ask call by call; of each the number of demonstrations and its answers.

    At each number of demonstrations queries come in the same order, whatever was asked before.

    Args:
        model: Who is asked.
        task: What is asked.
        usable: Its pairs for this model.
        spec: How it is asked.
        labels: What demonstrations show as outputs.
        seed: Of the draws.
        shots: Numbers of demonstrations, each possible.
        begun: Answers that there are already: of the first sets, at some of these numbers.
    """
    numbered = list(enumerate(sets_of(task, usable, spec, labels, seed)))
    known = {count: {answer.set for answer in begun.get(count, ())} for count in shots}
    # Without demonstrations all queries follow the same text: none. With them, set by set, and from few to many: the
    # text before the queries then only grows, and a model goes on from what it has read.
    calls = [(0, [one for one in numbered if one[0] not in known[0]])] if 0 in known else []
    calls += [(count, [one]) for one in numbered for count in sorted(shots) if count and one[0] not in known[count]]
    for count, group in calls:
        queries = [(number, query) for number, one in group for query in one.queries]
        before = _before(group[0][1], count, usable, spec)
        texts = _answers(model, [query for _, query in queries], before, usable, spec)
        yield count, [_judged(number, query, text, task, spec)
                      for (number, query), text in zip(queries, texts, strict=True)]  # fmt: skip


def sets_of(task: LanguageTask, usable: Usable, spec: FewShot, labels: Labels, seed: int) -> list[QuerySet]:
    """The sets of queries in which a task is asked."""
    return draw_sets(task.pairs(), usable.pairs, stream_of(task, seed), spec.num_queries, spec.per_set, labels)


def are_first_sets(answers: Sequence[Answer], sets: Sequence[QuerySet]) -> bool:
    """Whether answers are those of the first sets, each of them whole."""
    queries = [[(number, query.input) for query in one.queries] for number, one in enumerate(sets)]
    first = queries[: len({answer.set for answer in answers})]
    return [(answer.set, answer.query) for answer in answers] == [query for one in first for query in one]


def example_prompt(task: LanguageTask, usable: Usable, spec: FewShot, shots: int) -> str:
    """A prompt with as many demonstrations as wanted, or as there can be."""
    one = draw_sets(task.pairs(), usable.pairs, stream_of(task, 0), 1, spec.per_set, "true")[0]
    before = _before(one, shots, usable, spec)
    return before + spec.template.query(one.queries[0].input, spaced=usable.spaced)


def _before(one: QuerySet, count: int, usable: Usable, spec: FewShot) -> str:
    return spec.template.demonstrations(one.demonstrations[:count], spaced=usable.spaced)


def _answers(model: LanguageModel, queries: list[Pair], before: str, usable: Usable, spec: FewShot) -> list[str]:
    # How every query begins is read once, with the demonstrations.
    opening = spec.template.opening
    texts = [spec.template.query(query.input, spaced=usable.spaced).removeprefix(opening) for query in queries]
    before += opening
    # The same question may come twice without demonstrations, and gets the same answer.
    unique = list(dict.fromkeys(texts))
    if spec.answers == "token":
        found = [model.tokenizer.decode([token]) for token in model.next_tokens(unique, prefix=before)]
    else:
        longest = max(len(model.tokenizer.encode(f" {pair.output}")) for pair in usable.pairs)
        found = model.generate(unique, prefix=before, max_tokens=longest + SPARE_TOKENS)
    answers = dict(zip(unique, found, strict=True))
    return [answers[text] for text in texts]


def _judged(number: int, query: Pair, text: str, task: LanguageTask, spec: FewShot) -> Answer:
    right = is_right(text, query, task.judged, whole=spec.answers == "whole")
    return Answer(number, query.input, query.output, cut(text), right)
