"""Loading models with `transformers`: any architecture it knows, never code that comes with a model."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from logging import ERROR, getLogger
from pathlib import Path
from struct import error as StructError
from typing import Any

import torch
from safetensors import SafetensorError

from icl_lab.core.errors import UserError
from icl_lab.kernels import accelerate_transformers
from icl_lab.language.models.causal import CausalModel, Scope
from icl_lab.language.models.expanded import expanded
from icl_lab.language.models.fingerprint import DIGITS, fingerprint
from icl_lab.language.models.hub import answers, why_not
from icl_lab.language.models.places import Place, find

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

# What `transformers` and the libraries below it raise for files that are missing, damaged or of an unknown kind.
FAILURES = (OSError, ValueError, KeyError, IndexError, ImportError, RuntimeError, SafetensorError, StructError)


class PlainTokenizer:
    """A tokenizer of `transformers` without its special tokens."""

    def __init__(self, theirs: Any) -> None:
        self.theirs = theirs

    def encode(self, text: str) -> list[int]:
        """See `Tokenizer`."""
        return list(self.theirs.encode(text, add_special_tokens=False))

    def decode(self, ids: Any) -> str:
        """See `Tokenizer`."""
        return str(self.theirs.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))


def load(name: str, *, device: str = "cpu", dtype: str = "float32") -> CausalModel:
    """Load a model by a short name (`named.py`), from a folder, a `.gguf` file, or the Hugging Face hub.

    With `HF_HUB_OFFLINE=1` the hub is not asked; where it does not answer at once, only its cache is read. Quantised
    weights are expanded once, here.

    Raises:
        UserError: It cannot be had; the message says which file is wanted and where it was looked for.
    """
    if dtype not in DTYPES:
        raise UserError(f"unknown dtype {dtype!r} of a language model: expected {' or '.join(DTYPES)}")
    place = find(name)
    _require("transformers")
    if place.gguf:
        _require("gguf")
    answered = not place.local and answers(place)
    with _quiet():
        try:
            tokenizer, network = _from_transformers(place, DTYPES[dtype], cached_only=not answered)
        except FAILURES as error:
            raise UserError(_why(name, place, error, answered=answered)) from error
    network = network.to(device).eval()
    commit = str(getattr(network.config, "_commit_hash", None) or "")[:DIGITS]  # of the hub
    plain = PlainTokenizer(tokenizer)
    return CausalModel(
        name, plain, network, beginning=_beginning(tokenizer), ends=_ends(tokenizer, network), scope=_kernels(network),
        fingerprint=fingerprint(place) if place.local else commit,
    )  # fmt: skip


def _from_transformers(place: Place, dtype: torch.dtype, *, cached_only: bool) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = place.source
    if place.gguf:
        folder = expanded(Path(source) / place.gguf, partial(_expand, place)) if place.local else None
        if folder is None:
            return _from_gguf(place, dtype, cached_only=cached_only)
        source = str(folder)
    given: dict[str, Any] = {"trust_remote_code": False, "local_files_only": cached_only}
    tokenizer = AutoTokenizer.from_pretrained(source, **given)
    return tokenizer, AutoModelForCausalLM.from_pretrained(source, dtype=dtype, **given)


def _from_gguf(place: Place, dtype: torch.dtype, *, cached_only: bool = True) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    given: dict[str, Any] = {"gguf_file": place.gguf, "trust_remote_code": False, "local_files_only": cached_only}
    with redirect_stderr(StringIO()):  # a progress bar that nothing switches off
        given["config"] = AutoConfig.from_pretrained(place.source, **given)
        tokenizer = AutoTokenizer.from_pretrained(place.source, **given)
        network = AutoModelForCausalLM.from_pretrained(place.source, dtype=dtype, **given)
    return tokenizer, network


def _expand(place: Place, folder: Path) -> None:
    """Write a GGUF file as a plain checkpoint."""
    tokenizer, network = _from_gguf(place, torch.float32)
    network.hf_quantizer = None  # else it would be saved as quantised, which it no longer is
    del network.config.quantization_config
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise UserError(
            f'language models need {package}: `make language` (in a checkout) or `pip install "icl-lab[language]"`'
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Neither progress bars nor warnings of `transformers` and the hub; all are as before afterwards."""
    logging: Any = import_module("transformers.utils.logging")
    hub = getLogger("huggingface_hub")
    verbosity, bars, level = logging.get_verbosity(), logging.is_progress_bar_enabled(), hub.level
    logging.set_verbosity_error()
    hub.setLevel(ERROR)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        hub.setLevel(level)
        if bars:
            logging.enable_progress_bar()


def _why(name: str, place: Place, error: Exception, *, answered: bool) -> str:
    """One line about what is missing."""
    said = " ".join(str(error).split())
    if "trust_remote_code" in said:
        return f"{name} needs code that comes with it, which is never executed: take a model that transformers knows"
    if place.local:
        return f"{name} cannot be loaded from {place.source}: {said[:200]}"
    return why_not(name, place, said, answered=answered)


def _beginning(tokenizer: Any) -> list[int]:
    """Ids that the tokenizer itself puts before a text, such as the beginning-of-sequence token."""
    with_them = list(tokenizer("a")["input_ids"])
    plain = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    for at in range(len(with_them) - len(plain) + 1):
        if with_them[at : at + len(plain)] == plain:
            return with_them[:at]
    return []


def _ends(tokenizer: Any, network: Any) -> list[int]:
    settings = getattr(network, "generation_config", None)
    found = getattr(settings, "eos_token_id", None)
    ends = found if isinstance(found, list) else [found]
    return [end for end in {*ends, tokenizer.eos_token_id} if end is not None]


def _kernels(network: Any) -> Scope:
    """Our kernels for Hugging Face's Mamba on a CPU, where they can stand in for its own."""
    if network.device.type != "cpu" or network.config.model_type not in ("mamba", "falcon_mamba"):
        return nullcontext

    def scope() -> AbstractContextManager[Any]:
        try:
            return accelerate_transformers()
        except UserError:
            return nullcontext()  # another version of transformers: slower, the same answers; `icl doctor` says so

    return scope
