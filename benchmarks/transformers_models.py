"""Hugging Face's Mamba with and without our kernels: `python benchmarks/transformers_models.py [--only forward]`.

The shape is that of the model with 130 million parameters, its weights are random, and there are fewer layers by
default: all layers cost the same.
"""

from collections.abc import Callable

import torch
from measure import Timing, arguments, finish, interleave, show
from transformers import MambaConfig, MambaForCausalLM
from transformers.utils import logging

from icl_lab.kernels import accelerate_transformers

Call = Callable[[], object]
LAYERS, D_MODEL, VOCABULARY, NUM_TOKENS, NEW_TOKENS = 2, 768, 50_280, 512, 32


def model(layers: int) -> MambaForCausalLM:
    """Random weights."""
    config = MambaConfig(vocab_size=VOCABULARY, hidden_size=D_MODEL, num_hidden_layers=layers)
    config.pad_token_id = config.eos_token_id
    return MambaForCausalLM(config)


def accelerated(call: Call) -> Call:
    """The same call on our kernels."""

    def ours() -> object:
        with accelerate_transformers():
            return call()

    return ours


def calls(network: MambaForCausalLM) -> dict[str, Call]:
    """What people do with a language model; only the backbone, whose cost is the one that differs, and `generate`."""
    tokens = torch.randint(VOCABULARY, (1, NUM_TOKENS), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(tokens)

    def forward() -> object:
        with torch.no_grad():
            return network(tokens, use_cache=False, logits_to_keep=1)

    def training() -> object:
        network.zero_grad(set_to_none=True)
        return network(tokens, use_cache=False, logits_to_keep=1).logits.square().mean().backward()

    def generate() -> object:
        return network.generate(tokens, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False)

    return {
        f"forward, {NUM_TOKENS} tokens": forward,
        f"forward + backward, {NUM_TOKENS} tokens": training,
        f"prompt of {NUM_TOKENS}, then {NEW_TOKENS} new tokens": generate,
    }


def main() -> None:
    """Run, print, and write."""
    chosen = arguments(__doc__ or "")
    logging.set_verbosity_error()
    network = model(LAYERS).eval()
    timings: list[Timing] = []
    for what, call in calls(network).items():
        if chosen.only in what:
            rivals = {"with our kernels": accelerated(call), "without": call}
            name = f"{LAYERS} layers, {what}"
            timings += interleave(name, rivals, rounds=chosen.rounds, patience=chosen.patience)
    show(timings)
    finish(timings, {}, chosen.json)


if __name__ == "__main__":
    main()
