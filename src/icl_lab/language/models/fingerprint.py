"""What tells the files of one model from others that come to lie in the same place."""

import hashlib
from pathlib import Path

from icl_lab.language.models.places import Place

DIGITS = 12
SUFFIXES = (".json", ".safetensors", ".bin", ".model", ".txt")  # settings, weights, tokenizers


def fingerprint(place: Place) -> str:
    """Twelve digits of a local model's files: settings, tokenizer and weights, whole; names count, dates do not.

    Reading them takes about as long as loading them does.
    """
    folder = Path(place.source)
    if place.gguf:
        files = [folder / place.gguf]
    else:
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{'' if place.gguf else path.name}/{content}\n".encode())
    return whole.hexdigest()[:DIGITS]
