"""The Hugging Face hub: whether it answers, and what to say where a model cannot be had from it.

Its client asks again and again, for every file, when there is no network: more than a minute of silence. So it is asked
once, shortly, before; where it does not answer, what its cache holds is all there is.
"""

import ssl
from threading import Thread
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from icl_lab.language.models.places import Place

SECONDS = 5.0  # that one answer may take; a hub that is reached gives it within one


def looked_in(place: Place) -> str:
    """Where a model of the hub is looked for, in words."""
    from huggingface_hub import constants

    then = "the hub is switched off" if constants.HF_HUB_OFFLINE else f"then at {constants.ENDPOINT}"
    return f"{place.source} in {constants.HF_HUB_CACHE}, {then}"


def answers(place: Place, seconds: float = SECONDS) -> bool:
    """Whether the hub says anything at all of a model, asked once."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    found: list[bool] = []
    # In a thread of its own: finding the address of a server is not within the limit of the request.
    url = f"{constants.ENDPOINT}/{place.source}/resolve/main/{wanted(place)[0]}"
    asking = Thread(target=lambda: found.append(_answers(url, seconds)), daemon=True)
    asking.start()
    asking.join(seconds)
    return bool(found and found[0])


def wanted(place: Place) -> list[str]:
    """The files that a model needs, the first one first."""
    return [place.gguf] if place.gguf else ["config.json", "tokenizer.json", "model.safetensors"]


def why_not(name: str, place: Place, said: str, *, answered: bool) -> str:
    """One line on a model that cannot be had: the file that is wanted, and where it was looked for.

    Args:
        name: As the user gave it.
        place: In the hub.
        said: What its client said.
        answered: Whether the hub answered before.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    missing = [file for file in wanted(place) if not isinstance(try_to_load_from_cache(place.source, file), str)]
    if not missing:
        return f"{name} cannot be loaded from the hub's cache {constants.HF_HUB_CACHE}: {said[:200]}"
    hub = f"{constants.ENDPOINT} did not give it" if answered else f"{constants.ENDPOINT} did not answer"
    if constants.HF_HUB_OFFLINE:
        hub = "the hub is switched off (HF_HUB_OFFLINE)"
    return (
        f"no {missing[0]} of {place.source}: looked in {constants.HF_HUB_CACHE}, and {hub}; "
        "give a folder, or a model that a package holds, such as smollm2-135m"
    )


def _answers(url: str, seconds: float) -> bool:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=seconds):
            return True
    except HTTPError:
        return True  # it is there, and says no: its client knows why
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # its client may trust other certificates
    except (OSError, ValueError):
        return False
