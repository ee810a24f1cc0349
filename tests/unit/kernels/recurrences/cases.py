"""Inputs of the recurrences, each under the name of what it is."""

import torch
from torch import Tensor

from icl_lab.kernels import recurrences

Tensors = dict[str, Tensor]
BATCH, HEADS, D_KEY, D_VALUE = 2, 3, 4, 5
LENGTHS = (1, 2, 5, 63, 64, 65, 300)
OPERATIONS = {
    "one decay a head": "linear_recurrence",
    "one decay a channel": "linear_recurrence",
    "one decay a head, bonus": "linear_recurrence",
    "one decay a channel, bonus": "linear_recurrence",
    "delta rule": "delta_rule",
    "delta rule, one decay a head": "delta_rule",
    "delta rule, one decay a channel": "delta_rule",
    "rank one, one decay a head": "rank_one_recurrence",
    "rank one, one decay a channel": "rank_one_recurrence",
}
STEPS = {operation: getattr(recurrences, f"{operation}_step") for operation in set(OPERATIONS.values())}


def inputs(
    case: str,
    num_tokens: int,
    *,
    batch: int = BATCH,
    initial: bool = True,
    strongest: float = 2.0,
    d_key: int = D_KEY,
    d_value: int = D_VALUE,
) -> Tensors:
    """Keys of length 1, rates up to 2, logarithms of decays down to -`strongest`; in float64."""
    generator = torch.Generator().manual_seed(num_tokens)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    rows = (batch, HEADS, num_tokens)
    k = torch.nn.functional.normalize(normal(*rows, d_key), dim=-1)
    given = {"q": normal(*rows, d_key), "k": k, "v": normal(*rows, d_value)}
    if OPERATIONS[case] == "delta_rule":
        given["rate"] = 2 * uniform(*rows)
    if OPERATIONS[case] == "rank_one_recurrence":
        # RWKV-7's: what is removed points along what is read.
        given |= {"left": -k, "right": k * uniform(*rows, d_key)}
    if "a channel" in case:
        given["log_decay"] = -strongest * uniform(*rows, d_key)
    elif "a head" in case:
        given["log_decay"] = -strongest * uniform(*rows)
    if "bonus" in case:
        given["bonus"] = normal(HEADS, d_key)
    if initial:
        given["initial_state"] = normal(batch, HEADS, d_key, d_value)
    return given
