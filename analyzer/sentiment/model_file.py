"""The file of a trained model and its card, which must fit each other: no silent fall-back.

``NAME.npz`` holds arrays, ``NAME.json`` the card: what it was trained on, its figures and limits,
and the hash of the arrays. A file that is missing, changed, or made for other code is told in
Chinese with what to do.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from posts.errors import reason_of
from registry.errors import InvalidInputError

PACKAGED = Path(__file__).parent / "models"
_SLOTS = 1 << 20  # as features.SLOTS, which is not needed for a card alone
_BY_SLOT = frozenset({"weights", "logs", "linear"})
_LARGEST = 64 * 1024 * 1024


class Card(Struct, frozen=True, kw_only=True):
    """What is known of a trained model. ``features`` is the version of the code it fits."""

    name: str
    version: str
    features: int
    sha256: str
    seed: int
    sources: list[dict[str, Any]]
    figures: dict[str, Any]
    limits: list[str]
    licence: str
    made_with: dict[str, str]


def write(folder: Path, card: Card, arrays: dict[str, NDArray[Any]]) -> Card:
    """Write both files into the folder; returns the card with the hash.

    The same arrays give the same bytes.
    """
    data = _packed(arrays)
    card = msgspec.structs.replace(card, sha256=hashlib.sha256(data).hexdigest())
    text = msgspec.json.format(msgspec.json.encode(card), indent=1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{card.name}.npz").write_bytes(data)
        (folder / f"{card.name}.json").write_bytes(text + b"\n")
    except OSError as error:
        raise InvalidInputError(f"写不了模型目录 {folder}：{reason_of(error)}。") from error
    return card


def read(
    name: str, folder: Path, *, features: int, needed: frozenset[str] = frozenset()
) -> tuple[Card, dict[str, NDArray[Any]]]:
    """The card and the arrays, among them those ``needed``.

    Raises InvalidInputError where they can't be used together or by this version.
    """
    card_file, file = folder / f"{name}.json", folder / f"{name}.npz"
    card = read_card(card_file)
    if card.features != features:
        raise InvalidInputError(
            f"模型 {file} 是给另一版程序的（特征版本 {card.features}，本程序为 {features}）；"
            "请换上与本程序同版的模型，或用 yuqing train 重新训练。"
        )
    data = _bytes(file)
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise InvalidInputError(
            f"模型 {file} 与说明 {card_file} 里的校验值不符，文件损坏或被改动过；请重新安装本程序，"
            "或重新放入训练所得的两个文件。"
        )
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            found = {key: arrays[key] for key in arrays.files}
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise InvalidInputError(f"模型 {file} 读不出来；请重新安装本程序。") from error
    if lacking := sorted(needed - set(found)):
        raise InvalidInputError(
            f"模型 {file}（版本 {card.version}）是给另一版程序的，缺少 {'、'.join(lacking[:3])}；"
            "请换上与本程序同版的模型，或用 yuqing train 重新训练。"
        )
    if any(found[key].shape[-1:] != (_SLOTS,) for key in _BY_SLOT & set(found)):
        raise InvalidInputError(
            f"模型 {file}（版本 {card.version}）是给另一版程序的，权重不是 {_SLOTS} 个；"
            "请换上与本程序同版的模型，或用 yuqing train 重新训练。"
        )
    if broken := sorted(key for key, array in found.items() if not _is_finite(array)):
        raise InvalidInputError(
            f"模型 {file}（版本 {card.version}）里的 {'、'.join(broken[:3])} "
            "含有不是数的值，不能用；请重新训练，或换上随程序的模型。"
        )
    return card, found


def _is_finite(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "biu" or (array.dtype.kind == "f" and bool(np.isfinite(array).all()))


def read_card(file: Path) -> Card:
    """A card alone. Raises InvalidInputError where it is missing or can't be read."""
    try:
        return msgspec.json.decode(_bytes(file), type=Card)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(
            f"模型说明 {file} 读不懂，文件损坏或被改动过；请重新安装本程序，"
            "或重新放入训练所得的两个文件。"
        ) from error


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise InvalidInputError(f"模型文件 {file} 大得不对；请重新安装本程序。")
        return file.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"缺少模型文件 {file}（{reason_of(error)}）；请重新安装本程序，或用 yuqing train 训练。"
        ) from error


def _packed(arrays: dict[str, NDArray[Any]]) -> bytes:
    """An npz with fixed times and order, so that training anew gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key in sorted(arrays):
            one = io.BytesIO()
            np.save(one, np.ascontiguousarray(arrays[key]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, one.getvalue())
    return out.getvalue()
