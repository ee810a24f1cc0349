import pytest

from tests.end_to_end.commands import Icl


@pytest.fixture
def icl(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Icl:
    return Icl(capsys, monkeypatch)
