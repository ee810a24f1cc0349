"""Single-index functions: a random polynomial of one hidden direction (Oko et al. 2024).

b batch   n num_inputs   d dim   r index_dim   p degrees of the polynomial
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy.polynomial.hermite_e import hermeval

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.base import Inputs
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.parts.curriculum import Curriculum

BATCHES = 1000  # of inputs, behind the variance where x is not isotropic: its own error is then about 2 %


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class SingleIndex(FunctionClass):
    """y = g(beta.x), beta a random unit vector, g a random mix of Hermite polynomials of degrees `lowest` to `highest`.

    Each polynomial is scaled to variance 1 and their coefficients are uniform on the unit sphere, so y has variance 1.
    With `lowest` above 1 the label has no linear part: least squares learns nothing, and a kernel has to learn all
    polynomials of dim coordinates where one direction would do. The directions of all prompts lie in one subspace of
    `index_dim` dimensions, which only training can find out; it is that of the first coordinates, since any other is
    a rotation of it, which isotropic inputs do not notice. The sizes are ours: from 100 examples of 16 coordinates, no
    baseline here learns anything.

    Args:
        index_dim: Dimensions of the subspace of directions; all by default.
        lowest: Degree of the first polynomial, the paper's information exponent where inputs are isotropic.
        highest: Degree of the last.
    """

    formula = "beta uniform on the unit sphere of R^r, c on that of R^p;  y = sum_q c_q He_q(beta.x) / sqrt(q!) + noise"
    source = "Oko et al. 2024 (arXiv 2411.02544), section 2"
    per = ""
    # The function is not homogeneous: its variance is computed for inputs as they are scaled.
    degree = 0

    dim: Count = 5
    length: Count = 101
    index_dim: Count | None = None
    lowest: Count = 2
    highest: Count = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lowest > self.highest:
            expected = f"at most highest={self.highest}"
            raise UserError(f"{self.spec_name()}.lowest: expected {expected}, got {self.lowest}")

    @property
    def baselines(self) -> tuple[str, ...]:
        # A length scale of sqrt(dim) is that of the distances between inputs. Noise counts against the function.
        noise = max(self.label_noise / self.function_variance**0.5, 0.1)
        kernel = f"gp_posterior(length_scale={self.input_scale * self.num_active**0.5:.4g}, noise={noise:.4g})"
        return (kernel, "nearest_neighbours", "least_squares")

    @property
    def num_directions(self) -> int:
        """Dimensions of the subspace that directions are drawn from."""
        return self.num_active if self.index_dim is None else min(self.index_dim, self.num_active)

    @property
    def function_variance(self) -> float:
        """E f(x)^2 for inputs as they are scaled."""
        if isinstance(self.inputs, Isotropic):
            return _mean_square(self.lowest, self.highest, self.input_scale)
        return _mean_square_at(self.lowest, self.highest, self.inputs, self.input_scale, self.dim, self.num_directions)

    @property
    def curriculum(self) -> Curriculum:
        """None is published."""
        return Curriculum()

    def labels(
        self, xs: Float[np.ndarray, "batch num_inputs dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch num_inputs"]:
        beta = _directions(generator, len(xs), self.num_directions)
        coefficients = _directions(generator, len(xs), self.highest - self.lowest + 1)
        index = (xs[..., : self.num_directions] @ beta[..., None])[..., 0]
        return (coefficients[:, None] * _polynomials(index, self.lowest, self.highest)).sum(2)


def _directions(generator: np.random.Generator, count: int, dim: int) -> Float[np.ndarray, "count dim"]:
    """Unit vectors, uniform on the sphere."""
    drawn = generator.standard_normal((count, dim))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def _polynomials(z: Float[np.ndarray, "*shape"], lowest: int, highest: int) -> Float[np.ndarray, "*shape p"]:
    """He_q(z) / sqrt(q!) for every degree q: orthonormal under z ~ N(0, 1)."""
    degrees = range(lowest, highest + 1)
    scaled = np.eye(highest + 1)[list(degrees)] / np.sqrt([[float(_factorial(q))] for q in degrees])
    return np.moveaxis(hermeval(z, scaled.T), 0, -1)


def _factorial(number: int) -> int:
    return number * _factorial(number - 1) if number else 1


@cache
def _mean_square(lowest: int, highest: int, scale: float) -> float:
    """E g(scale z)^2 over z ~ N(0, 1) and over g; by Gauss's quadrature, which is exact for these polynomials."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(highest + 1)
    squares = _polynomials(scale * nodes, lowest, highest) ** 2
    return float(weights @ squares.mean(1) / weights.sum())


@cache
def _mean_square_at(lowest: int, highest: int, inputs: Inputs, scale: float, dim: int, directions: int) -> float:
    """The same for other inputs, sampled."""
    generator = Stream(0, ("single_index", "variance")).generator()
    squares = []
    for _ in range(BATCHES):  # some inputs draw their axes once a batch
        xs = scale * inputs.sample(generator, 32, 16, dim)[..., :directions]
        index = (xs @ _directions(generator, 32, directions)[..., None])[..., 0]
        squares.append((_polynomials(index, lowest, highest) ** 2).mean())
    return float(np.mean(squares))
