"""What a task is: a distribution over prompts, with its objective and its reference levels.

b batch   l length (predictions asked of a prompt)   d dim   t num_tokens
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered
from icl_lab.core.streams import Stream
from icl_lab.tasks.parts.curriculum import Curriculum
from icl_lab.tasks.parts.objectives import Objective

TASKS: Registry["Task"] = Registry("task", "icl_lab.tasks")


@dataclass(frozen=True, kw_only=True)
class Task(Registered):
    """A distribution over prompts; one function is drawn per prompt.

    Attributes:
        formula: What is sampled, in one line.
        source: Where the task comes from.
        corrected: Defects of released code that this task does not have, or that a setting brings back; one line each.

    Args:
        length: Context length, the number of examples in a prompt.
    """

    registry = TASKS
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""
    corrected: ClassVar[tuple[str, ...]] = ()

    length: Count = 41

    @property
    @abstractmethod
    def objective(self) -> Objective:
        """How predictions are trained and judged."""

    @property
    def metric(self) -> str:
        """Name of the reported error."""
        return self.objective.metric

    @property
    def baselines(self) -> tuple[str, ...]:
        """The baselines that are compared by default, as `icl compare --baselines` takes them, the strongest first."""
        return ()

    @property
    def d_token(self) -> int:
        """Width of a token vector; 0 where tokens are symbols."""
        return 0

    @property
    def vocabulary(self) -> int:
        """Symbols that a token can be; 0 where tokens are vectors."""
        return 0

    @property
    def d_output(self) -> int:
        """Numbers asked for at a query."""
        return 1

    @property
    def num_tokens(self) -> int:
        """Tokens in a prompt."""
        return 2 * self.length

    @property
    @abstractmethod
    def zero_error(self) -> float:
        """Expected error of the predictor that always says zero; where symbols are asked for, that is pure chance."""

    @property
    def axis(self) -> str:
        """What the points of a learning curve count, in words."""
        return "examples in the prompt"

    @property
    def milestones(self) -> tuple[int, ...]:
        """After how many examples tables hold errors, ascending; what lies beyond the prompt stands for its end."""
        return (self.length - 1,)

    @property
    def shared_draws(self) -> bool:
        """Whether the prompts of a batch have a random draw in common, so that they are not independent."""
        return False

    @property
    def curriculum(self) -> Curriculum:
        """The published curriculum; none where none is published."""
        return Curriculum()

    @abstractmethod
    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        """Prompts, float32, a pure function of the arguments.

        Args:
            stream: Address of the randomness; a different one for training and for evaluation.
            step: Which batch of the stream.
            batch: Number of prompts.
        """

    def asked(self, prompts: PromptBatch) -> PromptBatch:
        """Training prompts as they are asked at evaluation; the same by default."""
        return prompts

    def loss(self, predictions: Float[Tensor, "batch length *outputs"], prompts: PromptBatch) -> Float[Tensor, ""]:
        """The training objective: a mean over the scored predictions."""
        return self.objective.loss(predictions, prompts)

    def error(
        self, predictions: Float[Tensor, "batch length *outputs"], prompts: PromptBatch
    ) -> Float[Tensor, "batch length"]:
        """The reported error of each prediction, in the unit that `metric` names; NaN where it is not scored."""
        return self.objective.error(predictions, prompts)
