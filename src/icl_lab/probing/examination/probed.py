"""Probes on every block, as rows.

    probe_ridge, probe_network             R^2 on held-out functions, `about` the target; of a block
    shuffled_ridge, shuffled_network       the same for shuffled targets: what a probe makes of chance
    embedding_ridge, embedding_network     the same for what block 0 reads at the query: what no block has to find
    untrained_ridge, untrained_network     the first two again, for the same network with fresh weights
    probe_bits, untrained_bits             bits a number that the linear probe's code saves

A probe that does as well on fresh weights as on trained ones reads what the prompt itself has, mixed at random, and
says nothing of what was learned.

Values are means over seeds, the ends of intervals the smallest and the largest seed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from icl_lab.core.records import Record
from icl_lab.models.network import Network
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.telling import Told, nobody
from icl_lab.probing.layers import embedded_at_queries, streams_at_queries
from icl_lab.probing.probes.measure import KINDS, probe
from icl_lab.probing.probes.targets import Target, usual_targets
from icl_lab.probing.questions import ask
from icl_lab.tasks.parts.objectives import SquaredError

QUERIES = 2
"""Queries of a function: what is the same for both cannot be told from the query."""


def probe_rows(
    network: Network,
    subject: Subject,
    spec: ProbeSpec,
    targets: Mapping[str, Target] | None = None,
    told: Told = nobody,
) -> Iterator[Record]:
    """Rows on probes after as many examples as training prompts hold.

    Args:
        network: On the CPU, in evaluation mode.
        subject: What it is.
        spec: How closely it is looked at.
        targets: What is looked for; the usual targets by default.
        told: How far it has come, from 0 to 1.
    """
    shown = spec.shown_on(subject.task.length)[-1]
    questions = ask(
        subject.task, shown=shown, queries=QUERIES, functions=spec.probed, stream=spec.stream("probed functions")
    )
    if targets is None:
        known = usual_targets(questions.xs.shape[2])
        linear = isinstance(subject.task.objective, SquaredError)
        targets = known if linear else {name: known[name] for name in ("label", "query")}
    values = {name: target(questions, shown) for name, target in targets.items()}
    ((_, stream),) = streams_at_queries(network, questions, [shown])
    for one in probe(embedded_at_queries(network, questions, shown)[None], values, seed=spec.seed, seeds=spec.seeds):
        about: dict[str, Any] = {"shown": shown, "about": one.target, "num": spec.probed}
        yield subject.row(f"embedding_{one.kind}", _over_seeds(one.explained), **about)
    ((_, fresh),) = streams_at_queries(untrained(network, spec), questions, [shown])
    whole = 2 * len(stream) * len(values) * len(KINDS)
    for place, (who, one) in enumerate(
        (who, one)
        for who, activations in (("probe", stream), ("untrained", fresh))
        for one in probe(activations, values, seed=spec.seed, seeds=spec.seeds)
    ):
        about = {"shown": shown, "block": one.block, "about": one.target, "num": spec.probed}
        yield subject.row(f"{who}_{one.kind}", _over_seeds(one.explained), **about)
        if who == "probe":
            yield subject.row(f"shuffled_{one.kind}", _over_seeds(one.shuffled), **about)
        if not np.isnan(one.bits).all():
            yield subject.row(f"{who}_bits", _over_seeds(one.bits), **about)
        told((place + 1) / whole)


def untrained(network: Network, spec: ProbeSpec) -> Network:
    """The same architecture with fresh weights, from a stream of the probe's own, in evaluation mode."""
    generator = spec.stream("untrained").child("weights").torch_generator()
    fresh = Network(network.spec, generator, label=network.label)
    return fresh.to(next(network.parameters())).eval()


def _over_seeds(values: Float[np.ndarray, " seeds"]) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())
