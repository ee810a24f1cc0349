"""A batch can be split over workers and moved in precision without becoming another batch."""

import torch

from icl_lab.core.streams import Stream
from icl_lab.tasks.linear_regression import LinearRegression


def test_rows_of_a_batch_are_the_batch_in_parts() -> None:
    prompts = LinearRegression(dim=3, length=4).sample(Stream(0), 0, 6)
    parts = [prompts.rows(slice(0, 2)), prompts.rows(slice(2, 6))]
    assert [part.batch for part in parts] == [2, 4]
    assert torch.equal(torch.cat([part.tokens for part in parts]), prompts.tokens)
    assert torch.equal(torch.cat([part.examples.ys for part in parts if part.examples]), prompts.targets)


def test_precision_changes_numbers_but_not_indices() -> None:
    prompts = LinearRegression(dim=3, length=4).sample(Stream(0), 0, 2).to(dtype=torch.float64)
    assert prompts.tokens.dtype == prompts.targets.dtype == torch.float64
    assert prompts.queries.dtype == torch.int64
    assert prompts.scored.dtype == torch.bool
