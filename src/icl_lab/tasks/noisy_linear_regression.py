"""Linear functions with noise on every label, in training too (released code of Garg et al. 2022 and Park et al.)."""

from dataclasses import dataclass

from icl_lab.core.bounds import NonNegative
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.linear_regression import LinearRegression


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class NoisyLinearRegression(LinearRegression):
    """y = w.x + noise with w ~ N(0, I), one w a prompt; `restandardised` rescales y to the variance of w.x.

    Ridge regression of the noise's variance is the posterior mean of w, so no predictor has a smaller error.
    """

    formula = "w ~ N(0, I_d);  y = w.x + N(0, label_noise^2)"
    source = "Garg et al. 2022 (arXiv 2208.01066) and Park et al. 2024 (arXiv 2402.04248), released code"

    label_noise: NonNegative = 1.0

    @property
    def baselines(self) -> tuple[str, ...]:
        # A factor on the labels is one on w and noise alike: it leaves the ratio of their variances as it is.
        variance = self.label_noise**2
        ridge = () if variance == 0 else ("ridge",) if variance == 1 else (f"ridge(strength={variance:.12g})",)
        return (*ridge, *super().baselines)
