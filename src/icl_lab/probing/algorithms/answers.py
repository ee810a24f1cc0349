"""What classical methods answer to questions, all members of all families, after a given number of examples.

s members   f functions   q queries   d dim
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import ExampleBaseline, LinearBaseline
from icl_lab.baselines.parts.iterations import IterativeBaseline, Spectrum, spectrum_of
from icl_lab.probing.algorithms.families import Family, families
from icl_lab.probing.questions import Questions


@dataclass(frozen=True)
class Answers:
    """The answers of one family.

    Args:
        family: Whose.
        predictions: At the queries, `(members, functions, queries)`, float64.
        weights: The w of each member, `(members, functions, dim)`; none where it has none.
    """

    family: Family
    predictions: Float[Tensor, "members functions queries"]
    weights: Float[Tensor, "members functions dim"] | None


def answers(questions: Questions, shown: int, which: Sequence[Family] | None = None) -> tuple[Answers, ...]:
    """What every method answers after `shown` examples, at least one.

    Args:
        questions: On the CPU.
        shown: Examples before each query.
        which: The families; those of `families` by default, made for the inputs of these examples.
    """
    xs, ys = questions.xs[:, :shown].double(), questions.ys[:, :shown].double()
    queries = questions.queries.double()
    spectrum = spectrum_of(xs.mT @ xs, (xs.mT @ ys[..., None])[..., 0], shown)
    found = []
    for family in families(float(spectrum.largest.mean())) if which is None else which:
        if all(isinstance(member, LinearBaseline) for member in family.members):
            weights = _weights(family, xs, ys, spectrum)
            found.append(Answers(family, torch.einsum("sfd,fqd->sfq", weights, queries), weights))
        else:
            predictions = torch.stack([_asked(member, xs, ys, queries) for member in family.members])
            found.append(Answers(family, predictions, None))
    return tuple(found)


def _weights(
    family: Family, xs: Float[Tensor, "f n d"], ys: Float[Tensor, "f n"], spectrum: Spectrum
) -> Float[Tensor, "s f d"]:
    """The w of every member; the steps of an iterative method are taken once for all members that share them."""
    found, walked = [], {}
    for member in family.members:
        if isinstance(member, IterativeBaseline):
            way = member.replace(steps=0)
            if way not in walked:
                alike = [one for one in family.members if isinstance(one, IterativeBaseline)]
                longest = max(one.steps for one in alike if one.replace(steps=0) == way)
                walked[way] = member.iterates(spectrum, longest)
            found.append(walked[way][member.steps])
        else:
            assert isinstance(member, LinearBaseline)
            found.append(next(iter(member.weights(xs, ys, [xs.shape[1]]))))
    return torch.stack(found)


def _asked(
    member: ExampleBaseline, xs: Float[Tensor, "f n d"], ys: Float[Tensor, "f n"], queries: Float[Tensor, "f q d"]
) -> Float[Tensor, "f q"]:
    """Ask a method that has no weights: a prompt for each query, of which it is the last input."""
    shape, shown = queries.shape[:2], xs.shape[1]
    xs = rearrange(xs[:, None].expand(*shape, *xs.shape[1:]), "f q n d -> (f q) n d")
    ys = rearrange(ys[:, None].expand(*shape, shown), "f q n -> (f q) n")
    asked = rearrange(queries, "f q d -> (f q) 1 d")
    xs, ys = torch.cat([xs, asked], dim=1), torch.cat([ys, torch.zeros_like(ys[:, :1])], dim=1)
    return member.predict_examples(xs, ys, xs, [shown])[:, 0].reshape(shape)
