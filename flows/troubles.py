"""What a failure of disk, permission or warehouse file means for people: one Chinese line saying what to do.

Belongs here: telling the cause in a chain of errors. Does not: where the line is shown (flows.cli, flows.desk).
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

import duckdb
from filelock import Timeout

# What DuckDB says instead of an errno.
_WORDS = {
    errno.ENOSPC: r"No space left on device|[Oo]ut of disk space|not enough (disk )?space",
    errno.EDQUOT: r"Disk quota exceeded",
    errno.EROFS: r"Read-only file system",
    errno.EACCES: r"Permission denied|Operation not permitted",
    errno.EIO: r"Input/output error|fsync failed",
    errno.EAGAIN: r"Could not set lock",
}
_CORRUPT = re.compile(
    r"checksum|[Cc]orrupt|replaying WAL|not a valid DuckDB|[Ss]erializ|Deserializ|INTERNAL Error|Failed to load metadata"
)
_FILE = re.compile(r"[fF]ile \"([^\"]+)\"")
_SAFE = "已提交的数据都在，没做完的部分没有生效"
_AGAIN = "后重新运行同一命令即可（定时任务会自行继续），不需要其他处理"


def line_for(error: BaseException) -> str | None:
    """The line for the deepest known cause of ``error``; None when it is of another kind."""
    for one in reversed(list(_chain(error))):
        if line := _line(one):
            return line
    return None


def _line(error: BaseException) -> str | None:
    if isinstance(error, Timeout):
        return "另一个任务一直占用工作目录，本次没有开始；请等它结束后重新运行"
    number, place = _cause(error)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"磁盘已满{place}：{_SAFE}；腾出空间{_AGAIN}"
    if number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"没有写入权限或磁盘只读{place}：{_SAFE}；恢复读写权限{_AGAIN}"
    if number in (errno.EEXIST, errno.ENOTDIR):
        return f"应为文件夹的地方是别的东西{place}：{_SAFE}；请移走同名的文件或失效的链接{_AGAIN}"
    if number == errno.EIO:
        return f"磁盘读写出错{place}：{_SAFE}；请检查磁盘，排除故障{_AGAIN}"
    if number == errno.EAGAIN and isinstance(error, duckdb.Error):
        return f"另一个程序正打开仓库文件{place}；请关闭它（查数请打开 warehouse.snapshot.duckdb）后重新运行"
    if isinstance(error, duckdb.Error) and _CORRUPT.search(str(error)):
        return (
            f"仓库文件已损坏{place}：请停止使用它，运行 jibao rebuild 由归档和日志重建，"
            f"或用 jibao restore 恢复最近的备份（{_first_line(error)}）"
        )
    return None


def _cause(error: BaseException) -> tuple[int, str]:
    """errno (0: none known) and where, as words to put behind the cause."""
    if isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
        name = error.filename2 or error.filename
        return error.errno or 0, f"（{os.fsdecode(name)}）" if isinstance(name, (str, bytes)) else ""
    if isinstance(error, duckdb.Error):
        text = str(error)
        found = _FILE.search(text)
        place = f"（{found[1]}）" if found else ""
        return next((n for n, words in _WORDS.items() if re.search(words, text)), 0), place
    return 0, ""


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Outermost first."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__ or now.__context__
