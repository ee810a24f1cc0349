"""A network that is shown one example after the other and asked in between, with no prompt kept.

A recurrent network needs constant memory however many examples it has seen; attention keeps what it has read.

b batch (streams that run beside each other)   d dim of x   o d_output   n examples
"""

from pathlib import Path

import safetensors.torch
import torch
from einops import rearrange
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn.functional import pad

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import write_atomic
from icl_lab.models.network import Network, NetworkState

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
    def observe(self, x: Float[Tensor, "*stream d"], y: Float[Tensor, "*labels"]) -> None:
        """Read one example, or several a stream: as one after the other, but many times faster.

        Args:
            x: Inputs: `(dim,)` for one stream, `(batch, dim)` for several, `(batch, n, dim)` for n examples of each.
            y: The labels, without the last axis of x; or with it, where a label is a vector.

        Raises:
            UserError: The shapes do not fit the network, the number of streams or each other.
        """
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
    def predict(self, x: Float[Tensor, "*stream d"]) -> Float[Tensor, "*predictions"]:
        """The prediction for an input after the examples so far, which it does not become one of.

        Args:
            x: `(dim,)` for one stream, `(batch, dim)` for several.

        Raises:
            UserError: The shape does not fit the network or the number of streams.
        """
        if x.ndim > 2:
            raise UserError(f"predict: expected one x a stream, got {tuple(x.shape)}; ask for one after the other")
        output, _ = self.network.step(self._batched(x)[:, 0], self.state)
        prediction = output if x.ndim == 2 else output[0]
        return prediction[..., 0] if self.network.spec.d_output == 1 else prediction

    def branch(self) -> "Streaming":
        """A stream of its own that goes on from here."""
        return Streaming(self.network, self.state)  # states are never written to, so both may hold this one

    def save(self, path: Path) -> None:
        """Write the state, atomically; the network is not in it."""
        tensors = {
            f"{i}.{name}": tensor.contiguous()
            for i, block in enumerate(self.state.blocks)
            for name, tensor in block.items()
        }
        write_atomic(path, safetensors.torch.save(tensors, {"position": str(self.state.position)}))

    def restore(self, path: Path) -> None:
        """Go on from a state that `save` wrote for the same network.

        Raises:
            DamagedFile: The file cannot be read.
            UserError: It is the state of another network.
        """
        try:
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
                position = int((file.metadata() or {})["position"])
        except (SafetensorError, OSError, KeyError, ValueError) as trouble:
            raise DamagedFile(path, str(trouble), "observe the examples anew") from None
        expected = {f"{i}.{name}" for i, block in enumerate(self.state.blocks) for name in block}
        if set(tensors) != expected or any(
            # A cache of attention is as long as what it has read.
            (len(tensors[f"{i}.{name}"]), tensors[f"{i}.{name}"].shape[-1]) != (len(tensor), tensor.shape[-1])
            for i, block in enumerate(self.state.blocks)
            for name, tensor in block.items()
        ):
            raise UserError(f"{path} is not a state of {self.network.label} for {self.state.batch} streams")
        blocks = tuple(
            {name: tensors[f"{i}.{name}"].to(tensor) for name, tensor in block.items()}
            for i, block in enumerate(self.state.blocks)
        )
        self.state = NetworkState(blocks, position, self.state.batch)

    def _batched(self, x: Float[Tensor, "*stream d"]) -> Float[Tensor, "b n d"]:
        streams = self.state.batch
        if not 1 <= x.ndim <= 3 or x.shape[-1] != self.network.spec.d_token:
            width = self.network.spec.d_token
            raise UserError(f"{self.network.label}: expected x of width {width}, got {tuple(x.shape)}")
        batched = x[None, None] if x.ndim == 1 else x[:, None] if x.ndim == 2 else x
        if len(batched) != streams:
            raise UserError(f"{self.network.label}: expected x for {streams} streams, got {tuple(x.shape)}")
        return batched.to(self.network.read_out.weight)


def start(network: Network, batch: int = 1) -> Streaming:
    """Streams before their first example.

    Args:
        network: A network for tokens that are vectors.
        batch: How many streams run beside each other.

    Raises:
        UserError: The network reads symbols.
    """
    if network.spec.vocabulary:
        raise UserError(f"{network.label}: reads symbols, which are not examples (x, y)")
    return Streaming(network, network.initial_state(batch))
