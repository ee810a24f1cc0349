"""A network: read-in (tokens -> embeddings), backbone (a pattern of residual blocks), read-out (-> predictions).

b batch   t num_tokens   m d_model   o d_output
"""

from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from icl_lab.core.bounds import Count, Natural, NonNegative
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Branches, PromptBatch
from icl_lab.core.specs import Spec
from icl_lab.models.backbone import Backbone, BackboneSpec
from icl_lab.models.dropout import ChannelDropout
from icl_lab.models.initialisation import embedding, linear, normal
from icl_lab.models.mixers.base import MixerSpec, State, measured_size
from icl_lab.tasks.base import Task


@dataclass(frozen=True, kw_only=True)
class NetworkSpec(Spec):
    """Everything that fixes a network's shape and initialisation.

    Args:
        d_token: Width of a token vector; 0 where tokens are symbols.
        vocabulary: Symbols that a token can be; 0 where tokens are vectors.
        d_output: Numbers predicted at a query.
        backbone: The residual blocks.
        num_positions: Learned position vectors added to the embeddings; 0 for none. Longer prompts are refused.
        position_std: Standard deviation of their initial values.
        embedding_std: Standard deviation of the initial vectors of symbols.
    """

    d_token: Natural = 0
    vocabulary: Natural = 0
    d_output: Count = 1
    backbone: BackboneSpec
    num_positions: Natural = 0
    position_std: NonNegative = 0.02
    embedding_std: NonNegative = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.d_token > 0) == (self.vocabulary > 0):
            raise UserError(
                "NetworkSpec: expected either tokens of some width or symbols, "
                f"got d_token={self.d_token} and vocabulary={self.vocabulary}"
            )

    @property
    def max_tokens(self) -> int | None:
        """Tokens of the longest prompt that can be read; none where any can."""
        limits = [block.max_tokens for block in self.backbone.pattern if isinstance(block, MixerSpec)]
        return min((limit for limit in (self.num_positions, *limits) if limit), default=None)


@dataclass(frozen=True)
class NetworkState:
    """What a network carries from token to token.

    Args:
        blocks: The state of each block.
        position: Tokens read so far; a counter that all prompts share and that `size` leaves out.
        batch: How many prompts it belongs to.
    """

    blocks: tuple[State, ...]
    position: int
    batch: int

    @property
    def size(self) -> int:
        """Real numbers really held for one prompt."""
        return sum(measured_size(state) for state in self.blocks)


