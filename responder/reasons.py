"""Why a clock stands as it stands: one Chinese sentence, written from the verdict."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from responder.entries import (
    Confirmation,
    Correction,
    Issuer,
    LevelSet,
    MayGrow,
    MergedInto,
    Moment,
    is_stop,
)
from responder.facts import Facts, Stop
from responder.rules.model import UNCONFIRMED
from responder.wording import instant, span

if TYPE_CHECKING:
    from responder.judging import Span, Verdict


def explained(verdict: Verdict, facts: Facts, how: Span, now: datetime) -> Verdict:
    """The verdict with its clock's reason filled in."""
    clock = verdict.clock
    parts = [_opening(verdict, how), _standing(verdict, facts, how)]
    parts += _late(verdict, facts, how, now)
    if clock.provisional:
        parts.append("节假日安排尚未公布，截止时间为暂定")
    return replace(verdict, clock=replace(clock, reason="；".join(parts) + "。"))


def with_earlier(verdict: Verdict, before: Verdict, correction: Correction) -> Verdict:
    """The verdict, telling too what it was before that correction."""
    was = before.clock
    told = (
        f"更正前：{was.basis} {instant(was.start)} 起算，{_due(before)} 截止，{_outcome(before)}"
        f"（更正理由：{correction.reason}，{correction.by or '记录人'}、{correction.second}）"
    )
    clock = verdict.clock
    reason = f"{clock.reason.removesuffix('。')}；{told}。"
    return replace(
        verdict,
        clock=replace(clock, reason=reason),
        breached=verdict.breached or before.breached,
    )


def _days(verdict: Verdict) -> bool:
    return bool(verdict.rule.length.workdays)


def _due(verdict: Verdict) -> str:
    return instant(verdict.clock.due, end_of_day=_days(verdict))


def _opening(verdict: Verdict, how: Span) -> str:
    clock = verdict.clock
    pending = "尚未定级，按待定级计：" if how.conditional else ""
    unsure = f"（{UNCONFIRMED}）" if verdict.rule.unconfirmed else ""
    return (
        f"{pending}自{clock.basis} {instant(clock.start)} 起 {verdict.rule.length}{unsure}内"
        f"须{verdict.rule.duty}，{_due(verdict)} 截止"
    )


def _outcome(verdict: Verdict) -> str:
    clock = verdict.clock
    far = span(clock.margin_s, days=_days(verdict))
    if verdict.stop is None:
        over = "逾期" if _days(verdict) else "已超时"
        return f"剩余 {far}" if clock.margin_s >= 0 else f"{over} {far}"
    return f"按时（提前 {far}）" if clock.margin_s >= 0 else f"超时（超出 {far}）"


def _standing(verdict: Verdict, facts: Facts, how: Span) -> str:
    state = verdict.clock.state.value
    if state == "not_applicable":
        named = facts.not_applicable  # one clock of a series (R7.2), or all of its rule
        signed = named.get(verdict.clock.rule) or named[verdict.rule.id]
        return (
            f"不适用：{signed.reason}（依据 {signed.clause}，{signed.by}、{signed.second} 签署）"
            f"，自然时间{_outcome(verdict)}"
        )
    if verdict.stop is not None:
        entry = verdict.stop.entry
        assert is_stop(entry)
        issuer = "由上级" if getattr(entry, "issuer", Issuer.OWN) is Issuer.HIGHER else ""
        when = f"{instant(verdict.stop.at)} 完成{_sure(verdict.stop)}"
        done = f"已{issuer}于 {when}，{_outcome(verdict)}"
        return f"{done}，定为特别重大或重大后计入统计" if how.conditional else done
    if state == "revoked":
        return f"{_revoked(verdict, how)}撤销，撤销时{_outcome(verdict)}"
    if state == "conditional" and verdict.clock.margin_s < 0:
        return f"待定级 · {_outcome(verdict)}"
    if verdict.revoked is not None:
        return f"{_outcome(verdict)}，{_revoked(verdict, how)}不消除此前的超时"
    return _outcome(verdict)


def _sure(stop: Stop) -> str:
    """Who says when it was, where that is not the signer alone without doubt."""
    if isinstance(stop.settled, Confirmation):
        how = "网页所载时间" if stop.settled.by_page else "首次抓取到的时间"
        given = stop.entry.at
        return f"（{how}" + (f"，签发人记为 {instant(given)}" * (given != stop.at)) + "）"
    unsure = stop.entry.evidence is not None and stop.entry.evidence.unverified
    return "（时间待核实）" if unsure and stop.settled is None else ""


def _revoked(verdict: Verdict, how: Span) -> str:
    assert verdict.revoked is not None
    at = instant(verdict.revoked)
    if how.revoked is None and how.ended is not None:
        if isinstance(how.ended, MergedInto):
            return f"已于 {at} 并入事件 {how.ended.other}，由该事件继续计时，本事件的时限"
        return f"事件已于 {at} 办结，"
    if how.revoked is None:
        return f"事件已于 {at} 重启，本轮"
    entry = how.revoked.entry
    if isinstance(entry, LevelSet):
        signer = entry.signer or entry.by
        told = "，".join(part for part in (signer and f"{signer} 签发", entry.criteria) if part)
        return f"已于 {at} 改定为{entry.level.value}" + (f"（{told}）" if told else "")
    if isinstance(entry, MayGrow):
        return f"已于 {at} 取消“可能演变为重大”"
    return f"已于 {at} 改定事件类型"


def _late(verdict: Verdict, facts: Facts, how: Span, now: datetime) -> list[str]:
    """Why it was late from its first moment on: upgraded, found or classified after the due."""
    clock = verdict.clock
    parts: list[str] = []
    attached = how.attached
    past = clock.start if attached is None else attached.at
    if attached is not None and how.before is not None and how.before.level is not None:
        over = (attached.at - clock.due).total_seconds()
        word = "升级认定" if verdict.rule.conditional else "级别调整"
        minutes = int((now - attached.at).total_seconds() // 60)
        when = f"认定于 {instant(attached.at)}，距认定 {minutes} 分钟"
        parts.append(
            f"{word}：{when}，认定时已超时 {span(over)}"
            if over > 0
            else f"{word}：{when}，沿用原起算点"
        )
    elif attached is not None and past > clock.due and not verdict.rule.always:
        minutes = int((now - attached.at).total_seconds() // 60)
        parts.append(f"认定于 {instant(past)}，距认定 {minutes} 分钟，认定时已过截止")
    detected = facts.moments.get(Moment.DETECTED)
    if (
        detected is not None
        and detected.value > clock.due
        and facts.reopened is None
        and not verdict.rule.always
    ):
        over = (detected.value - clock.due).total_seconds()
        parts.append(f"发现即超期：发现于 {instant(detected.value)}，当时已过截止 {span(over)}")
    return parts
