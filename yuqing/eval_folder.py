"""Which files of a data folder serve which evaluation: for ``yuqing eval --all``.

Files are known by folder and the begin of their name, as the evaluation data has them; other
parts of the same kinds (``affairs_later.tsv.gz``) are taken too. What isn't there is left out.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from registry.errors import InvalidInputError


class Given(Struct):
    """The files of each evaluation; [] or None where it is not asked for."""

    labelled: list[Path]
    copies: list[Path]
    places: list[Path]
    posts: Path | None
    cascades: Path | None
    traffic: Path | None

    def fill(self, folder: Path) -> None:
        """Add what ``folder`` has to the labelled files, and take it for what is not given.

        Raises InvalidInputError where it has nothing.
        """
        if not folder.is_dir():
            raise InvalidInputError(f"{folder} 不是文件夹。")
        posts = sorted(folder.glob("throughput/*.tsv*"))
        messages = sorted(folder.glob("gov/messages*.jsonl*"))
        cascades = sorted(folder.glob("events/*cascades*.jsonl*"))
        labelled = [
            file
            for kind in ("affairs", "weibo", "reviews")
            for file in sorted(folder.glob(f"sentiment/{kind}*.tsv*"))
        ]
        self.labelled = [*labelled, *self.labelled]
        self.copies = self.copies or [
            *posts,
            *folder.glob("events/*hashtag*.jsonl*"),
            *messages,
        ]
        self.places = self.places or sorted(folder.glob("locality/ner*.jsonl*"))
        self.posts = self.posts or next(iter(messages), None)
        if posts and cascades and self.cascades is None and self.traffic is None:
            self.cascades, self.traffic = cascades[0], posts[0]
        if not any((labelled, self.copies, self.places, self.posts, self.cascades)):
            raise InvalidInputError(
                f"{folder} 里没有可评估的数据：应有 sentiment、locality、gov、events、throughput"
                " 等文件夹。"
            )