class Network(nn.Module):
    """A predictor. Made anew its weights are drawn from a generator, on torch's default device, in float32.

    Attributes:
        spec: What it was built from.
        label: The word for it in tables and figures.
        task: The task for whose prompts it was built, where there is one.
    """

    task: Task | None = None

    def __init__(self, spec: NetworkSpec, generator: torch.Generator, label: str) -> None:
        super().__init__()
        self.spec = spec
        self.label = label
        d_model = spec.backbone.d_model
        self.read_in: nn.Module = (
            embedding(spec.vocabulary, d_model, spec.embedding_std, generator)
            if spec.vocabulary
            else linear(spec.d_token, d_model, generator)
        )
        self.positions = (
            nn.Parameter(normal((spec.num_positions, d_model), spec.position_std, generator))
            if spec.num_positions
            else None
        )
        self.backbone = Backbone(spec.backbone, generator)
        self.read_out = linear(d_model, spec.d_output, generator)

    def forward(self, tokens: Shaped[Tensor, "b t *features"]) -> Float[Tensor, "b t o"]:
        """Read-outs at every token.

        Raises:
            UserError: There is no token, or tokens have another width, are symbols beyond the vocabulary, are vectors
                where symbols are read or the other way round, or are more than there are learned positions.
        """
        return self.read_out(self.backbone(self.embedded(tokens)))

    def embedded(
        self, tokens: Shaped[Tensor, "b t *features"], at: int | Int[Tensor, " t"] = 0
    ) -> Float[Tensor, "b t m"]:
        """What the first block reads: tokens read in, with their positions.

        Args:
            tokens: At least one.
            at: Position of the first token, or of each.

        Raises:
            UserError: As for `forward`.
        """
        if tokens.shape[1] == 0:
            raise UserError(f"{self.label}: expected at least one token, got none")
        if tokens.is_floating_point() == bool(self.spec.vocabulary):
            read, got = ("symbols", "vectors") if self.spec.vocabulary else ("vectors", "symbols")
            raise UserError(f"{self.label}: reads {read}, got {got}")
        if tokens.is_floating_point() and tokens.shape[-1] != self.spec.d_token:
            raise UserError(f"{self.label}: expected tokens of width {self.spec.d_token}, got {tokens.shape[-1]}")
        self._refuse_unknown_symbols(tokens)
        embeddings = self.read_in(tokens)
        if self.positions is None:
            return embeddings
        if isinstance(at, Tensor):
            self._check_positions(int(at.max()) + 1)
            return embeddings + self.positions[at]
        last = at + tokens.shape[1]
        self._check_positions(last)
        return embeddings + self.positions[at:last]

    def predict(self, prompts: PromptBatch) -> Float[Tensor, "b length *outputs"]:
        """Predictions at the queries; one number a query is returned without its last axis."""
        if prompts.branches is not None:
            outputs = self._on_branches(prompts.tokens, prompts.branches)
        else:
            outputs = self(prompts.tokens)[:, prompts.queries]
        return rearrange(outputs, "b l 1 -> b l") if self.spec.d_output == 1 else outputs

    def initial_state(self, batch: int) -> NetworkState:
        """The state before the first token, on the device and in the precision of the weights."""
        return NetworkState(self.backbone.initial_state(batch), position=0, batch=batch)

    def step(self, token: Shaped[Tensor, "b ..."], state: NetworkState) -> tuple[Float[Tensor, "b o"], NetworkState]:
        """Read one token: its read-out and the new state. The given state is left as it was.

        Raises:
            UserError: As for `forward`.
        """
        token = self.embedded(token.unsqueeze(1), state.position)
        hidden, blocks = self.backbone.step(rearrange(token, "b 1 m -> b m"), state.blocks)
        return self.read_out(hidden), NetworkState(blocks, state.position + 1, state.batch)

    def extend(
        self, tokens: Shaped[Tensor, "b t ..."], state: NetworkState
    ) -> tuple[Float[Tensor, "b t o"], NetworkState]:
        """Read several tokens after a state: their read-outs and the new state. The given state is left as it was.

        Raises:
            UserError: As for `forward`.
        """
        hidden, blocks = self.backbone.extend(self.embedded(tokens, state.position), state.blocks)
        return self.read_out(hidden), NetworkState(blocks, state.position + tokens.shape[1], state.batch)

    def state_size(self, length: int) -> int:
        """Real numbers carried for one prompt after `length` tokens."""
        return self.backbone.state_size(length)

    def reseed(self, generator: torch.Generator) -> None:
        """Draw dropout masks from `generator` from now on; a network without dropout draws nothing."""
        for module in self.modules():
            if isinstance(module, ChannelDropout):
                module.generator = generator

    def _on_branches(self, tokens: Shaped[Tensor, "b t *features"], branches: Branches) -> Float[Tensor, "b l o"]:
        """Outputs at the end of every branch; the prompt is read once."""
        # Said before anything is read: the longest branch is the last one.
        last = int(branches.starts.max())
        self._check_positions(last + 1 + branches.feed_back)
        if branches.feed_back:
            return self._along_branches(tokens, branches)
        asked = self.embedded(branches.tokens, branches.starts)
        before = self.embedded(tokens[:, :last]) if last else asked[:, :0]
        return self.read_out(self.backbone.beside(before, asked, branches.starts))

    def _along_branches(self, tokens: Shaped[Tensor, "b t *features"], branches: Branches) -> Float[Tensor, "b l o"]:
        """Branches of several tokens, of which each is known only once the one before it was answered."""
        state, outputs = self.initial_state(len(tokens)), []
        fill = (0, self.spec.d_token - self.spec.d_output)
        for i, start in enumerate(branches.starts.tolist()):
            if start > state.position:
                _, state = self.extend(tokens[:, state.position : start], state)
            output, branch = self.step(branches.tokens[:, i], state)
            for _ in range(branches.feed_back):
                output, branch = self.step(nn.functional.pad(output, fill), branch)
            outputs.append(output)
        return torch.stack(outputs, dim=1)

    def _refuse_unknown_symbols(self, tokens: Shaped[Tensor, "b t *features"]) -> None:
        # Neither a graph that is traced nor a tensor without storage has numbers to look at.
        if not self.spec.vocabulary or not tokens.numel() or tokens.is_meta or torch.compiler.is_compiling():
            return
        if (largest := int(tokens.max())) >= self.spec.vocabulary:
            raise UserError(
                f"{self.label}: knows symbols 0 to {self.spec.vocabulary - 1}, got {largest}; "
                "evaluate it on a task with the symbols of its training"
            )

    def _check_positions(self, num_tokens: int) -> None:
        if 0 < self.spec.num_positions < num_tokens:
            raise UserError(
                f"{self.label}: has {self.spec.num_positions} learned positions, got a prompt of {num_tokens} tokens; "
                "build it with a larger num_positions, or with positions that are not learned"
            )


def count_parameters(network: nn.Module | NetworkSpec) -> int:
    """Numbers that training may change; of a spec they are counted without making any."""
    if isinstance(network, NetworkSpec):
        with torch.device("meta"):
            network = Network(network, torch.Generator("cpu"), label="")
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
