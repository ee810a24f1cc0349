"""Rows that a folder holds of trainings that are gone: another machine made them, or the trainings were deleted."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.core.errors import UserError
from icl_lab.core.records import Record
from icl_lab.evaluation.curves import Curves
from icl_lab.evaluation.joining.joined import joined_rows
from icl_lab.evaluation.joining.trainings import Trainings
from icl_lab.report.comparison.data import Comparison, Published
from icl_lab.report.comparison.folder import read_comparison

CLOSE = 1e-3
"""Two occasions have the same prompts where the errors of a baseline differ by less: rows have five digits."""


@dataclass(frozen=True)
class Held:
    """The comparison of an earlier occasion.

    Args:
        folder: Where it is.
        comparison: What was found then.
        gone: Digests of the trainings that are taken over.
    """

    folder: Path
    comparison: Comparison
    gone: Set[str]

    def joined(self, spec: ComparisonSpec, evaluated: Sequence[Curves], fresh: Sequence[Record]) -> list[Record]:
        """The rows of both occasions as those of one.

        Args:
            spec: The whole comparison.
            evaluated: What was evaluated now.
            fresh: The rows of that.

        Raises:
            UserError: The prompts were others, or other baselines were asked.
        """
        for curves in evaluated:
            self._check_prompts(curves)
        runs: dict[str, dict[int, str]] = {}
        for run in spec.runs():
            runs.setdefault(spec.label(run.model), {})[run.seed] = run.digest()
        here = {digest for one in runs.values() for digest in one.values()} - self.gone
        return joined_rows(evaluated, fresh, self.comparison.records, Trainings(runs, here))

    def described(self, now: Comparison) -> Comparison:
        """The description of both occasions.

        Args:
            now: That of this one.
        """
        refused = {shift: dict(why) for shift, why in self.comparison.refused.items()}
        for shift, why in now.refused.items():
            refused[shift] = refused.get(shift, {}) | dict(why)
        return replace(
            now,
            refused=refused,
            published=(*now.published, *(one for one in self.comparison.published if self._is_new(one, now))),
            environments=(
                *now.environments,
                *(one for one in self.comparison.environments if one not in now.environments),
            ),
        )

    def _is_new(self, one: Published, now: Comparison) -> bool:
        names = {(two.predictor, two.shift, two.figure) for two in now.published}
        return one.predictor in now.kinds and (one.predictor, one.shift, one.figure) not in names

    def _check_prompts(self, curves: Curves) -> None:
        if self.comparison.number("zero_error", "zero", curves.shift) is None:
            raise self._others("the zero predictor", curves.shift)
        metric = curves.task.metric
        rows = self.comparison.rows(f"{metric}_mean", curves.shift)
        for errors in curves.errors:
            if errors.kind == "model":
                continue
            held = rows.filter(pl.col("predictor") == errors.label)
            asked = held["shown"].to_numpy()
            ours = np.nanmean(errors.values[:, asked], axis=0) if len(asked) else np.empty(0)
            finite = np.isfinite(ours)
            theirs = held["value"].cast(pl.Float64).fill_null(np.inf).to_numpy()
            if not len(asked) or not np.allclose(ours[finite], theirs[finite], rtol=CLOSE, atol=CLOSE**2):
                raise self._others(errors.label, curves.shift)

    def _others(self, label: str, shift: str) -> UserError:
        under = f" under {shift}" if shift else ""
        return UserError(
            f"{self.folder}: expected rows of {label}{under} on the prompts of now, and it has others or none; move "
            "the folder away to train and evaluate everything anew"
        )


def held_rows(spec: ComparisonSpec, folder: Path, gone: Set[str]) -> Held | None:
    """What a folder holds of some trainings of a comparison; none where they are none.

    Args:
        spec: The comparison.
        folder: Its folder.
        gone: Digests of the trainings.

    Raises:
        UserError: The folder has no rows of one of them, or has them on other prompts.
        DamagedFile: It cannot be read.
    """
    if not gone:
        return None
    found = read_comparison(folder)
    missing = gone - set(found.rows("training_seconds")["run"])
    if missing:
        raise UserError(
            f"{folder}: expected rows of the trainings {', '.join(sorted(missing))}, which are gone; train them again"
        )
    held = {name: found.settings.get(name) for name in ("held-out prompts", "evaluation seed")}
    asked = {"held-out prompts": spec.num_prompts, "evaluation seed": spec.seed}
    if held != asked:
        raise UserError(f"{folder}: expected rows with {asked}, got {held}; move the folder away to evaluate anew")
    return Held(folder, found, gone)
