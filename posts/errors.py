"""How handling a message fails, told apart by what is to be done about it."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path


class PostsError(Exception):
    """The root of what this package raises."""


class PoisonError(PostsError):
    """The message can never be handled: to the dead-letter log at once."""


class RetryError(PostsError):
    """It may work later: back off, then the same message again."""


class FatalError(PostsError):
    """This stage can't go on: stop, say why, let the supervisor decide."""


_REASONS = {
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "文件系统是只读的",
    errno.ENOENT: "文件不存在",
    errno.EISDIR: "这是一个目录，不是文件",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "同名文件已存在",
    errno.EIO: "磁盘读写出错",
    errno.EMFILE: "打开的文件太多",
    errno.ENFILE: "打开的文件太多",
    errno.ENOMEM: "内存不足",
    errno.ENAMETOOLONG: "文件名太长",
    errno.ELOOP: "符号链接成环",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    socket.EAI_NONAME: "找不到这个主机名",
    errno.EAGAIN: "系统资源暂时不足",
}


def reason_of(error: OSError) -> str:
    """Why the system refused, in Chinese; its own words where it is something rare."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


_NO_ROOM_BYTES = 64 * 1024


def is_full(path: Path) -> bool:
    """Whether the disk of that file has no room left; False where that can't be told."""
    try:
        stat = os.statvfs(path.parent)
    except OSError:
        return False
    return stat.f_bavail * stat.f_frsize < _NO_ROOM_BYTES
