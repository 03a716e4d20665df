"""``yuqing eval``: how good scorers, places, grouping and early warning are, with intervals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, load_settings

if TYPE_CHECKING:
    from yuqing.eval_folder import Given


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("eval")(evaluate)


def evaluate(
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="有标注的文件（polarity 或 appeal，可多次）；不写则只列说明卡"),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(
            "--sample",
            min=20,
            help="慢的打分器（snownlp，有 --all 时还有 stack）每个文件只评这么多条",
        ),
    ] = 1000,
    scorer: Annotated[
        list[str] | None, typer.Option("--scorer", help="只评这些打分器；不写则全部")
    ] = None,
    places: Annotated[
        list[Path] | None,
        typer.Option("--places", help="标有地名的文件（src、text、spans，可多次）：评估属地识别"),
    ] = None,
    sentences: Annotated[
        list[Path] | None,
        typer.Option(
            "--sentences",
            help="自己写的句子（类别、制表符、句子，地名标作 [瑞丽|533102]，可多次）：评估本地地名",
        ),
    ] = None,
    desks: Annotated[
        Path | None,
        typer.Option("--desks", help="这些句子所属的地区（TOML）；不写则用配置里的本地区"),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option("--events", help="人工归好的事件（名称到编号列表）：与 --posts 一起评估归并"),
    ] = None,
    posts: Annotated[
        Path | None, typer.Option("--posts", help="其中的帖文（JSON Lines，可为 .gz）")
    ] = None,
    cascades: Annotated[
        Path | None,
        typer.Option("--cascades", help="转发链（time、offsets）：与 --traffic 一起评估早期预警"),
    ] = None,
    traffic: Annotated[
        Path | None, typer.Option("--traffic", help="背景帖文（每行：月.日、制表符、正文）")
    ] = None,
    copies: Annotated[
        list[Path] | None,
        typer.Option("--copies", help="帖文文件（text，或制表符后的文本，可多次）：评估转载与近似"),
    ] = None,
    everything: Annotated[
        Path | None,
        typer.Option("--all", help="评估数据的文件夹：其中有什么就评什么（约十几分钟）"),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """评估打分器、属地、归并与早期预警：表格（含自助法区间）与可靠性曲线。"""
    from yuqing.eval_folder import Given

    given = Given(data or [], copies or [], places or [], posts, cascades, traffic)
    if everything is not None:
        given.fill(everything)
        given.posts = given.posts if events else posts
    _refuse_halves(given, events)
    _refuse_missing([*given.labelled, *given.copies, *given.places, *(sentences or [])])
    _refuse_missing([one for one in (events, given.posts, given.cascades, given.traffic) if one])
    own = _sentences(sentences or [], desks, config)
    for lines in (
        _scorers(scorer, given.labelled, sample, everything),
        own,
        _places(given.places),
        _events(events, given.posts),
        _copies(given.copies),
        _warning(given.cascades, given.traffic),
    ):
        for line in lines:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def _refuse_halves(given: Given, events: Path | None) -> None:
    if (events is None) is not (given.posts is None):
        raise InvalidInputError("评估事件归并要同时给出 --events 和 --posts。")
    if (given.cascades is None) is not (given.traffic is None):
        raise InvalidInputError("评估早期预警要同时给出 --cascades 和 --traffic。")


def _refuse_missing(files: list[Path]) -> None:
    """Before anything is reckoned, for that takes minutes."""
    for file in files:
        if not file.is_file():
            raise InvalidInputError(f"读不了 {file}：没有这个文件。")


def _scorers(
    names: list[str] | None, files: list[Path], sample: int, everything: Path | None
) -> Iterator[str]:
    from analyzer import sentiment
    from yuqing import eval_scorers

    slow = ("snownlp",) if everything is None else ("snownlp", "stack")
    yield from eval_scorers.lines(names or list(sentiment.NAMES), files, sample, slow)


def _sentences(files: list[Path], desks: Path | None, config: Path | None) -> Iterator[str]:
    if not files:
        return
    from yuqing import eval_sentences

    yield "\n属地识别：本地地名（只计确定的）"
    yield from eval_sentences.lines(files, desks, None if desks else load_settings(config))


def _places(files: list[Path]) -> Iterator[str]:
    if not files:
        return
    from analyzer.locality import Matcher
    from analyzer.locality_evaluation import table
    from registry import gazetteer

    matcher = Matcher(gazetteer.load())
    for file in files:
        yield f"\n属地识别：{file.name}"
        yield from table(file, matcher)


def _events(events: Path | None, posts: Path | None) -> Iterator[str]:
    if events is None or posts is None:
        return
    from yuqing.eval_events import measured

    yield f"\n事件归并：{events.name}"
    yield from measured(events, posts)


def _copies(files: list[Path]) -> Iterator[str]:
    from analyzer.grouping.copies_evaluation import evaluate, read_texts, table

    for file in files:
        yield f"\n转载与近似：{file.name}"
        yield from table(evaluate(read_texts(file)))


def _warning(cascades: Path | None, traffic: Path | None) -> Iterator[str]:
    if cascades is None or traffic is None:
        return
    from analyzer import sentiment
    from analyzer.warning import traffic as posts
    from analyzer.warning import trial

    setting = trial.Setting()
    given = posts.read_traffic(traffic, posts.heads_of(sentiment.load("ngram")))
    made, areas = trial.make(trial.read_cascades(cascades), given, setting)
    rows, along = trial.compare(made, areas)
    yield f"\n早期预警：{len(made.cascades)} 个转发链，各见其 {setting.seen:.0%}，{len(areas)} 地"
    yield from trial.table(rows)
    yield ""
    yield from trial.curve_lines(along)
