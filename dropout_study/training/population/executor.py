"""Runs buckets through an epoch, several at a time."""

import heapq
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import torch

from dropout_study.data.splits import Splits
from dropout_study.training.generators import kept_generators
from dropout_study.training.population.bucket import Bucket

TURN = 4
"""Iterations of a bucket before its thread looks whether another has fallen behind: few enough for
buckets to share a stream's minibatches, enough to keep a bucket's weights in the core's cache."""


MemberScores = tuple[dict[str, float], dict[str, float] | None, dict[str, float]]
"""The metrics of one member's epoch on train, validation and test."""

Outcome = list[MemberScores] | Exception
"""The outcome of a bucket's epoch: the scores of its P members, or the error that it raised."""


class Executor:
    """Threads that train buckets; each uses an equal share of torch's threads, usually one.

    Two products at a time on one thread each are faster than one after the other on two threads,
    and other programs on the same cores disturb them less.

    Args:
        threads: the number of threads; with 1 the caller's thread does the work.
        splits: the splits to evaluate on.
    """

    def __init__(self, threads: int, splits: Splits) -> None:
        self._threads = threads
        self._splits = splits

    def run_epoch(self, buckets: Sequence[Bucket]) -> list[Outcome]:
        """Trains every bucket for its epoch and evaluates it; errors are returned, not raised."""
        epoch = _Epoch(buckets, self._splits)
        device = self._splits.train.labels.device
        with kept_generators(device):
            if self._threads > 1:
                self._work_together(epoch)
            epoch.work(together=False)
        return epoch.outcomes()

    def _work_together(self, epoch: "_Epoch") -> None:
        before = torch.get_num_threads()
        try:
            each = max(1, before // self._threads)
            with ThreadPoolExecutor(
                self._threads, initializer=torch.set_num_threads, initargs=(each,)
            ) as pool:
                try:
                    running = [pool.submit(epoch.work) for _ in range(self._threads)]
                    for worker in running:
                        worker.result()
                finally:
                    epoch.stop()  # on Ctrl-C: the threads stop after their present turn
        finally:
            torch.set_num_threads(before)


class _Epoch:
    """The buckets of an epoch, and which of them wait for a thread.

    On a CPU the bucket that is furthest behind is next, so that buckets of one stream stay close
    and share its minibatches. On an accelerator buckets are trained one after the other, so that
    only one stack is in memory.
    """

    def __init__(self, buckets: Sequence[Bucket], splits: Splits) -> None:
        self._buckets = buckets
        self._splits = splits
        self._outcomes: dict[int, Outcome] = {}
        self._in_step = splits.train.labels.device.type == "cpu"
        self._lock = Lock()
        places = [(0, 0, index) for index in range(len(buckets))]
        self._exclusive = [place for place in places if buckets[place[2]].global_draws]
        self._waiting = [place for place in places if not buckets[place[2]].global_draws]

    def work(self, together: bool = True) -> None:
        """Takes turns with buckets until none is waiting; ``together``: other threads do so too."""
        if not together:
            self._waiting += self._exclusive
        while (place := self._next()) is not None:
            _, done, index = place
            bucket = self._buckets[index]
            try:
                self._take_turn(bucket, done, index)
            except Exception as error:
                self._close(bucket, index, _released(error))

    def outcomes(self) -> list[Outcome]:
        """Returns how each bucket ended."""
        return [self._outcomes[index] for index in range(len(self._buckets))]

    def stop(self) -> None:
        """Makes the threads stop after their present turn."""
        with self._lock:
            self._waiting.clear()

    def _next(self) -> tuple[int, int, int] | None:
        with self._lock:
            return heapq.heappop(self._waiting) if self._waiting else None

    def _take_turn(self, bucket: Bucket, done: int, index: int) -> None:
        if done == 0:
            bucket.open()
        until = min(done + TURN, len(bucket.stream))
        for iteration in range(done, until):
            bucket.train(iteration)
        if until == len(bucket.stream):
            self._close(bucket, index, self._scores(bucket))
            return
        with self._lock:
            heapq.heappush(self._waiting, (until if self._in_step else -1, until, index))

    def _scores(self, bucket: Bucket) -> list[MemberScores]:
        val = self._splits.val
        train_scores = bucket.finish()
        val_scores: Sequence[dict[str, float] | None] = [None] * len(train_scores)
        if val is not None:
            val_scores = bucket.evaluate(val)
        return list(zip(train_scores, val_scores, bucket.evaluate(self._splits.test), strict=True))

    def _close(self, bucket: Bucket, index: int, outcome: Outcome) -> None:
        bucket.close()
        self._outcomes[index] = outcome


def _released(error: Exception) -> Exception:
    """Frees the frames, and so the tensors, that an out-of-memory error holds."""
    return error.with_traceback(None) if isinstance(error, torch.cuda.OutOfMemoryError) else error
