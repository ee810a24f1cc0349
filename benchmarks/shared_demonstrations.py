"""What queries that share demonstrations cost: `python benchmarks/shared_demonstrations.py [--json FILE]`.

A pretrained model, 16 demonstrations of capitals, one greedy token; the rival asks each query alone.
Needs `make language`.
"""

from collections.abc import Sequence

from measure import Case, arguments, finish, interleave, show

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.models import load
from icl_lab.language.prompts.templates import Template

MODEL, SHOTS = "smollm2-135m", 16
TOGETHER = (100, 20, 5, 1)


def main() -> None:
    """Milliseconds a query, by how many are asked in a call."""
    options = arguments(__doc__)
    model, template = load(MODEL), Template()
    pairs = LANGUAGE_TASKS.get("country_capital")().pairs()
    shown, asked = pairs[:SHOTS], pairs[SHOTS : SHOTS + max(TOGETHER)]
    before = template.demonstrations(shown, spaced=False)
    # A prefix is kept from one call to the next: another one in between, so that each call reads it anew.
    other = template.demonstrations(shown[::-1], spaced=False)

    def ask(queries: Sequence[str]) -> Case:
        def call() -> None:
            model.next_tokens(queries[:1], prefix=other)
            model.next_tokens(queries, prefix=before)

        return call

    queries = [template.query(pair.input, spaced=False) for pair in asked]
    cases = {f"{count} together": ask(queries[:count]) for count in TOGETHER}
    timings = interleave("queries in a call", cases, rounds=options.rounds, patience=options.patience)
    show(timings)
    # Each call asks one query more, after the other demonstrations.
    alone = timings[-1].seconds / 2
    each = {f"{count} together, ms a query": 1000 * (one.seconds - alone) / count
            for count, one in zip(TOGETHER, timings, strict=True)}  # fmt: skip
    finish(timings, each, options.json)


if __name__ == "__main__":
    main()
