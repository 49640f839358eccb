"""Sorted indexes for rows that are mostly added at the end."""

import bisect
from collections.abc import Hashable


class SortedKeys:
    """Keys in order; adding one that sorts last is cheap."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: str) -> None:
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
        else:
            bisect.insort(self._keys, key)

    def discard(self, key: str) -> None:
        at = bisect.bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            del self._keys[at]

    def ascending(self, after: str | None, count: int) -> list[str]:
        """Return up to `count` keys above `after`, from the lowest."""
        start = bisect.bisect_right(self._keys, after) if after else 0
        return self._keys[start : start + count]

    def descending(self, after: str | None, count: int) -> list[str]:
        """Return up to `count` keys below `after`, from the highest."""
        end = bisect.bisect_left(self._keys, after) if after else len(self._keys)
        return self._keys[max(0, end - count) : end][::-1]


class Index:
    """Sorted keys by partition; an empty partition takes no room."""

    def __init__(self) -> None:
        self._partitions: dict[Hashable, SortedKeys] = {}

    def add(self, partition: Hashable, key: str) -> None:
        self._partitions.setdefault(partition, SortedKeys()).add(key)

    def discard(self, partition: Hashable, key: str) -> None:
        keys = self._partitions.get(partition)
        if keys is not None:
            keys.discard(key)
            if not len(keys):
                del self._partitions[partition]

    def ascending(self, partition: Hashable, after: str | None, count: int) -> list[str]:
        return self._partitions.get(partition, SortedKeys()).ascending(after, count)

    def descending(self, partition: Hashable, after: str | None, count: int) -> list[str]:
        return self._partitions.get(partition, SortedKeys()).descending(after, count)
