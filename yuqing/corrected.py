"""Officers' corrections with their texts from the index, and a model that they changed."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from posts.index.port import PostIndex, Query
from registry import labels
from registry.db import Database
from registry.errors import InvalidInputError

if TYPE_CHECKING:
    from analyzer.sentiment.model_file import Card
    from analyzer.sentiment.training.adapting import Change
    from analyzer.sentiment.training.corrections import Corrections

HOLDING = 2_000
"""Posts that nobody corrected, which hold the model where it is."""

_DAYS = 30
_LOOKED_AT = 20_000
_SOME = 500
_HEADS = {"negative": "负面", "positive": "正面", "appeal": "诉求"}
_WORSE_AUC = 0.005
_WORSE_F1 = 0.01


def read(database: Database, index: PostIndex) -> tuple[Corrections, int]:
    """What counts, with the texts as they are now; and how many posts are in the index no more."""
    from analyzer.scoring.text import analysed_text
    from analyzer.sentiment.training.corrections import Correction, Corrections

    with database.reading() as session:
        given = labels.counting(session)
    rows, digest, gone = [], hashlib.sha256(), 0
    for start in range(0, len(given), _SOME):
        some = given[start : start + _SOME]
        found = index.get_many([label.post for label in some])
        for label in some:
            if label.post not in found:
                gone += 1
                continue
            rows.append(
                Correction(analysed_text(found[label.post].post), label.polarity, label.appeal)
            )
            digest.update(f"{label.post} {label.polarity} {label.appeal}\n".encode())
    return Corrections(tuple(rows), digest.hexdigest()), gone


def others(database: Database, index: PostIndex, *, now: datetime, seed: int = 0) -> list[str]:
    """Some texts of the last days that nobody corrected, drawn from the first that are found."""
    from analyzer.scoring.text import analysed_text

    with database.reading() as session:
        said = {label.post for label in labels.counting(session)}
    dice = random.Random(seed)  # noqa: S311 - chooses texts, guards nothing
    kept: list[str] = []
    seen = 0
    for batch in index.scan(Query(since=now - timedelta(days=_DAYS))):
        for scored in batch:
            if scored.post.id in said:
                continue
            seen += 1
            if len(kept) < HOLDING:
                kept.append(analysed_text(scored.post))
            elif (place := dice.randrange(seen)) < HOLDING:
                kept[place] = analysed_text(scored.post)
        if seen >= _LOOKED_AT:
            break
    return kept


def sentence(change: Change) -> str:
    """What corrections do to a head, in one line."""
    before, after = change.figures_before, change.figures_after
    return (
        f"{_HEADS[change.head]}：{change.count} 条更正，留出检验的对数损失 "
        f"{change.loss_before:.3f} → {change.loss_after:.3f}，"
        f"宏 F1 {before['macro_f1']:.3f} → {after['macro_f1']:.3f}，"
        f"AUC {before['auc']:.3f} → {after['auc']:.3f}；"
        f"未更正的帖文概率平均移动 {change.moved:.3f}"
    )


def adapt(
    folder: Path,
    out: Path,
    corrections: Corrections,
    holding: Sequence[str],
    *,
    scorer: str = "ngram",
    weight: float,
    seed: int,
    anyway: bool,
) -> tuple[Card, list[Change]]:
    """Change the ``ngram`` or ``stack`` of ``folder``; write it and what is beside it to ``out``.

    Raises InvalidInputError where corrections are too few, or where the new model is no better on
    what it has not seen and ``anyway`` is not said: then nothing is written.
    """
    import msgspec

    from analyzer.sentiment import model_file
    from analyzer.sentiment.training import adapting

    present, arrays, changes = adapting.by_name(
        scorer, folder, corrections.rows, holding, weight=weight, seed=seed
    )
    worse = [change for change in changes if not change.better]
    if worse and not anyway:
        raise InvalidInputError(
            "新模型不比现有的好，没有写出。"
            + "；".join(sentence(change) for change in worse)
            + "。多些更正再试；仍要写出请加 --anyway。"
        )
    same = dict(present.figures)
    for change in changes:
        same.pop(change.head, None)
        same[f"{change.head} 更正"] = change.figures_after
    card = msgspec.structs.replace(
        present,
        version=f"{present.version}+{len(corrections.rows)}.{corrections.digest[:8]}",
        sources=[*present.sources, corrections.source(weight)],
        figures=same,
        seed=seed,
    )
    written = model_file.write(out, card, arrays)
    for file in sorted(folder.iterdir()):
        if file.suffix in {".npz", ".json"} and file.stem != scorer and folder != out:
            shutil.copyfile(file, out / file.name)
    return written, changes


def compare(new: Card, present: Card) -> list[str]:
    """Chinese sentences where folds show the new model to be worse than the present one."""
    said = []
    for head, name in _HEADS.items():
        was, now = present.figures.get(head), new.figures.get(head)
        if was is None or now is None:
            continue
        for key, title, margin in (("auc", "AUC", _WORSE_AUC), ("macro_f1", "宏 F1", _WORSE_F1)):
            if now[key] < was[key] - margin:
                said.append(f"{name}的{title}由 {was[key]:.3f} 降到 {now[key]:.3f}")
    return said
