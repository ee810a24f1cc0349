"""Hugging Face's Mamba with and without our kernels: `python benchmarks/transformers_models.py [--only forward]`.

The shape is that of the model with 130 million parameters; that one has 24 layers (`--layers 24`), by default there are
fewer: all layers cost the same. The weights are random, drawn as those of the released models were at the start of
their training: with the default of `transformers`, five times as large, 24 layers amplify a rounding 10,000 times.
"""

from collections.abc import Callable

import torch
from measure import Timing, argument_parser, finish, interleave, settle, show
from transformers import MambaConfig, MambaForCausalLM
from transformers.utils import logging

from icl_lab.kernels import accelerate_transformers

Call = Callable[[], object]
D_MODEL, VOCABULARY, NUM_TOKENS, NEW_TOKENS = 768, 50_280, 512, 32


def model(layers: int) -> MambaForCausalLM:
    """Random weights."""
    config = MambaConfig(
        vocab_size=VOCABULARY,
        hidden_size=D_MODEL,
        num_hidden_layers=layers,
        initializer_range=0.02,
        rescale_prenorm_residual=True,
    )
    config.pad_token_id = config.eos_token_id
    return MambaForCausalLM(config)


def accelerated(call: Call) -> Call:
    """The same call on our kernels."""

    def ours() -> object:
        with accelerate_transformers():
            return call()

    return ours


def difference(network: MambaForCausalLM) -> float:
    """The largest difference between the two logits of all positions of a prompt."""
    tokens = prompt()

    def logits() -> torch.Tensor:
        with torch.no_grad():
            return network(tokens, use_cache=False).logits

    with accelerate_transformers():
        ours = logits()
    return float((ours - logits()).abs().max())


def prompt() -> torch.Tensor:
    """Random tokens."""
    return torch.randint(VOCABULARY, (1, NUM_TOKENS), generator=torch.Generator().manual_seed(0))


def calls(network: MambaForCausalLM) -> dict[str, Call]:
    """What people do with a language model; only the backbone, whose cost is the one that differs, and `generate`."""
    tokens = prompt()
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
    parser = argument_parser(__doc__ or "")
    parser.add_argument("--only", default="", help="run the sections whose name contains this")
    parser.add_argument("--layers", type=int, default=2, help="layers of the model")
    chosen = settle(parser)
    logging.set_verbosity_error()
    network = model(chosen.layers).eval()
    print(f"largest difference of a logit: {difference(network):.1e}")
    timings: list[Timing] = []
    for what, call in calls(network).items():
        if chosen.only in what:
            rivals = {"with our kernels": accelerated(call), "without": call}
            name = f"{chosen.layers} layers, {what}"
            timings += interleave(name, rivals, rounds=chosen.rounds, patience=chosen.patience)
    show(timings)
    finish(timings, {}, chosen.json)


if __name__ == "__main__":
    main()
