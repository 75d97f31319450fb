"""Judge actions by the event rules and keep them: the heart of `/event`.

Sources: seeds C and E; contract C1 to C7.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from domain.model.activity import Action, JudgedAction, Stream, Timeline
from domain.rules.activity import LONGEST_WINDOW_SECONDS, STANDARD_LIMITS, Verdict, judge, needs_history, replay
from domain.rules.ratings import limits_of
from ports.clock import Clock
from ports.security import Secrets
from ports.storage import ActivityStore, Storage, Transaction


@attrs.frozen
class JudgeEvents:
    """Judges a batch of actions, in the order given, in one transaction."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    stream: Stream = "event"

    def __call__(self, actions: Sequence[Action]) -> list[Verdict]:
        """One verdict per action, durable when this returns. Raises StorageUnavailable, and then nothing is kept."""
        received_at = self.clock.now()

        def work(tx: Transaction) -> list[Verdict]:
            user_ids = {action.user_id for action in actions}
            activities = tx.activity.load(self.stream, user_ids)
            for user_id in user_ids - activities.keys():
                activities[user_id] = replay(tx.activity.history(self.stream, user_id))
            profiles = tx.risk_profiles.find(user_ids)
            limits = {user_id: limits_of(profile) for user_id, profile in profiles.items()}
            verdicts: list[Verdict] = []
            unsaved: list[JudgedAction] = []
            for action in actions:
                activity = activities[action.user_id]
                recent = None
                if needs_history(action, activity):
                    tx.activity.append(self.stream, unsaved)  # the batch's own actions are history too
                    unsaved = []
                    recent = _history(tx.activity, self.stream, action)
                verdict = judge(action, activity, limits.get(action.user_id, STANDARD_LIMITS), recent)
                verdicts.append(verdict)
                unsaved.append(JudgedAction(action, verdict.codes, received_at))
            tx.activity.append(self.stream, unsaved)
            tx.activity.save(self.stream, activities)
            return verdicts

        return self.storage.run(work, once=self.secrets.new_id())


def _history(store: ActivityStore, stream: Stream, action: Action) -> Timeline:
    start = action.time - LONGEST_WINDOW_SECONDS
    return Timeline.of(store.between(stream, action.user_id, start, action.time), complete_from=start)
