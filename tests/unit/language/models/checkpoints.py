"""Tiny random checkpoints of several architectures, with a byte-level tokenizer that knows some merges."""

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

TEXT = ["France->Paris", "Germany->Berlin", "Spain->Madrid", "a->b", "\n\n", "north->south", "low->lower->lowest"]
ATTENTION = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
RECURRENT = {"hidden_size": 32, "num_hidden_layers": 2}
# Architecture -> what its configuration needs to be tiny.
SETTINGS = {
    "Mamba": RECURRENT | {"state_size": 8},
    "FalconMamba": RECURRENT | {"state_size": 8},
    "Mamba2": RECURRENT | {"state_size": 8, "num_heads": 8, "head_dim": 8, "n_groups": 1, "chunk_size": 4},
    "Rwkv": RECURRENT | {"attention_hidden_size": 32, "intermediate_size": 48, "context_length": 128},
    "GPTNeoX": ATTENTION,
    "Llama": ATTENTION | {"num_key_value_heads": 1},
    "GPTJ": {"n_embd": 32, "n_layer": 2, "n_head": 2, "rotary_dim": 8, "n_positions": 128},
    "Bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 2},
    "Gemma3": ATTENTION | {"num_key_value_heads": 1, "head_dim": 16, "sliding_window": 6},
    "Jamba": ATTENTION
    | {"num_key_value_heads": 1, "num_experts": 2, "attn_layer_period": 2, "attn_layer_offset": 1, "mamba_d_state": 8},
}
RECURRENT_NAMES = ("Mamba", "FalconMamba", "Mamba2", "Rwkv", "Jamba")


def tokenizer(beginning=None):
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    theirs.decoder = decoders.ByteLevel()
    specials = ["<end>", *([beginning] if beginning else [])]
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=specials,
        show_progress=False,
    )
    theirs.train_from_iterator(TEXT, trainer)
    if beginning:
        from tokenizers.processors import TemplateProcessing

        ids = [(beginning, theirs.token_to_id(beginning))]
        theirs.post_processor = TemplateProcessing(single=f"{beginning} $A", special_tokens=ids)
    return PreTrainedTokenizerFast(tokenizer_object=theirs, eos_token="<end>", bos_token=beginning)


def network(name, seed=0, **settings):
    """Random weights, large enough that different prompts get different answers."""
    label = "Gemma3Text" if name == "Gemma3" else name
    config = getattr(transformers, f"{label}Config")(
        vocab_size=320, pad_token_id=0, eos_token_id=0, bos_token_id=0, **SETTINGS[name] | settings
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = getattr(transformers, f"{name}ForCausalLM")(config).eval()
        with torch.no_grad():
            for parameter in made.parameters():
                if parameter.ndim > 1 and "A_log" not in str(parameter):
                    parameter.add_(0.15 * torch.randn(parameter.shape))
    return made


def save(folder, name, beginning=None, **settings):
    """A folder as `save_pretrained` writes it."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        network(name, **settings).save_pretrained(folder)
        tokenizer(beginning).save_pretrained(folder)
    finally:
        logging.enable_progress_bar()
        logging.set_verbosity(verbosity)
    return folder
