"""Alert rules that a new desk starts with; people change them afterwards."""

from __future__ import annotations

from registry.alert_rules import AlertRule

_HOUR = 3_600

_RULES: tuple[tuple[str, str, str, str, int, str], ...] = (
    (
        "accident",
        "突发事故",
        "塌方 滑坡 泥石流 爆炸 火灾 起火 坍塌 垮塌 遇难 死亡 伤亡 失联 被困 溺亡 重大事故",
        "演习 演练 知识竞赛 电视剧",
        3,
        "orange",
    ),
    ("utilities", "停水停电停气", "停水 停电 停气 断水 断电 停暖", "演练", 3, "yellow"),
    ("health", "食品药品与公共卫生", "中毒 食物中毒 疫情 传染 变质 腹泻", "演练", 3, "orange"),
    ("wages", "拖欠工资", "拖欠工资 欠薪 讨薪 农民工工资", "", 3, "yellow"),
    ("rumour", "疑似谣言", "谣言 辟谣 网传 造谣 不实信息", "", 3, "yellow"),
    ("nuisance", "污染与噪音扰民", "污染 臭味 异味 噪音 扰民 搅拌站 排污", "", 5, "blue"),
)


def default_rules(own_area_code: str | None) -> list[AlertRule]:
    """Six rules over windows of two hours, scoped to the own area where there is one."""
    return [
        AlertRule(
            id=f"default-{key}",
            name=name,
            any_of=tuple(any_of.split()),
            all_of=(),
            none_of=tuple(none_of.split()),
            areas=(own_area_code,) if own_area_code else (),
            kinds=(),
            sources=(),
            sentiments=(),
            min_count=count,
            window_s=2 * _HOUR,
            cooldown_s=6 * _HOUR,
            heat=heat,
            enabled=True,
        )
        for key, name, any_of, none_of, count, heat in _RULES
    ]
