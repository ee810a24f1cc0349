"""A network that is shown one example after the other and asked in between, with no prompt kept.

A recurrent network needs constant memory however many examples it has seen; attention keeps what it has read.

b batch (streams that run beside each other)   d dim of x   o d_output   n examples
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from einops import rearrange
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn.functional import pad

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import write_atomic
from icl_lab.core.specs import digest
from icl_lab.core.streams import Stream
from icl_lab.models.network import Network, NetworkState
from icl_lab.tasks.parts.layout import in_pairs

Numbers = Tensor | np.ndarray | Sequence[Any] | float

AT_ONCE = 512
"""Examples of each stream that are read in one piece, so that many of them take no more memory than these."""


class Streaming:
    """A place in one or more streams of examples; the layout is x_1, y_1, x_2, y_2, ... as in training.

    Attributes:
        network: Which network reads.
        state: What it carries.
    """

    def __init__(self, network: Network, state: NetworkState) -> None:
        self.network = network
        self.state = state

    @property
    def num_examples(self) -> int:
        """Examples observed so far."""
        return self.state.position // 2

    @torch.no_grad()
    def observe(self, x: Numbers, y: Numbers) -> None:
        """Read one example, or several a stream, as one after the other.

        Several at once are many times faster where the mixers read a piece of a sequence at once, as attention, Mamba
        and the linear recurrences do; `s4d`, `s4_dplr`, `s4_mamba` and `h3` take step after step all the same.

        Args:
            x: Inputs, as a tensor, an array or lists: `(dim,)` or `(n, dim)` for one stream, `(batch, dim)` for
                several, `(batch, n, dim)` for n examples of each.
            y: The labels, without the last axis of x; or with it, where a label is a vector.

        Raises:
            UserError: These are no numbers, or the shapes do not fit the network, the number of streams or each other.
        """
        x, y = self._tensor(x), self._tensor(y)
        xs = self._batched(x)
        labels = y if y.ndim == x.ndim else y[..., None]
        if xs.shape[1] == 0:
            return
        if labels.shape[:-1] != x.shape[:-1] or labels.shape[-1] > xs.shape[2]:
            raise UserError(f"observe: expected a label for each input, got x {tuple(x.shape)} and y {tuple(y.shape)}")
        ys = labels.reshape(*xs.shape[:2], -1).to(xs)
        tokens = rearrange([xs, pad(ys, (0, xs.shape[2] - ys.shape[2]))], "two b n d -> b (n two) d")
        state = self.state
        for first in range(0, tokens.shape[1], 2 * AT_ONCE):
            _, state = self.network.extend(tokens[:, first : first + 2 * AT_ONCE], state)
        self.state = state

    @torch.no_grad()
    def predict(self, x: Numbers) -> Float[Tensor, "*predictions"]:
        """The prediction for an input after the examples so far, which it does not become one of.

        Args:
            x: `(dim,)` for one stream, `(batch, dim)` for several.

        Raises:
            UserError: The shape does not fit the network or the number of streams.
        """
        x = self._tensor(x)
        xs = self._batched(x)
        if x.ndim > 2 or xs.shape[1] != 1:
            raise UserError(f"predict: expected one x a stream, got {tuple(x.shape)}; ask for one after the other")
        output, _ = self.network.step(xs[:, 0], self.state)
        prediction = output if x.ndim == 2 else output[0]
        return prediction[..., 0] if self.network.spec.d_output == 1 else prediction

    def branch(self) -> "Streaming":
        """A stream of its own that goes on from here."""
        return Streaming(self.network, self.state)  # states are never written to, so both may hold this one

    def save(self, path: Path | str) -> None:
        """Write the state, atomically; the network is not in it, but what tells it from others is."""
        # Parts of a state may be one tensor, which the format does not take, nor complex numbers of double precision.
        tensors = {name: _real(tensor).clone(memory_format=torch.contiguous_format) for name, tensor in self._parts()}
        metadata = {"position": str(self.state.position), **_identity(self.network)}
        write_atomic(Path(path), safetensors.torch.save(tensors, metadata))

    def restore(self, path: Path | str) -> None:
        """Go on from a state that `save` wrote for the same network.

        Raises:
            DamagedFile: The file cannot be read.
            UserError: It is the state of another network or of another number of streams.
        """
        path = Path(path)
        try:
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
                metadata = file.metadata() or {}
                position = int(metadata["position"])
        except (SafetensorError, OSError, KeyError, ValueError) as trouble:
            raise DamagedFile(path, str(trouble), "observe the examples anew") from None
        start = Streaming(self.network, self.network.initial_state(self.state.batch))
        # A cache of what was read is empty before the first token and as long as that afterwards.
        shapes = {name: tuple(size or None for size in _real(tensor).shape) for name, tensor in start._parts()}
        found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        where = f"{path} is not a state of {self.network.label} for {self.state.batch} streams"
        for what, identity in _identity(self.network).items():
            if metadata.get(what) != identity:
                raise UserError(f"{where}: it was saved with other {what}")
        if found.keys() != shapes.keys() or not all(_fits(found[name], shape) for name, shape in shapes.items()):
            raise UserError(f"{where}: its shapes are others")
        blocks = tuple(
            {name: _like(tensors[f"{i}.{name}"], tensor) for name, tensor in block.items()}
            for i, block in enumerate(start.state.blocks)
        )
        self.state = NetworkState(blocks, position, self.state.batch)

    def _parts(self) -> list[tuple[str, Tensor]]:
        """The tensors of the state, by the block they belong to and their name."""
        return [(f"{i}.{name}", tensor) for i, block in enumerate(self.state.blocks) for name, tensor in block.items()]

    def _tensor(self, numbers: Numbers) -> Tensor:
        weight = self.network.read_out.weight
        try:
            return torch.as_tensor(numbers, dtype=weight.dtype, device=weight.device)
        except (TypeError, ValueError, RuntimeError) as trouble:
            raise UserError(f"{self.network.label}: expected numbers, got {trouble}") from None

    def _batched(self, x: Float[Tensor, "*stream d"]) -> Float[Tensor, "b n d"]:
        streams = self.state.batch
        if not 1 <= x.ndim <= 3 or x.shape[-1] != self.network.spec.d_token:
            width = self.network.spec.d_token
            raise UserError(f"{self.network.label}: expected x of width {width}, got {tuple(x.shape)}")
        if x.ndim == 1:
            batched = x[None, None]
        elif x.ndim == 2:
            batched = x[None] if streams == 1 else x[:, None]
        else:
            batched = x
        if len(batched) != streams:
            raise UserError(f"{self.network.label}: expected x for {streams} streams, got {tuple(x.shape)}")
        return batched


def start(network: Network, batch: int = 1) -> Streaming:
    """Streams before their first example.

    Args:
        network: A network for tokens that are vectors.
        batch: How many streams run beside each other.

    Raises:
        UserError: The network reads symbols or prompts in another layout than x_1, y_1, x_2, y_2, ..., or there is no
            stream.
    """
    if batch < 1:
        raise UserError(f"start: expected at least one stream, got batch={batch}")
    if network.spec.vocabulary:
        raise UserError(f"{network.label}: reads symbols, which are not examples (x, y)")
    task = network.task
    if task is not None and not in_pairs(task.sample(Stream(0).child("layout"), step=0, batch=1)):
        raise UserError(
            f"{network.label}: was built for {task.spec_name()}, whose prompts are not x_1, y_1, x_2, y_2, ...; read "
            "them with `extend`"
        )
    return Streaming(network, network.initial_state(batch))


def _identity(network: Network) -> dict[str, str]:
    """What tells a network from others: a digest of its settings and one of its weights."""
    weights = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return {"settings": digest(network.spec.to_json()), "weights": weights.hexdigest()}


def _real(tensor: Tensor) -> Tensor:
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _like(saved: Tensor, tensor: Tensor) -> Tensor:
    """What `_real` made of a tensor like this one."""
    return (torch.view_as_complex(saved) if tensor.is_complex() else saved).to(tensor)


def _fits(found: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    """Whether a shape is the expected one, where none stands for any length."""
    return len(found) == len(shape) and all(want in (None, got) for got, want in zip(found, shape, strict=True))
