"""Waits for the trials that other processes run on the same study."""

import logging
import time

from dropout_study.sweeper.study_source import StudySource

log = logging.getLogger(__name__)

FIRST_LOOK_S, LAST_LOOK_S = 0.25, 5.0
"""Seconds between two looks, which grow from the former to the latter."""


def work_appears(source: StudySource) -> bool:
    """Waits while other processes run trials; returns whether there is a trial to begin.

    That is so when a process has died, or a trial that waits can be promoted. It returns False when
    no trial runs any more, and when this process is to stop.
    """
    queue, pause, told = source.asktell.queue, FIRST_LOOK_S, False
    while not (source.stopping or source.asks_no_more):
        source.tick()
        queue.requeue_orphans()
        if queue.is_open():
            return True
        running = queue.running()
        if not running:
            return False
        if not told:
            log.info(
                "no trial is left to begin; waits for %d that other processes run "
                "(hydra.sweeper.wait_for_others=false does not wait)",
                len(running),
            )
            told = True
        time.sleep(pause)
        pause = min(1.5 * pause, LAST_LOOK_S)
    return False
