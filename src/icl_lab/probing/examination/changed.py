"""Interventions and hidden attention, as rows.

Rows of interventions are named as `interventions/` says; beside them are those of

hidden_attention       share of the example with index `shown` in what a block reads at the last question, or,
without a block, in the answer
"""

from collections.abc import Iterator
from contextlib import suppress

import torch

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.models.network import Network
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.hidden_attention.weights import hidden_attention
from icl_lab.probing.interventions import ablation_effects, parts, patching_effects, task_vector_effects

PATCHED = 32
"""Prompts that activations are patched in: there is a run of the network for every activation and example."""
READ = 4
"""Prompts that hidden attention is averaged over."""
LONGEST = 64
"""Tokens of the longest prompts of which every example is patched."""


def changed_rows(network: Network, subject: Subject, spec: ProbeSpec) -> Iterator[Record]:
    """Rows on ablation, task vectors, patching and hidden attention.

    Args:
        network: On the CPU, in evaluation mode.
        subject: What it is.
        spec: How closely it is looked at.
    """
    task, seed = subject.task, spec.seed

    def drawn(step: int, batch: int) -> PromptBatch:
        return task.asked(task.sample(spec.stream("prompts"), step, batch))

    prompts, others = drawn(0, spec.prompts), drawn(1, spec.prompts)
    chosen = parts(network, ("everything", "block"))
    yield from ablation_effects(network, task, prompts, others, ablate=chosen, seed=seed).records(
        subject.run, subject.seed
    )
    with suppress(UserError):  # where nothing comes before the question
        yield from task_vector_effects(network, task, prompts, seed=seed).records(subject.run, subject.seed)
    few = prompts.rows(slice(0, min(PATCHED, spec.prompts)))
    if few.tokens.shape[1] <= 2 * LONGEST and few.branches is None:
        yield from patching_effects(network, task, few, seed=seed).records(subject.run, subject.seed)
    if few.branches is None:
        yield from _attention_rows(network, few.rows(slice(0, READ)), subject)


def _attention_rows(network: Network, prompts: PromptBatch, subject: Subject) -> Iterator[Record]:
    found = hidden_attention(network, prompts)
    for block, shares in [*((one.block, one.examples) for one in found.blocks), (None, found.answers)]:
        for example, share in enumerate(torch.as_tensor(shares[-1]).tolist()):
            yield subject.row("hidden_attention", share, num=prompts.batch, shown=example, block=block)
