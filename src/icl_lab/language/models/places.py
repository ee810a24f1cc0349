"""Where the files of a model are: an installed package, a folder, a GGUF file, or the hub's cache."""

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from icl_lab.core.errors import UserError, suggest
from icl_lab.core.files import write_atomic
from icl_lab.language.models.named import NAMED, NamedModel

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class Place:
    """What `transformers` is asked to load.

    Args:
        source: A folder, or a repository of the hub.
        gguf: Name of a GGUF file in it, or none.
        local: Whether `source` is a folder of this machine.
    """

    source: str
    gguf: str | None
    local: bool


def find(name: str) -> Place:
    """The place of a named model, a folder written by `save_pretrained`, a `.gguf` file, or a hub repository.

    A GGUF file of the hub is `owner/repository/file.gguf`.

    Raises:
        UserError: There is no such model; the message says what was expected and where it was looked for.
    """
    if name in NAMED:
        known = NAMED[name]
        return Place(known.hub, None, local=False) if known.hub else _of_file(_packaged(known))
    path = Path(name).expanduser()
    if path.is_file():
        if path.suffix != ".gguf":
            raise UserError(f"{path} is no model: expected a .gguf file, or a folder with config.json and weights")
        return _of_file(path)
    if path.is_dir():
        return _of_folder(path)
    if name.endswith(".gguf") and name.count("/") >= 2 and not name.startswith(("/", ".", "~")):
        owner, repository, file = name.split("/", 2)
        return Place(f"{owner}/{repository}", file, local=False)
    if name.count("/") != 1 or name.startswith(("/", ".", "~")) or name.endswith("/"):
        raise UserError(
            f"unknown language model {name!r}: expected a folder, a .gguf file, owner/name of the Hugging Face hub, "
            f"or a short name ({suggest(name, NAMED)})"
        )
    return Place(name, None, local=False)


def _of_file(path: Path) -> Place:
    return Place(str(path.parent), path.name, local=True)


def _of_folder(folder: Path) -> Place:
    if (folder / "config.json").is_file():
        if not any(file.suffix in (".safetensors", ".bin") for file in folder.iterdir()):
            raise UserError(f"no weights in {folder.resolve()}: expected model.safetensors beside config.json")
        if not any((folder / name).is_file() for name in TOKENIZER_FILES):
            raise UserError(f"no tokenizer in {folder.resolve()}: expected tokenizer.json beside config.json")
        return Place(str(folder), None, local=True)
    ggufs = sorted(folder.glob("*.gguf"))
    if len(ggufs) == 1:
        return _of_file(ggufs[0])
    if ggufs:
        raise UserError(f"{folder} holds {len(ggufs)} GGUF files: name one, for example {ggufs[0]}")
    raise UserError(
        f"no config.json in {folder.resolve()}: expected a folder written by save_pretrained, or one .gguf file"
    )


def _packaged(model: NamedModel) -> Path:
    """The GGUF file of a model that packages hold; parts are joined once, in the user's cache."""
    parts = [_file_of_package(name, model) for name in model.files]
    if len(parts) == 1:
        return parts[0]
    whole = cache_folder() / parts[0].with_suffix("").name
    if not whole.is_file():
        content = b"".join(part.read_bytes() for part in parts)
        if hashlib.sha256(content).hexdigest() != model.sha256:
            raise UserError(f"the files of {model.name} are damaged (wrong SHA-256): {model.install} --force-reinstall")
        write_atomic(whole, content)
    return whole


def _file_of_package(name: str, model: NamedModel) -> Path:
    package, _, inner = name.partition("/")
    spec = find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for folder in folders:
        if (folder / inner).is_file():
            return folder / inner
    looked = f"{folders[0]} holds no {inner}" if folders else f"the package {package} is not installed"
    raise UserError(f"no weights of {model.name}: {looked}; {model.ways} brings them ({model.licence})")


def installed(model: NamedModel) -> bool:
    """Whether the packages that hold a model are here."""
    try:
        return bool(model.files and [_file_of_package(name, model) for name in model.files])
    except UserError:
        return False


def cache_folder() -> Path:
    """Where joined files are kept: `$XDG_CACHE_HOME/icl-lab`, by default `~/.cache/icl-lab`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "icl-lab"
