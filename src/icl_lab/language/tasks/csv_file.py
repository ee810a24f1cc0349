"""Pairs from a file of the user's."""

from dataclasses import dataclass
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.language.base import LANGUAGE_TASKS, Category, Judgement, LanguageTask, Pair
from icl_lab.language.pairs.csv_lists import read_pairs


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class CsvFile(LanguageTask):
    """Pairs from a file of yours: a CSV with the columns input,output; other right outputs after bars.

    Args:
        path: The file.
        kind: The category it is shown under.
        right: When an answer is right: equal, one a prefix of the other, or words with a meaning in common.
        one_token: Whether to ask only outputs of a single token.
    """

    formula = "input->output"
    source = "a file of yours"

    path: str = ""
    kind: Category = "own"
    right: Judgement = "exact"
    one_token: bool = True

    def pairs(self) -> tuple[Pair, ...]:
        if not self.path:
            raise UserError("csv_file: expected the setting path, as in csv_file(path=mine.csv), or mine.csv alone")
        return read_pairs(Path(self.path))

    @property
    def group(self) -> Category:
        return self.kind

    @property
    def judged(self) -> Judgement:
        return self.right

    @property
    def single_token(self) -> bool:
        return self.one_token

    @property
    def title(self) -> str:
        return Path(self.path).stem or self.name
