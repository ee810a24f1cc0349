"""Named random streams: a generator depends on its address (seed, names, step) and on nothing else.

The prompts of step 7 are the same whoever asks for them, in whatever order, on whichever worker; that is what lets a
run stop and resume, and lets every model see the same prompts. Addresses are hashed into the key of a counter-based
generator (Philox; Salmon et al. 2011): no two streams overlap and none needs another to have been drawn first.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Stream:
    """An address of randomness.

    Args:
        seed: The number a user chooses.
        names: What the randomness is for, from the general to the particular: `("train", "prompts")`.

    >>> again = Stream(0, ("inputs",))
    >>> int(Stream(0).child("inputs").generator(3).integers(100) - again.generator(3).integers(100))
    0
    """

    seed: int
    names: tuple[str, ...] = ()

    def child(self, *names: str) -> "Stream":
        """The stream of a part of what this one is for."""
        return Stream(self.seed, self.names + names)

    def generator(self, step: int = 0) -> np.random.Generator:
        """A NumPy generator for this address and step; asked twice, it draws the same numbers twice."""
        return np.random.Generator(np.random.Philox(key=int.from_bytes(self._key(step), "little")))

    def torch_generator(self, step: int = 0, device: str = "cpu") -> torch.Generator:
        """A torch generator for this address and step, for weights and masks that are drawn by torch itself."""
        generator = torch.Generator(device=device)
        generator.manual_seed(int.from_bytes(self._key(step)[:8], "little", signed=False) >> 1)
        return generator

    def _key(self, step: int) -> bytes:
        # Names are length-prefixed so that ("ab", "c") and ("a", "bc") are different addresses.
        parts = [str(self.seed), *self.names, str(step)]
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hashlib.blake2b(text.encode(), digest_size=16).digest()
