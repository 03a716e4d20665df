from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.api import MadeDesk, make_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MadeDesk]:
    with make_desk(tmp_path) as made:
        yield made
