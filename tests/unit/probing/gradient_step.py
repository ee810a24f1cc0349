"""A network made by hand that takes one step of gradient descent: the known answer that identification must give.

One layer of linear self-attention over tokens that hold an input and its label (von Oswald et al. 2023, arXiv
2212.07677, proposition 1): with keys and queries x and values y, what is read at a query is sum_j y_j x_j.x, the step
from w = 0.

b batch   n num_examples   d dim   m d_model = d + 1
"""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab.core.prompts import PromptBatch, require_examples
from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.linear_attention import LinearAttention


class GradientStep(nn.Module):
    """Predicts x.w with w = (rate / num_examples) sum_j y_j x_j over the examples before x.

    After `num_examples` of them this is `gradient_descent(steps=1, rate=rate)`; the layer cannot count, so that its
    step is too small before and too large after.

    Args:
        dim: Of x.
        num_examples: Examples that the step is meant for.
        rate: The step.
    """

    label = "gradient_step"

    def __init__(self, dim: int, num_examples: int, rate: float = 1.0) -> None:
        super().__init__()
        site = Site(d_model=dim + 1, depth=1, generator=torch.Generator().manual_seed(0))
        self.mixer = LinearAttention(num_heads=1, features="identity").build(site)
        inputs = torch.diag(torch.tensor([1.0] * dim + [0.0]))
        label = torch.eye(dim + 1) - inputs
        weights = {"to_q": inputs, "to_k": inputs, "to_v": label, "to_out": rate / num_examples * label}
        with torch.no_grad():
            for name, weight in weights.items():
                getattr(self.mixer, name).weight.copy_(weight)

    @torch.no_grad()
    def predict(self, prompts: PromptBatch) -> Float[Tensor, "b n"]:
        """The answer at each x from the examples before it."""
        examples = require_examples(prompts, self.label)
        # A question is an input whose label is 0: it adds nothing to what later questions read.
        asked = torch.cat([examples.queries, torch.zeros_like(examples.ys)[..., None]], dim=2)
        known = torch.cat([examples.xs, examples.ys[..., None]], dim=2)
        tokens = rearrange([asked, known], "two b n m -> b (n two) m").to(self.mixer.to_q.weight)
        return (tokens + self.mixer(tokens))[:, ::2, -1]
