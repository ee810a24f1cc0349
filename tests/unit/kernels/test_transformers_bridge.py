"""Hugging Face's Mamba models answer alike on our kernels and on their own, and nothing stays behind."""

import contextlib
import functools
import sys
from importlib.metadata import PackageNotFoundError

import pytest
import torch
from transformers import FalconMambaConfig, FalconMambaForCausalLM, MambaConfig, MambaForCausalLM
from transformers.models.falcon_mamba import modeling_falcon_mamba
from transformers.models.mamba import modeling_mamba
from transformers.utils import logging

from icl_lab.core.errors import UserError
from icl_lab.kernels import accelerate_transformers, transformers_bridge
from tests.unit.kernels.problems import assert_close

MODELS = {"mamba": (MambaConfig, MambaForCausalLM), "falcon mamba": (FalconMambaConfig, FalconMambaForCausalLM)}
NAMES = tuple(transformers_bridge.REPLACEMENTS)
# float32: some roundings of 6e-8 a layer. float64: theirs computes A, B and u in float32 all the same. bf16: roundings
# of 4e-3 at different places, up to twenty of them on the way to the gradients of the first layer.
TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-6, torch.bfloat16: 8e-2}
TOKENS = torch.randint(50, (3, 13), generator=torch.Generator().manual_seed(1))
# Rows start with 0, 4 and 12 tokens of padding.
MASK = (torch.arange(13) >= torch.tensor([[0], [4], [12]])).long()


@pytest.fixture(autouse=True)
def _quiet_and_seeded():
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    logging.set_verbosity(verbosity)


def build(name, dtype, **settings):
    config, model = MODELS[name]
    given = {"vocab_size": 50, "hidden_size": 24, "state_size": 8, "num_hidden_layers": 2, "pad_token_id": 0}
    network = model(config(**given | settings)).to(dtype).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            # Biases that are not zero, so that padding would be seen.
            parameter.add_(0.05 * torch.randn(parameter.shape))
    return network


def training(network, mask):
    network.zero_grad(set_to_none=True)
    out = network(TOKENS, attention_mask=mask, labels=TOKENS, use_cache=False)
    out.loss.backward()
    gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
    return {"logits": out.logits.detach()} | {name: grad for name, grad in gradients.items() if grad is not None}


def decoding(network, mask):
    """A prompt, then tokens one by one: logits and the cache."""
    with torch.no_grad():
        out = network(TOKENS, attention_mask=mask, use_cache=True)
        found = {"prompt": out.logits}
        for at in range(3):
            out = network(TOKENS[:, at : at + 1], cache_params=out.cache_params, use_cache=True)
            found[f"token {at}"] = out.logits
    for at, layer in enumerate(out.cache_params.layers):
        found |= {f"inputs {at}": layer.conv_states[0], f"state {at}": layer.recurrent_states[0]}
    return {name: x.clone() for name, x in found.items()}


@contextlib.contextmanager
def without_theirs(monkeypatch):
    """As accelerated; fails where one of their slow functions is called."""
    with monkeypatch.context() as patch:
        for module in (modeling_mamba, modeling_falcon_mamba):
            for name in NAMES:
                patch.setattr(module, name, slow(getattr(module, name)))
        with accelerate_transformers():
            yield


def slow(function):
    @functools.wraps(function)
    def called(*_, **__):
        raise AssertionError(f"{function.__name__} of transformers was called")

    return called


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "padded"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_logits_and_gradients(name, dtype, mask, mode, monkeypatch):
    network = getattr(build(name, dtype), mode)()
    expected = training(network, mask)
    with without_theirs(monkeypatch):
        found = training(network, mask)
    assert_close(found, expected, TOLERANCES[dtype])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "padded"])
def test_decoding_with_a_cache(name, dtype, mask, monkeypatch):
    network = build(name, dtype)
    expected = decoding(network, mask)
    with without_theirs(monkeypatch):
        found = decoding(network, mask)
    assert {name: x.dtype for name, x in found.items()} == {name: x.dtype for name, x in expected.items()}
    assert_close(found, expected, TOLERANCES[dtype])


@pytest.mark.parametrize("options", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
def test_generate(options, monkeypatch):
    network = build("mamba", torch.float32)
    given = {"attention_mask": MASK, "max_new_tokens": 10, "do_sample": False} | options
    expected = network.generate(TOKENS, **given)
    with without_theirs(monkeypatch):
        found = network.generate(TOKENS, **given)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("settings", [{"hidden_act": "gelu"}, {"conv_kernel": 9}, {"use_conv_bias": False}])
def test_what_our_kernels_do_not_cover_goes_to_theirs(settings):
    network = build("mamba", torch.float32, **settings)
    expected = decoding(network, None) | training(network, None)
    with accelerate_transformers():
        found = decoding(network, None) | training(network, None)
    assert_close(found, expected, TOLERANCES[torch.float32])


def test_under_autocast():
    network = build("mamba", torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        expected = training(network, MASK)
        with accelerate_transformers():
            found = training(network, MASK)
    assert_close(found, expected, TOLERANCES[torch.bfloat16])


def functions():
    return [getattr(module, name) for module in (modeling_mamba, modeling_falcon_mamba) for name in NAMES]


def test_nothing_stays_behind():
    before = functions()
    with accelerate_transformers():
        assert not set(functions()) & set(before)
    assert functions() == before
    with pytest.raises(ZeroDivisionError), accelerate_transformers():
        _ = 1 / 0
    assert functions() == before


def test_accelerations_may_be_nested_and_overlap():
    before = functions()
    with accelerate_transformers() as outer:
        accelerated = functions()
        inner = accelerate_transformers()
        assert functions() == accelerated
        outer.restore()
        assert functions() == accelerated
        inner.restore()
        assert functions() == before
        inner.restore()
    assert functions() == before


def test_as_a_plain_function():
    before = functions()
    acceleration = accelerate_transformers()
    assert not set(functions()) & set(before)
    acceleration.restore()
    assert functions() == before


def test_who_replaced_ours_keeps_the_last_word():
    def newer():
        """Somebody else's."""

    before = modeling_mamba.mamba_selective_scan
    with accelerate_transformers():
        modeling_mamba.mamba_selective_scan = newer
    assert modeling_mamba.mamba_selective_scan is newer
    modeling_mamba.mamba_selective_scan = before


def test_a_missing_package_is_told(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(transformers_bridge, "version", missing)
    with pytest.raises(UserError, match="needs transformers 5: pip install transformers"):
        accelerate_transformers()


def test_another_version_is_told_and_nothing_is_replaced(monkeypatch):
    before = functions()
    with monkeypatch.context() as patch:
        patch.delattr(modeling_falcon_mamba, "mamba_selective_scan")
        with pytest.raises(UserError, match=r"transformers 5\S* computes Mamba in a way that is not known here"):
            accelerate_transformers()
        with monkeypatch.context() as inner:
            inner.setitem(sys.modules, "transformers.models.mamba.modeling_mamba", None)
            with pytest.raises(UserError, match="has no Mamba that can be accelerated"):
                accelerate_transformers()
    assert functions() == before
