"""A desk with something on it: posts, alerts, incidents at every stage, sources, notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from posts.identity import post_id
from posts.model import (
    Certainty,
    HitCertainty,
    LocalityHit,
    Post,
    Score,
    ScoredPost,
    Sentiment,
    Signal,
)
from registry import alert_rules, areas, outbox, sources, stages
from registry.alert_rules import AlertRule
from registry.areas import Area
from registry.sources import Source
from responder import alert_growth, incidents
from responder.drafts import draft

if TYPE_CHECKING:
    from support.api import MadeDesk

BY = "值班员甲"


def scored(
    number: int,
    now: datetime,
    *,
    title: str = "弄坝镇又停水了，什么时候来水",
    text: str = "早上六点开始停水，问了水厂说在抢修，一直没有人出来说明情况。",
    url: str | None = None,
    source: str = "county-forum",
    kind: str = "forum",
    minutes: float = 30,
) -> ScoredPost:
    """A scored post of some minutes ago; ``number`` makes it another one."""
    at = now - timedelta(minutes=minutes)
    post = Post(
        id=post_id(source, native=str(number)),
        source=source,
        kind=kind,
        url=url or f"https://forum.example/{number}",
        title=title,
        text=text,
        published_at=at,
        certainty=Certainty.EXACT,
        first_seen_at=now,
        version=1,
        filed_month="2026-03",
    )
    hit = LocalityHit("533103", "弄坝镇", "弄坝镇", 0, 3, HitCertainty.SURE, "全县唯一同名")
    score = Score(
        p_negative=0.86,
        p_positive=0.08,
        p_appeal=None,
        sentiment=Sentiment.NEGATIVE if number % 3 else Sentiment.NEUTRAL,
        scorer="trivial",
    )
    return ScoredPost(
        post=post, score=score, localities=(hit,), areas=("5331", "533103"), scored_at=now
    )


def signal(
    number: int,
    now: datetime,
    posts: list[ScoredPost],
    *,
    title: str = "弄坝镇停水",
    reason: str = "规则“停水”：1 小时内 12 条，预警线 3 条",
    heat: str = "orange",
) -> Signal:
    """A crossing of the rule on 停水."""
    return Signal(
        id=f"signal-{number}",
        rule="water",
        fingerprint=f"water-{number}",
        title=title,
        reason=reason,
        heat=heat,
        count=len(posts),
        threshold=3,
        window_start=now - timedelta(hours=1),
        window_end=now,
        first_post_at=min(post.post.published_at for post in posts),
        newest_post_at=max(post.post.published_at for post in posts),
        newest_arrival_at=now,
        areas=("533103",),
        sources=tuple(dict.fromkeys(post.post.source for post in posts)),
        posts=tuple(post.post.id for post in posts),
        created_at=now,
    )


def fill(desk: MadeDesk) -> dict[str, int]:
    """Everything that the pages can show; gives the ids of an alert and of an incident."""
    now = desk.clock()
    posts = [scored(number, now, minutes=11 * number + 5) for number in range(40)]
    desk.index.write(posts)
    with desk.database.transaction() as session:
        areas.put(session, Area(code="533103", name="弄坝镇", level="town", own=True))
        _sources(session, now)
        alert_rules.put(
            session,
            AlertRule(id="water", name="停水", any_of=("停水", "没水"), heat="orange"),
            now=now,
        )
        made = [
            alert_growth.absorb(
                session, signal(number, now, posts[:12], title=title, heat=heat), now=now
            )
            for number, (title, heat) in enumerate(
                (
                    ("弄坝镇停水", "red"),
                    ("翡翠直播间“七天无理由”不予退货，多人晒聊天截图", "orange"),
                    ("家长问弄坝小学下周饮水怎么办", "yellow"),
                    ("菌子交易市场周末是否开放", "blue"),
                )
            )
        ]
        alert = made[1]
        assert alert is not None
        incident = _incidents(session, now)
        outbox.put(
            session,
            kind="reminder",
            key="sent-1",
            payload={"incident": incident, "title": "芒岭口岸边坡滑塌 首次权威发布 还剩 10%"},
            due_at=now,
            now=now,
        )
        (message,) = outbox.due(session, now=now)
        outbox.not_sent(session, message.id, now=now, reason="已有更新的一道提醒")
        stages.report(session, "crawl", state="running", now=now, pid=1)
        stages.report(session, "analyze", state="restarting", now=now, pid=2, restarts=2)
    return {"alert": alert.id, "incident": incident}


def _sources(session, now: datetime) -> None:
    for source_id, name, kind in (
        ("county-forum", "岚江在线 论坛", "forum"),
        ("county-site", "县政府网站", "gov"),
        ("hotline", "12345 热线", "hotline"),
    ):
        sources.put(
            session,
            Source(
                id=source_id,
                name=name,
                kind=kind,
                spider="site",
                url=f"https://{source_id}.example/list",
                area="533103",
            ),
            now=now - timedelta(hours=3),
        )
    sources.record_success(session, "county-site", now=now, found=12, new=2)
    sources.record_success(session, "hotline", now=now - timedelta(minutes=3), found=36, new=36)
    for minutes in (40, 30, 20, 10, 5):
        sources.record_failure(
            session,
            "county-forum",
            now=now - timedelta(minutes=minutes),
            failure="login_page",
            detail="302",
        )


def _incidents(session, now: datetime) -> int:
    def opened(title: str, hours: float, level: str | None) -> int:
        made = incidents.open_incident(
            session,
            title=title,
            by=BY,
            now=now - timedelta(minutes=42),
            occurred=now - timedelta(hours=hours),
            level=level,
            criteria="人数已核" if level else "",
            event_type="事故灾难",
        )
        return made.id

    opened("弄坝水库水质异常及停水传言", 15.64, "重大")
    first = opened("芒岭口岸货运通道边坡滑塌致拥堵", 4.84, "重大")
    opened("直播间翡翠退货难集中投诉", 3, "一般")
    opened("弄坝镇多人食用野生菌后就医", 1.5, None)
    fact = {"type": "fact", "text": "滞留货车 1,312 辆，司乘约 2,600 人。", "status": "已确认"}
    incidents.add(session, first, draft(fact, by=BY, now=now), now=now)
    held = {
        "type": "conference",
        "status": "held",
        "title": "首场新闻发布会",
        "at": (now - timedelta(minutes=30)).isoformat(),
        "evidence": {"channel": "现场", "place": "县政府三楼", "signer": "段明远"},
    }
    incidents.add(session, first, draft(held, by=BY, now=now), now=now)
    return first
