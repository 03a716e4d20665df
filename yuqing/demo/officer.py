"""The user 演示: claims the alert, opens an incident, sets its level, by the public API only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import structlog

from yuqing.demo.story import OCCURRED_MIN
from yuqing.folder import DataFolder

log = structlog.get_logger()

RULE = "demo-water"
LEVEL = "重大"


def work(url: str, folder: DataFolder, stop: Event) -> None:
    """Do the officer's part once."""
    token = json.loads((folder.path / "officer.json").read_text(encoding="utf-8"))["token"]
    plan = json.loads((folder.path / "demo.json").read_text(encoding="utf-8"))
    occurred = datetime.fromisoformat(plan["epoch"]) - timedelta(minutes=OCCURRED_MIN)
    while not stop.wait(1.0):
        try:
            if _step(url, token, occurred):
                break
        except (urllib.error.URLError, OSError, ValueError, KeyError) as error:
            log.info("officer_waits", error=str(error)[:200])


def _step(url: str, token: str, occurred: datetime) -> bool:
    """One look; true when nothing is left to do."""
    alerts = _call(url, token, "GET", "api/v1/alerts?limit=200")["items"]
    alert = next((one for one in alerts if one["rule"] == RULE), None)
    if alert is None:
        return False
    if alert.get("incident"):
        return True
    if alert["state"] == "待处置":
        _call(url, token, "POST", f"api/v1/alerts/{alert['id']}/claim", {})
    incident = _call(
        url,
        token,
        "POST",
        f"api/v1/alerts/{alert['id']}/incident",
        {
            "title": "弄坝水库水质异常及停水（演示）",
            "event_type": "事故灾难",
            "occurred": occurred.isoformat(),
        },
    )
    _call(
        url,
        token,
        "POST",
        f"api/v1/incidents/{incident['id']}/level",
        {"level": LEVEL, "reason": "涉及集镇供水，传播较快（演示）"},
    )
    return True


def _call(
    url: str, token: str, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the console's own address
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found
