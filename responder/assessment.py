"""研判: the assessment form as the data fills it in, and a level that a person may decide on.

Pure: figures and entries in, sentences out. Each figure carries the query that it was counted by.
The level is only proposed, and only from casualties and losses that a person wrote as confirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from responder.clocks import Clock
from responder.entries import Certain, Entry, EventType, Fact
from responder.wording import instant

FEW = 30  # posts below which a share says little (our decision)
CITATION = "生产安全事故报告和调查处理条例（国务院令第493号）第三条"
DEAD, HURT, LOSS = "死亡", "重伤", "直接经济损失"
_LEVELS = ("特别重大", "重大", "较大", "一般")
_DEAD = (30, 10, 3, 1)
_HURT = (100, 50, 10, 1)
_LOSS = (10_000.0, 5_000.0, 1_000.0, 0.0)  # 万元; the last: anything above
_NUMBER = r"(\d[\d,，]*(?:\.\d+)?|[零一二两三四五六七八九十百]{1,5})"
_OF_DEAD = re.compile(rf"(?:死亡|遇难|身亡|罹难)(?:人数)?(?:共|为|达)?{_NUMBER}(?:名|人)")
_OF_DEAD_AFTER = re.compile(rf"{_NUMBER}(?:名|人)(?:人员|群众|工人)?(?:死亡|遇难|身亡|罹难)")
_OF_HURT = re.compile(rf"重伤(?:人数)?(?:共|为|达)?{_NUMBER}(?:名|人)")
_OF_HURT_AFTER = re.compile(rf"{_NUMBER}(?:名|人)(?:人员|群众|工人)?重伤")
_OF_LOSS = re.compile(rf"(?:直接)?经济损失(?:共|为|达|约)*{_NUMBER}(万|亿)元?")
_UNSURE = re.compile("疑似|可能|据传|传言|网传|不实|或有|谣")
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}


class Figure(Struct, frozen=True, kw_only=True):
    """A number and the parameters of ``/search`` by which anyone counts it again."""

    name: str
    value: int
    query: dict[str, str]


class Place(Struct, frozen=True, kw_only=True):
    """A place and how many posts name it."""

    name: str
    posts: Figure


class Figures(Struct, frozen=True, kw_only=True):
    """What the index holds by one query, at one instant. ``hour_before``: the hour before that."""

    at: datetime
    posts: Figure
    negative: Figure
    uncertain: Figure
    sources: Figure
    last_hour: Figure
    hour_before: Figure
    places: tuple[Place, ...] = ()
    first_at: datetime | None = None
    first_source: str = ""
    first: Figure | None = None


class Counted(Struct, frozen=True, kw_only=True):
    """A number of casualties, or a loss in 万元, with the entry that says it."""

    name: str
    value: float
    seq: int
    sure: bool  # a person wrote it as confirmed

    @property
    def said(self) -> str:
        """In words, with the number of its entry."""
        unit = "万元" if self.name == LOSS else "人"
        return f"{self.name} {self.value:g} {unit}（记录 #{self.seq}）"


class Proposal(Struct, frozen=True, kw_only=True):
    """A level for a person to decide on; "" where nothing that a person confirmed supports one."""

    level: str
    reasons: tuple[str, ...]


class Draft(Struct, frozen=True, kw_only=True):
    """The four parts of an assessment as the form shows them first."""

    nature: str
    trend: str
    risk: str
    advice: str


def share(figures: Figures) -> str:
    """The negative share with its denominator, and what it is worth."""
    total = figures.posts.value
    if not total:
        return "没有帖文，谈不上比例"
    said = f"负面 {figures.negative.value} 条，占 {total} 条的 {figures.negative.value / total:.0%}"
    if figures.uncertain.value:
        said += f"，另有 {figures.uncertain.value} 条不确定"
    return said + (f"（不足 {FEW} 条，比例只供参考）" if total < FEW else "")


def hours(figures: Figures) -> str:
    """How long it has been going on, in words."""
    if figures.first_at is None:
        return ""
    minutes = max(0, int((figures.at - figures.first_at).total_seconds())) // 60
    whole, rest = divmod(minutes, 60)
    return f"{whole} 小时 {rest} 分" if whole else f"{rest} 分钟"


def direction(figures: Figures) -> str:
    """The last hour against the one before."""
    now, before = figures.last_hour.value, figures.hour_before.value
    word = "上升" if now > before else "下降" if now < before else "持平"
    return f"近 1 小时 {now} 条，前 1 小时 {before} 条，{word}"


def draft(
    *,
    title: str,
    event_type: str,
    figures: Figures | None,
    entries: Sequence[Entry],
    clocks: Iterable[Clock],
    proposal: Proposal,
) -> Draft:
    """Sentences that say what is known; whoever assesses changes them."""
    facts = [entry for entry in entries if isinstance(entry, Fact)]
    known = [fact.text.rstrip("。") for fact in facts if fact.status is Certain.YES]
    unsure = [fact.text.rstrip("。") for fact in facts if fact.status is not Certain.YES]
    nature = [f"{title}。事件类型：{event_type or '待定'}。"]
    if known:
        nature.append(f"已确认：{'；'.join(known)}。")
    trend, risk = [], []
    if figures is not None and figures.posts.value:
        trend.append(
            f"截至 {instant(figures.at)}，{figures.posts.value} 条，"
            f"{figures.sources.value} 个来源，历时 {hours(figures)}；{direction(figures)}。"
        )
        if figures.first_at is not None:
            trend.append(f"首帖 {instant(figures.first_at)}，{figures.first_source}。")
        if figures.places:
            said = "、".join(f"{one.name} {one.posts.value} 条" for one in figures.places)
            trend.append(f"涉及 {said}。")
        risk.append(f"{share(figures)}。")
    if unsure:
        risk.append(f"尚待核实：{'；'.join(unsure)}。")
    live = [clock for clock in clocks if clock.state in _LIVE]
    advice = [f"{instant(clock.due)} 前完成{clock.name}（{clock.rule}）。" for clock in live]
    if proposal.level:
        advice.append(f"建议定级：{proposal.level}，由人决定。{'；'.join(proposal.reasons)}。")
    return Draft(
        nature="\n".join(nature),
        trend="\n".join(trend),
        risk="\n".join(risk),
        advice="\n".join(advice),
    )


_LIVE = frozenset({"conditional", "running", "due_soon", "overdue"})


def propose_level(
    entries: Sequence[Entry], *, event_type: str, levels: Sequence[str] = _LEVELS
) -> Proposal:
    """A level by the casualties and losses that persons wrote as confirmed; the newest of each."""
    if event_type and event_type != EventType.ACCIDENT.value:
        return Proposal(
            level="", reasons=(f"{event_type}没有可以照套的数字标准，请按有关规定由人定级",)
        )
    counted = numbers(entries)
    unsure = any(not one.sure for one in counted)
    graded = [_grade(one) for one in counted if one.sure and one.value > 0]
    if not graded:
        why = "没有已确认的伤亡或损失数字，不提建议"
        return Proposal(level="", reasons=(why + ("；待核实的不作依据" if unsure else ""),))
    best = min(rank for rank, _ in graded)
    reasons = [said for rank, said in graded if rank == best]
    level = _LEVELS[best]
    if level not in levels:
        return Proposal(level="", reasons=(*reasons, f"本单位的级别中没有“{level}”，请由人定级"))
    kind = "" if event_type else "；事件类型未定，按生产安全事故参照"
    return Proposal(level=level, reasons=(*reasons, f"{CITATION}{kind}"))


def numbers(entries: Sequence[Entry]) -> list[Counted]:
    """The newest number of each kind that a fact says, confirmed ones and others apart."""
    found: dict[tuple[bool, str], Counted] = {}
    facts = (entry for entry in entries if isinstance(entry, Fact))
    for fact in sorted(facts, key=lambda fact: (fact.at, fact.seq)):
        sure = fact.status is Certain.YES
        for name, value in _numbers(fact.text).items():
            found[sure, name] = Counted(name=name, value=value, seq=fact.seq, sure=sure)
    return list(found.values())


def _grade(one: Counted) -> tuple[int, str]:
    steps = {DEAD: _DEAD, HURT: _HURT, LOSS: _LOSS}[one.name]
    rank = next((n for n, least in enumerate(steps) if one.value >= least), len(steps) - 1)
    return rank, one.said


def _numbers(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for clause in re.split("[。；;，,](?!\\d)", re.sub(r"\s+", "", text)):
        if _UNSURE.search(clause):
            continue
        for name, patterns in (
            (DEAD, (_OF_DEAD, _OF_DEAD_AFTER)),
            (HURT, (_OF_HURT, _OF_HURT_AFTER)),
        ):
            for pattern in patterns:
                if match := pattern.search(clause):
                    found[name] = _number(match.group(1))
        if match := _OF_LOSS.search(clause):
            found[LOSS] = _number(match.group(1)) * (10_000 if match.group(2) == "亿" else 1)
    return found


def _number(text: str) -> float:
    plain = text.replace(",", "").replace("，", "")
    if plain[0].isdigit():
        return float(plain)
    total, digit = 0, 0
    for sign in plain:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        else:
            total += (digit or 1) * {"十": 10, "百": 100}[sign]
            digit = 0
    return float(total + digit)
