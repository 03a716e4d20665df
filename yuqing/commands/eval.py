"""``yuqing eval``: how good the scorers are, with intervals and the reliability curve."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.errors import InvalidInputError

if TYPE_CHECKING:
    from analyzer.sentiment.evaluation import LabelledSet
    from analyzer.sentiment.model_file import Card

Row = tuple[str, str, str, dict[str, Any], str]
_FEWEST = 20
_CURVES = ("ngram", "stack")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("eval")(evaluate)


def evaluate(
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="有标注的文件（polarity 或 appeal，可多次）；不写则只列说明卡"),
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=20, help="慢的打分器（snownlp）每个文件只评这么多条")
    ] = 1000,
    scorer: Annotated[
        list[str] | None, typer.Option("--scorer", help="只评这些打分器；不写则全部")
    ] = None,
    places: Annotated[
        list[Path] | None,
        typer.Option("--places", help="标有地名的文件（src、text、spans，可多次）：评估属地识别"),
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
) -> None:
    """评估打分器：表格（含自助法区间）与可靠性曲线。"""
    from analyzer import sentiment
    from analyzer.sentiment import evaluation

    names = scorer or list(sentiment.NAMES)
    cards = list(_cards(names))
    rows = list(evaluation.of_cards(cards))
    trained = {source["sha256"] for card in cards if card.sha256 for source in card.sources}
    for file in data or []:
        rows += _measured(file, names, sample, trained)
    for line in evaluation.table(rows):
        sys.stdout.write(line + "\n")
    for name, where, head, found, _ in rows:
        if head != "appeal" and name.startswith(_CURVES):
            sys.stdout.write(f"\n可靠性曲线：{name}，{where}，{head}\n")
            sys.stdout.writelines(line + "\n" for line in evaluation.curve(found))
    for file in copies or []:
        sys.stdout.write(f"\n转载与近似：{file.name}\n")
        sys.stdout.writelines(line + "\n" for line in _copies(file))
    for file in places or []:
        sys.stdout.write(f"\n属地识别：{file.name}\n")
        sys.stdout.writelines(line + "\n" for line in _places(file))
    sys.stdout.writelines(line + "\n" for line in _events(events, posts))
    if cascades is not None or traffic is not None:
        if cascades is None or traffic is None:
            raise InvalidInputError("评估早期预警要同时给出 --cascades 和 --traffic。")
        sys.stdout.writelines(line + "\n" for line in _warning(cascades, traffic))


def _events(events: Path | None, posts: Path | None) -> list[str]:
    if events is None and posts is None:
        return []
    if events is None or posts is None:
        raise InvalidInputError("评估事件归并要同时给出 --events 和 --posts。")
    from yuqing.eval_events import measured

    return measured(events, posts)


def _warning(cascades: Path, traffic: Path) -> Iterator[str]:
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


def _copies(file: Path) -> Iterator[str]:
    from analyzer.grouping.copies_evaluation import evaluate, read_texts, table

    return table(evaluate(read_texts(file)))


def _places(file: Path) -> Iterator[str]:
    from analyzer.locality import Matcher
    from analyzer.locality_evaluation import table
    from registry import gazetteer

    return table(file, Matcher(gazetteer.load()))


def _cards(names: list[str]) -> Iterator[Card]:
    """The cards of these scorers; SnowNLP's holds what was measured of it, for it has no other."""
    from analyzer import sentiment
    from analyzer.sentiment import model_file

    for name in names:
        if name == "snownlp":
            yield model_file.read_card(model_file.PACKAGED / "snownlp.json")
        elif (card := getattr(sentiment.load(name), "card", None)) is not None:
            yield card


def _measured(file: Path, names: list[str], sample: int, trained: set[str]) -> Iterator[Row]:
    from analyzer import sentiment
    from analyzer.sentiment import evaluation
    from analyzer.sentiment.training import corpora

    given = corpora.read([file])
    known = given.sources[0]["sha256"] in trained
    for name in names:
        scorer = sentiment.load(name)
        for one in _sets(file, given):
            these = one.sample(sample) if name == "snownlp" else one
            found = evaluation.measured(scorer, these)
            if found is not None:
                own = known and hasattr(scorer, "card")
                how = "训练过这些数据，偏高" if own else "直接测量"
                yield name, these.name, these.head, found, how


def _sets(file: Path, given: Any) -> Iterator[LabelledSet]:
    import numpy as np

    from analyzer.sentiment.evaluation import LabelledSet

    texts = [one.text for one in given.labelled]
    for head, sign in (("negative", -1), ("positive", 1)):
        if len(texts) >= _FEWEST:
            target = np.array([float(one.polarity == sign) for one in given.labelled])
            yield LabelledSet(file.name, head, texts, target)
    if len(given.appeals) >= _FEWEST:
        target = np.array([float(label) for _, label in given.appeals])
        yield LabelledSet(file.name, "appeal", [text for text, _ in given.appeals], target)
    elif len(texts) < _FEWEST:
        raise InvalidInputError(
            f"{file} 里有标注（polarity 或 appeal）的不足 {_FEWEST} 条，不能评估。"
        )
