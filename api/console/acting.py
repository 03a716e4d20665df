"""What a form does: one transaction, then a redirect; or the same page again with what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from anyio.to_thread import run_sync
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.desk import Desk
from registry.errors import DeskError

# What a page says after an action; the address carries the key only, never words.
DONE = {
    "claimed": "已认领。请研判后开事件、忽略或报误报。",
    "ignored": "已忽略，理由已记入。",
    "false_alarm": "已记为误报，理由已记入。",
    "opened": "已立项，时限开始起算。",
    "level": "已定级，时限已按级别重新判定。",
    "entry": "已记入时间线。",
    "release": "已登记发布。",
    "acknowledged": "已确认。下一道提醒仍会发出。",
    "proposed": "更正已提出，由另一位确认后生效。",
    "confirmed": "已确认，更正已记入；先前的结论仍然显示。",
    "closed": "已办结。",
    "na_proposed": "不适用已提出，由另一位签署后生效。",
    "refused": "已驳回，理由已记入；没有写入事件。",
    "withdrawn": "已撤回，没有写入事件。",
    "grow": "已标为可能演变为重大，向上报告的时限开始起算。",
    "event_type": "事件类型已记入，时限已重新判定。",
    "assigned": "分工已记入。",
    "order": "工单已受理，办理时限开始起算。",
    "settled": "工单已办结，时限已停。",
    "claim": "不实信息已记入，已过时间在“发布情况”里显示。",
    "split": "已拆分，这是拆出的事件；起点、级别和已有发布沿用。",
    "erasure_asked": "销毁已申请，由另一位在“依法销毁”里确认后执行。",
    "erased": "已确认销毁，各处在一分钟左右清空。",
    "reopened": "已重启，新一轮按新的起点计；先前的结论不变。",
    "merged": "已并入，本事件随之结束。",
    "lead": "线索已记下，分析后可检索到。",
    "lead_known": "这条线索已经有了，没有重复记。",
    "source": "信源已保存。",
    "rule": "规则已保存，对新到的帖文生效。",
    "alias_added": "别名已保存，几秒后对新到的帖文生效。",
    "alias_removed": "别名已去掉，几秒后对新到的帖文生效。",
    "tested": "测试消息已交发，结果见“通知与升级”。",
    "duty": "值班表已更新。",
    "turns": "轮值已写入值班表。",
    "swap_asked": "已申请换班，对方同意后生效。",
    "swap_ended": "换班申请已了结，值班表没有变。",
    "feed_ended": "订阅已取消，那个地址不再有效。",
    "handover_ready": "交班清单已备好，请接班人在 2 小时内登录签收。",
    "handover_signed": "已签收接班。",
    "silenced": "已静默，到时自动结束。",
    "silence_ended": "静默已提前结束。",
    "threshold_lowered": "门槛已恢复。",
    "released": "已退回，预警重新等人认领。",
    "joined": "已并入事件。",
    "preferences": "显示设置已保存。",
    "calendar_proposed": "通知已提出，由另一位确认后启用。",
    "calendar_confirmed": "工作日历已启用；在跑的时限按新日历计，已有的结论不变。",
    "corrected": "更正已记下。分数不变，训练新模型时用它。",
    "correction_withdrawn": "更正已撤回，训练时不再用它。",
    "events_merged": "已合并，以后两边的新帖都归到这里。",
    "post_out": "已拆出，以后不再归到这条线索。",
    "no_event": "已记为不是事件，它再增长也不出现在列表里。",
    "calendar_refused": "通知没有启用，理由已记下。",
}


def go(path: str, done: str = "", *, anchor: str = "") -> RedirectResponse:
    """To a page of the console by GET, with a word of what was done."""
    if done:
        path += ("&" if "?" in path else "?") + f"done={done}"
    return RedirectResponse(path + (f"#{anchor}" if anchor else ""), status_code=303)


async def perform(
    desk: Desk,
    work: Callable[[Session], Response],
    again: Callable[[Session, DeskError], Response],
) -> Response:
    """Run ``work`` in a transaction; where it raises a business error, nothing of it is kept.

    ``again`` then shows the page as it stands, with the error and what the person had filled in.
    """
    try:
        async with desk.writing() as session:
            return await run_sync(work, session)
    except DeskError as error:
        failure = error
    async with desk.reading() as session:
        return await run_sync(again, session, failure)
