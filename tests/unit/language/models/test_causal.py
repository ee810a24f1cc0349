"""One loader for every architecture; shared prefixes, batches and buckets change no answer."""

import pytest
import torch

from icl_lab.language.models import LanguageModel, load
from tests.unit.language.models.checkpoints import SETTINGS, save

PREFIX = "France->Paris\nGermany->Berlin\n"
# Of several lengths; the second crosses the border: "\n" + "\n" is one token.
PROMPTS = ["Spain->", "\nnorth->", "a->", "lowest", "low->", "b"]
NEW = 5
RTOL = 2e-4  # float32: other orders of the same sums, through two layers with weights of order one


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Each loaded once."""
    made = {}

    def model(name):
        if name not in made:
            made[name] = load(str(save(tmp_path_factory.mktemp(name), name)))
        return made[name]

    return model


def alone(model, text):
    """What `transformers` itself generates for one prompt, from the tokens of the whole text."""
    ids = torch.tensor([model.encode_prompt(text)])
    settings = {"max_new_tokens": NEW, "do_sample": False, "attention_mask": torch.ones_like(ids)}
    with torch.no_grad():
        out = model.network.generate(ids, **settings)[0, ids.shape[1] :]
        logits = model.network(ids).logits[0, -1]
    return out.tolist(), logits


@pytest.mark.filterwarnings("ignore:.*attention_mask.*")
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("prefix", ["", PREFIX], ids=["whole", "prefix"])
def test_answers_are_those_of_transformers_one_by_one(name, prefix, models):
    model = models(name)
    assert isinstance(model, LanguageModel)
    tokens, logits = zip(*(alone(model, prefix + prompt) for prompt in PROMPTS), strict=True)
    found = model.next_logits(PROMPTS, prefix=prefix)
    torch.testing.assert_close(found, torch.stack(logits), rtol=RTOL, atol=RTOL * float(found.abs().max()))
    assert model.next_tokens(PROMPTS, prefix=prefix) == [row[0] for row in tokens]
    texts = model.generate(PROMPTS, prefix=prefix, max_tokens=NEW)
    assert texts == [model.tokenizer.decode(until_end(row)) for row in tokens]
    assert len(set(texts)) > 2  # the prompts are told apart


def until_end(row):
    return row[: row.index(0)] if 0 in row else row


@pytest.mark.parametrize("name", ["Llama", "Mamba"])
def test_another_prefix_and_a_prompt_that_adds_nothing(name, models):
    """A prefix is kept for the next call, but never for another prefix; the last token is always read anew."""
    model = models(name)
    other = PREFIX.replace("Paris", "Berlin")
    for prefix in (PREFIX, other, PREFIX, PREFIX):
        for prompts in (["", "a->"], [""]):
            expected = torch.stack([alone(model, prefix + prompt)[1] for prompt in prompts])
            found = model.next_logits(prompts, prefix=prefix)
            torch.testing.assert_close(found, expected, rtol=RTOL, atol=RTOL * float(expected.abs().max()))
