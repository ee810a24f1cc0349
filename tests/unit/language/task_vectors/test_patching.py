"""Patching: with itself it changes nothing, in the last layer it gives the other prompt's answer; the rest by hand."""

import copy

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.language.models import load
from icl_lab.language.task_vectors.patching import Question, first_token, patched_logits, task_vector_accuracy
from tests.unit.language.models.checkpoints import save

SHOWN = "France->Paris\nGermany->Berlin\na->"
ASKED = "Spain->"
RECURRENT = ("Mamba", "Mamba2", "Rwkv", "Jamba")
ALL = ("Llama", "GPTNeoX", "GPTJ", "Gemma3", *RECURRENT)
LAYERS = 3
RTOL = 2e-4  # float32: other orders of the same sums, through three layers with weights of order one


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=RTOL, atol=RTOL * float(expected.abs().max()))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    made = {}

    def model(name):
        if name not in made:
            depth = {"n_layer": LAYERS} if name == "GPTJ" else {"num_hidden_layers": LAYERS}
            made[name] = load(str(save(tmp_path_factory.mktemp(name), name, **depth)))
        return made[name]

    return model


CASES = [(name, "residual") for name in ALL] + [(name, "state") for name in RECURRENT]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_patching_with_itself_changes_nothing(name, kind, models):
    model = models(name)
    for text in (SHOWN, ASKED):
        layers, logits = patched_logits(model, text, text, kind=kind)
        attention = name == "Jamba" and kind == "state"  # one of its layers has keys and values only
        assert layers == ([0, 2] if attention else [0, 1, 2])
        for row in logits:
            close(row, model.next_logits([text])[0])


@pytest.mark.parametrize("name", ALL)
def test_the_last_residual_gives_the_other_prompts_answer(name, models):
    model = models(name)
    theirs, own = model.next_logits([SHOWN, ASKED])
    _, logits = patched_logits(model, SHOWN, ASKED)
    close(logits[-1], theirs)
    for row in logits[:-1]:
        assert not torch.allclose(row, theirs, rtol=0, atol=0.05)
        assert not torch.allclose(row, own, rtol=0, atol=0.05)


def test_residuals_against_the_hidden_states_of_transformers(models):
    """Layer 1 patched is layers 2 on of a sequence of which the last vector is the other prompt's."""
    model = models("Llama")
    network = model.network
    ids = [torch.tensor([model.encode_prompt(text)]) for text in (SHOWN, ASKED)]
    with torch.no_grad():
        shown, own = (network(x, output_hidden_states=True).hidden_states[2] for x in ids)
        own[0, -1] = shown[0, -1]
        positions = torch.arange(own.shape[1])[None]
        rotary = network.model.rotary_emb(own, positions)
        after = network.model.layers[2](own, position_embeddings=rotary, attention_mask=None)
        after = after if isinstance(after, torch.Tensor) else after[0]
        expected = network.lm_head(network.model.norm(after))[0, -1]
    close(patched_logits(model, SHOWN, ASKED)[1][1], expected)


def test_states_against_a_cache_patched_by_hand(models):
    model = models("Mamba")
    caches = []
    last = [model.encode_prompt(text) for text in (SHOWN, ASKED)]
    with torch.no_grad():
        for ids in last:
            caches.append(model.network(torch.tensor([ids[:-1]]), use_cache=True).cache_params)
        expected = []
        for layer in range(LAYERS):
            cache = copy.deepcopy(caches[1])
            cache.layers[layer].recurrent_states[0] = caches[0].layers[layer].recurrent_states[0].clone()
            out = model.network(torch.tensor([last[1][-1:]]), cache_params=cache, use_cache=True)
            expected.append(out.logits[0, -1])
    layers, logits = patched_logits(model, SHOWN, ASKED, kind="state")
    assert layers == [0, 1, 2]
    close(logits, torch.stack(expected))
    for row in logits:
        assert not torch.allclose(row, model.next_logits([ASKED])[0], rtol=0, atol=50 * RTOL)  # the patch matters


@pytest.mark.parametrize("kind", ["residual", "state"])
def test_accuracy_counts_answers(kind, models):
    model = models("Mamba")
    _, logits = patched_logits(model, SHOWN, ASKED, kind=kind)
    answers = logits.argmax(dim=1).tolist()
    right = model.tokenizer.decode(answers[-1:])
    token = first_token(model, ASKED, right)
    questions = [Question(shown=SHOWN, asked=ASKED, answer=right), Question(shown=ASKED, asked=ASKED, answer="\n\n")]
    own = int(model.next_tokens([ASKED])[0] == first_token(model, ASKED, "\n\n"))
    rows = task_vector_accuracy(model, questions, kind=kind)
    assert [(row.layer, row.kind, row.asked) for row in rows] == [(layer, kind, 2) for layer in range(LAYERS)]
    assert [row.correct for row in rows] == [(answer == token) + own for answer in answers]
    assert rows[-1].accuracy >= 0.5
    assert task_vector_accuracy(model, [], kind=kind) == []


def test_what_cannot_be_patched(models):
    with pytest.raises(UserError, match="carries no recurrent state: kind='residual' works for every architecture"):
        patched_logits(models("Llama"), SHOWN, ASKED, kind="state")
    with pytest.raises(ValueError, match="at least two tokens"):
        patched_logits(models("Llama"), SHOWN, "a")


def test_the_first_token_of_an_answer_is_that_of_the_joined_text(models):
    model = models("Llama")
    assert (
        first_token(model, "a", "->b")
        == model.tokenizer.encode("a->b")[0 if len(model.tokenizer.encode("a->b")) == 1 else 1]
    )
    # "\n" and "\n" are one token when joined.
    assert first_token(model, "a\n", "\n") == model.tokenizer.encode("a\n\n")[-1]
