"""The original lists, where a user has them."""

import json
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.import_hendel import import_hendel


def test_the_lists_of_hendel_are_read_where_they_are(tmp_path: Path) -> None:
    source = tmp_path / "icl_task_vectors"
    (source / "data" / "translation").mkdir(parents=True)
    (source / "data" / "translation" / "fr_en.json").write_text(json.dumps({"eau": "water", "feu": "fire"}))
    assert import_hendel(source, tmp_path / "pairs") == {"french_english": 2}
    task = LANGUAGE_TASKS.get("french_english")(folder=str(tmp_path / "pairs"))
    assert task.pairs() == (Pair("eau", ("water",)), Pair("feu", ("fire",)))
    with pytest.raises(UserError, match="expected files such as"):
        import_hendel(tmp_path / "nothing", tmp_path / "pairs")
    (source / "data" / "translation" / "fr_en.json").write_text("[1]")
    with pytest.raises(DamagedFile):
        import_hendel(source, tmp_path / "pairs")
