"""The real model that comes from PyPI: it knows capitals, alone and in company."""

import pytest
import torch

from icl_lab.language.models import NAMED, installed, load
from icl_lab.language.task_vectors.patching import first_token, patched_logits

NAME = "smollm2-135m"
pytestmark = pytest.mark.skipif(not installed(NAMED[NAME]), reason=f"no weights: {NAMED[NAME].install}")

# With spaces: in this vocabulary most words are one token only after a space.
SHOTS = "Germany -> Berlin\nSpain -> Madrid\nItaly -> Rome\nGreece -> Athens\nAustria -> Vienna\n"
CAPITALS = {"France": "Paris", "Egypt": "Cairo", "China": "Beijing", "Iran": "Tehran", "Japan": "Tokyo"}
ASKED = [f"{country} ->" for country in CAPITALS]


@pytest.fixture(scope="module")
def model():
    """From the packaged file, expanded once a machine (half a minute), then from the cache."""
    return load(NAME)


def test_capitals(model):
    answers = [model.tokenizer.decode([token]) for token in model.next_tokens(ASKED, prefix=SHOTS)]
    assert answers == [f" {capital}" for capital in CAPITALS.values()]
    assert model.generate(ASKED[:1], prefix=SHOTS, max_tokens=3)[0].startswith(" Paris\n")
    assert model.next_tokens(["France->"], prefix=SHOTS.replace(" ", "")) == model.tokenizer.encode("Paris")


def test_together_and_alone(model):
    asked = ["France ->", "Papua New Guinea ->", "United States ->"]  # of 2, 5 and 3 tokens
    together = model.next_logits(asked, prefix=SHOTS)
    alone = torch.cat([model.next_logits([SHOTS + one]) for one in asked])
    # float32 through 30 layers; scores are of order 20.
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-3)
    texts = model.generate(asked, prefix=SHOTS, max_tokens=4)
    assert texts == [model.generate([SHOTS + one], max_tokens=4)[0] for one in asked]


def test_a_late_layer_holds_the_task(model):
    """No capital comes without demonstrations; one does when a layer two thirds up is told the task."""
    right = 0
    for country, capital in list(CAPITALS.items())[:3]:
        token = first_token(model, f"{country} ->", f" {capital}")
        assert model.next_tokens([f"\n{country} ->"]) != [token]
        _, logits = patched_logits(model, f"{SHOTS}Poland ->", f"\n{country} ->")
        answers = (logits.argmax(dim=1) == token).tolist()
        right += any(answers[18:25])
        assert not any(answers[:15])
    assert right >= 1
