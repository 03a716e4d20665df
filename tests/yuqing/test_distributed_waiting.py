"""A stage that waits for a server is no stage that hangs: it beats, and says what it waits for."""

import threading
from datetime import UTC, datetime

from support.service import until

from api.console.source_view import stage_view
from posts.errors import RetryError
from registry import stages as kept
from registry.db import Database
from yuqing import stages
from yuqing.folder import DataFolder
from yuqing.settings import RespondSettings, Settings
from yuqing.wiring import Wiring

AWAY = "检索服务 http://127.0.0.1:9 连不上。"


def test_it_beats_while_it_waits_and_the_desk_shows_for_what(tmp_path) -> None:
    settings = Settings(respond=RespondSettings(silent_s=10))
    wiring = Wiring(settings, DataFolder(tmp_path / "data"))
    stop, progress = threading.Event(), stages.Progress()
    away = True

    def step() -> int:
        if away:
            raise RetryError(AWAY)
        return 0

    def shown() -> kept.Stage | None:
        with wiring.database.reading() as session:
            return next(iter(kept.everything(session)), None)

    assert isinstance(wiring.database, Database)
    stages.heartbeat(wiring, "analyze", stop, progress)
    thread = threading.Thread(
        target=stages.run_steps, args=(step, stop), kwargs={"name": "x", "progress": progress}
    )
    thread.start()
    try:
        stage = until(shown, what="it beats")
        assert stage.detail == AWAY
        view = stage_view(stage, stage.beat_at)
        assert (view.code, view.word) == ("slow", "等待中")
        assert AWAY in view.detail
        away = False
        stage = until(lambda: (now := shown()) and not now.detail and now, what="it works again")
        assert stage_view(stage, datetime.now(UTC)).code == "ok"
    finally:
        stop.set()
        thread.join(60)
        wiring.close()
