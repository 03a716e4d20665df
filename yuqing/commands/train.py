"""``yuqing train``: models of the scorers from labelled files and from officers' corrections."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posts.errors import reason_of
from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, data_folder, load_settings, wire

if TYPE_CHECKING:
    from analyzer.sentiment.model_file import Card
    from analyzer.sentiment.training.build import Plan
    from analyzer.sentiment.training.corrections import Corrections
    from yuqing.wiring import Wiring

_NEEDED = "数据文件（可多次）：有标注的帖文、无标注的帖文、留言与答复、新闻；首个有标注的为本领域"
_TRAINED = ("ngram", "stack")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("train")(train)


def train(
    out: Annotated[Path, typer.Option("--out", help="模型与说明写入的目录")],
    data: Annotated[list[Path] | None, typer.Option("--data", help=_NEEDED)] = None,
    scorer: Annotated[
        str,
        typer.Option("--scorer", help="ngram（连同 snownlp-retrained）或 stack（慢而更准）"),
    ] = "ngram",
    with_corrections: Annotated[
        bool,
        typer.Option(
            "--with-corrections",
            help="用上控制台里的更正；不写 --data 时在现有模型（ngram 或 stack）上微调，只需 numpy",
        ),
    ] = False,
    weight: Annotated[
        float, typer.Option("--weight", min=0.1, max=20, help="微调时一条更正的分量")
    ] = 1.0,
    anyway: Annotated[bool, typer.Option("--anyway", help="不比现有模型好也写出")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="随机种子；相同则结果相同")] = 0,
    unlabelled: Annotated[
        int, typer.Option("--unlabelled", min=0, help="无标注帖文至多用多少条")
    ] = 80_000,
    desk: Annotated[
        Path | None, typer.Option("--desk", help="更正所在的数据目录；不写时为当前目录下的 data")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """训练打分模型，并写出说明卡；与现有模型比较，不比它好就不写出。"""
    if scorer not in _TRAINED:
        raise InvalidInputError(f"能训练的打分器：{'、'.join(_TRAINED)}。", field="scorer")
    if not data and not with_corrections:
        raise InvalidInputError("请用 --data 指定数据文件，或用 --with-corrections 用上更正。")
    if not with_corrections:
        _from_files(data or [], out, _plan(seed, unlabelled), scorer, None, None, anyway=True)
        return
    _is_there(config, desk)
    wiring = wire(config, desk)
    try:
        corrections = _corrections(wiring)
        if data:
            folder = _folder(wiring)
            plan = _plan(seed, unlabelled)
            _from_files(data, out, plan, scorer, corrections, folder, anyway=anyway)
        else:
            _adapt(wiring, out, corrections, scorer, weight=weight, seed=seed, anyway=anyway)
    finally:
        wiring.close()


def _is_there(config: Path | None, desk: Path | None) -> None:
    """A slip of the pen in ``--desk`` must not make an empty desk there."""
    folder = data_folder(desk)
    if not load_settings(config).database_url and not (folder.path / "registry.db").is_file():
        raise InvalidInputError(
            f"目录 {folder.path} 里没有舆情台的数据；请用 --desk 指明控制台的数据目录。",
            field="desk",
        )


def _plan(seed: int, unlabelled: int) -> Plan:
    from analyzer.sentiment.training.build import Plan

    return Plan(seed=seed, unlabelled=unlabelled)


def _folder(wiring: Wiring) -> Path:
    from analyzer.sentiment import model_file

    named = wiring.settings.analyze.model_folder
    return Path(named) if named else model_file.PACKAGED


def _corrections(wiring: Wiring) -> Corrections:
    from yuqing import corrected

    found, gone = corrected.read(wiring.database, wiring.index)
    if not found.rows:
        raise InvalidInputError(
            "还没有可用的更正。请先在控制台的帖文页上更正评分，再来训练。"
            if not gone
            else f"{gone} 条更正的帖文都已不在索引里，没有可用的更正。"
        )
    left = f"；另有 {gone} 条的帖文已不在索引里，不用" if gone else ""
    _tell(f"更正 {len(found.rows)} 条{left}")
    return found


def _adapt(
    wiring: Wiring,
    out: Path,
    corrections: Corrections,
    scorer: str,
    *,
    weight: float,
    seed: int,
    anyway: bool,
) -> None:
    from yuqing import corrected
    from yuqing.wiring import now

    holding = corrected.others(wiring.database, wiring.index, now=now(), seed=seed)
    _tell(f"每条更正的分量 {weight:g}；另取未更正的帖文 {len(holding)} 条（各 1），以现有概率为准")
    card, changes = corrected.adapt(
        _folder(wiring),
        out,
        corrections,
        holding,
        scorer=scorer,
        weight=weight,
        seed=seed,
        anyway=anyway,
    )
    for change in changes:
        _tell(corrected.sentence(change))
    if scorer == "stack":
        _tell("stack 只动负面一项的字词分量；正面与诉求取自同目录的 ngram，要动它们请另训 ngram")
    _done(out, card.name, card.version, card.sha256)


def _from_files(
    data: list[Path],
    out: Path,
    plan: Plan,
    scorer: str,
    corrections: Corrections | None,
    folder: Path | None,
    *,
    anyway: bool,
) -> None:
    from analyzer.sentiment import features, model_file
    from analyzer.sentiment.training import build, stacking
    from analyzer.sentiment.training.corrections import COPIES, NONE
    from yuqing import corrected

    if corrections:
        _tell(f"每条更正按 {COPIES} 条本领域标注计")
    with tempfile.TemporaryDirectory() as made:
        here = Path(made)
        given = corrections or NONE
        if scorer == "stack":
            cards = [stacking.train(data, here, plan, _tell, given)]
        else:
            cards = list(build.train(data, here, plan, _tell, given))
        worse: list[str] = []
        if folder is not None and (folder / f"{cards[0].name}.json").is_file():
            present, _ = model_file.read(cards[0].name, folder, features=features.VERSION)
            worse = corrected.compare(cards[0], present)
        if worse and not anyway:
            raise InvalidInputError(
                f"新模型不比现有的好，没有写出：{'；'.join(worse)}。仍要写出请加 --anyway。"
            )
        _moved(cards, here, out)
    for card in cards:
        _done(out, card.name, card.version, card.sha256)


def _moved(cards: list[Card], here: Path, out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for card in cards:
            for suffix in (".npz", ".json"):
                shutil.copyfile(here / f"{card.name}{suffix}", out / f"{card.name}{suffix}")
    except OSError as error:
        raise InvalidInputError(f"写不了模型目录 {out}：{reason_of(error)}。") from error


def _done(out: Path, name: str, version: str, sha256: str) -> None:
    sys.stdout.write(f"{out / name}.npz  sha256 {sha256}\n")
    _tell(
        f"{name} 版本 {version} 已写出；把 [analyze] 的 model_folder 设为 {out}，"
        "重启 analyze 后启用；已评的分数不变"
    )


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
