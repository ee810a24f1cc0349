"""Extrapolation: prompts with more examples than in training.

Models without positions read prompts of any length; one with learned positions has none for the tokens beyond those it
was built for. That is a finding about the model, not a failure of the comparison, and is reported as such.
"""

from collections.abc import Sequence

from torch import nn

from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.evaluation.curves import (
    NUM_PROMPTS,
    Curves,
    Device,
    Errors,
    check_names,
    evaluate,
    evaluation_prompts,
    zero_errors,
)
from icl_lab.tasks.base import Task


def extrapolation_curve(
    predictors: Sequence[Predictor],
    task: Task,
    length: int,
    num_prompts: int = NUM_PROMPTS,
    seed: int = 0,
    *,
    seeds: Sequence[int] | None = None,
    batch: int = 64,
    device: Device = None,
) -> Curves:
    """Learning curves on prompts of `length` examples, for predictors trained on `task.length`.

    Arguments are those of `learning_curve`. The result's `shift` is `"length=<length>"`, and its `refused` holds the
    models that cannot read such prompts, with the reason they gave.

    Raises:
        UserError: `length` is not longer than in training, or no predictor can read such prompts.
    """
    if length <= task.length:
        raise UserError(f"extrapolation: expected a length above the {task.length} of training, got {length}")
    trained = check_names(predictors, seeds)
    longer = task.replace(length=length)
    stream = evaluation_prompts(seed)
    answered: list[Errors] = []
    refused: dict[str, str] = {}
    for predictor, seed_ in zip(predictors, trained, strict=True):
        try:
            answered.append(
                evaluate(
                    predictor, longer, num_prompts=num_prompts, stream=stream, batch=batch, device=device, seed=seed_
                )
            )
        except UserError as refusal:
            if not isinstance(predictor, nn.Module):
                raise
            refused[predictor.label] = str(refusal)
    if not answered:
        raise UserError(
            f"extrapolation: no predictor can read {length} examples: {next(iter(refused.values()), 'none given')}"
        )
    zero = zero_errors(longer, num_prompts=num_prompts, stream=stream, batch=batch)
    shift = f"length={length}"
    return Curves(task=longer, seed=seed, errors=tuple(answered), zero=zero, shift=shift, refused=refused)
