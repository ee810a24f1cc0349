"""Interventions and hidden attention, as the rows that `interventions/` and `hidden_attention/` make of them."""

from collections.abc import Iterator
from contextlib import suppress

from icl_lab.core.errors import UserError
from icl_lab.core.records import Record
from icl_lab.models.network import Network
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.telling import Told, nobody
from icl_lab.probing.hidden_attention.weights import hidden_attention
from icl_lab.probing.interventions import ablation_effects, parts, patching_effects, task_vector_effects
from icl_lab.probing.interventions.measuring import drawn

PATCHED = 64
"""Prompts that activations are patched in: there is a run of the network for every activation and example."""
READ = 4
"""Prompts that hidden attention is averaged over."""
LONGEST = 64
"""Tokens of the longest prompts of which every example is patched."""


def changed_rows(network: Network, subject: Subject, spec: ProbeSpec, told: Told = nobody) -> Iterator[Record]:
    """Rows on ablation, task vectors, patching and hidden attention.

    Args:
        network: On the CPU, in evaluation mode.
        subject: What it is.
        spec: How closely it is looked at.
        told: How far it has come, from 0 to 1.
    """
    task, seed = subject.task, spec.seed

    prompts, independent = drawn(task, spec.stream("prompts"), 0, spec.prompts)
    others, _ = drawn(task, spec.stream("prompts"), 1, spec.prompts)
    chosen = parts(network, spec.ablate)
    yield from ablation_effects(
        network, task, prompts, others, how=spec.how, ablate=chosen, seed=seed, independent=independent
    ).records(subject.run, subject.seed)
    told(0.15)
    with suppress(UserError):  # where nothing comes before the question
        yield from task_vector_effects(
            network, task, prompts, others=others, seed=seed, independent=independent
        ).records(subject.run, subject.seed)
    told(0.2)
    first = slice(0, min(PATCHED, spec.prompts))
    few = prompts.rows(first)
    if few.tokens.shape[1] <= 2 * LONGEST and few.branches is None:
        yield from patching_effects(
            network, task, few, others=others.rows(first), seed=seed, independent=independent
        ).records(subject.run, subject.seed)
    told(0.8)
    if few.branches is None:
        read = hidden_attention(network, few.rows(slice(0, READ)))
        yield from read.records(task, subject.run, subject.seed)
