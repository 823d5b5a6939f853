"""The exchanges that Taskcluster's services publish on: a method gives the pattern to bind a queue with.

Keys that are not given match anything.  `_exchanges` makes the patterns.
"""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.
# ruff: noqa: N803, N815

from __future__ import annotations

from typing import Protocol, overload

from buildyard.taskcluster._exchanges import Binding, Events, Exchange, Keys, Word, exchange

_ANY_KEYS = "reserved.#"
_ORGANIZATION_ACTION_KEYS = "routingKeyKind=primary organization repository action"
_ORGANIZATION_REPOSITORY_KEYS = "routingKeyKind=primary organization repository"
_PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS = (
    "routingKeyKind=primary providerId provisionerId workerType workerGroup workerId launchConfigId reserved.#"
)
_TASK_GROUP_ID_SCHEDULER_ID_KEYS = "routingKeyKind=primary taskGroupId schedulerId reserved.#"
_TASK_ID_TASK_GROUP_ID_KEYS = (
    "routingKeyKind=primary taskId runId workerGroup workerId provisionerId"
    " workerType schedulerId taskGroupId reserved.#"
)
_TOPIC_KEYS = "routingKeyKind=primary topic.#"


class AnyKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        reserved: Word | None = None,
    ) -> Binding: ...


class OrganizationActionKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        routingKeyKind: Word | None = None,
        organization: Word | None = None,
        repository: Word | None = None,
        action: Word | None = None,
    ) -> Binding: ...


class OrganizationRepositoryKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        routingKeyKind: Word | None = None,
        organization: Word | None = None,
        repository: Word | None = None,
    ) -> Binding: ...


class ProviderIdLaunchConfigIdKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        routingKeyKind: Word | None = None,
        providerId: Word | None = None,
        provisionerId: Word | None = None,
        workerType: Word | None = None,
        workerGroup: Word | None = None,
        workerId: Word | None = None,
        launchConfigId: Word | None = None,
        reserved: Word | None = None,
    ) -> Binding: ...


class TaskGroupIdSchedulerIdKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        routingKeyKind: Word | None = None,
        taskGroupId: Word | None = None,
        schedulerId: Word | None = None,
        reserved: Word | None = None,
    ) -> Binding: ...


class TaskIdTaskGroupIdKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        routingKeyKind: Word | None = None,
        taskId: Word | None = None,
        runId: Word | None = None,
        workerGroup: Word | None = None,
        workerId: Word | None = None,
        provisionerId: Word | None = None,
        workerType: Word | None = None,
        schedulerId: Word | None = None,
        taskGroupId: Word | None = None,
        reserved: Word | None = None,
    ) -> Binding: ...


class TopicKeys(Protocol):
    """Keys of an exchange."""

    @overload
    def __call__(self, keys: str | Keys, /) -> Binding: ...
    @overload
    def __call__(
        self,
        *,
        routingKeyKind: Word | None = None,
        topic: Word | None = None,
    ) -> Binding: ...


class AuthEvents(Events):
    """Exchanges of the auth service."""

    EXCHANGE_PREFIX = "exchange/taskcluster-auth/v1/"

    clientCreated: AnyKeys = exchange(
        Exchange.of("clientCreated", "client-created", _ANY_KEYS),
        """A client was created.

        Messages as schema ``v1/client-message.json``.
        """,
    )

    clientDeleted: AnyKeys = exchange(
        Exchange.of("clientDeleted", "client-deleted", _ANY_KEYS),
        """A client was deleted.

        Messages as schema ``v1/client-message.json``.
        """,
    )

    clientUpdated: AnyKeys = exchange(
        Exchange.of("clientUpdated", "client-updated", _ANY_KEYS),
        """A client was changed.

        Messages as schema ``v1/client-message.json``.
        """,
    )

    roleCreated: AnyKeys = exchange(
        Exchange.of("roleCreated", "role-created", _ANY_KEYS),
        """A role was created.

        Messages as schema ``v1/role-message.json``.
        """,
    )

    roleDeleted: AnyKeys = exchange(
        Exchange.of("roleDeleted", "role-deleted", _ANY_KEYS),
        """A role was deleted.

        Messages as schema ``v1/role-message.json``.
        """,
    )

    roleUpdated: AnyKeys = exchange(
        Exchange.of("roleUpdated", "role-updated", _ANY_KEYS),
        """A role was changed.

        Messages as schema ``v1/role-message.json``.
        """,
    )


class GithubEvents(Events):
    """Exchanges of the github service."""

    EXCHANGE_PREFIX = "exchange/taskcluster-github/v1/"

    pullRequest: OrganizationActionKeys = exchange(
        Exchange.of("pullRequest", "pull-request", _ORGANIZATION_ACTION_KEYS),
        """Something happened to a pull request.

        Messages as schema ``v1/github-pull-request-message.json``.
        """,
    )

    push: OrganizationRepositoryKeys = exchange(
        Exchange.of("push", "push", _ORGANIZATION_REPOSITORY_KEYS),
        """Commits were pushed.

        Messages as schema ``v1/github-push-message.json``.
        """,
    )

    release: OrganizationRepositoryKeys = exchange(
        Exchange.of("release", "release", _ORGANIZATION_REPOSITORY_KEYS),
        """A release was made or changed.

        Messages as schema ``v1/github-release-message.json``.
        """,
    )

    rerun: OrganizationRepositoryKeys = exchange(
        Exchange.of("rerun", "rerun", _ORGANIZATION_REPOSITORY_KEYS),
        """A task was asked for again.

        Messages as schema ``v1/github-rerun-message.json``.
        """,
    )

    taskGroupCreationRequested: OrganizationRepositoryKeys = exchange(
        Exchange.of("taskGroupCreationRequested", "task-group-creation-requested", _ORGANIZATION_REPOSITORY_KEYS),
        """A task group is wanted for an event.

        Messages as schema ``v1/task-group-creation-requested.json``.
        """,
    )

    taskclusterYmlUpdate: OrganizationRepositoryKeys = exchange(
        Exchange.of("taskclusterYmlUpdate", "taskcluster-yml-update", _ORGANIZATION_REPOSITORY_KEYS),
        """A .taskcluster.yml changed.

        Messages as schema ``v1/taskcluster-yml-update-message.json``.
        """,
    )


class HooksEvents(Events):
    """Exchanges of the hooks service."""

    EXCHANGE_PREFIX = "exchange/taskcluster-hooks/v1/"

    hookCreated: AnyKeys = exchange(
        Exchange.of("hookCreated", "hook-created", _ANY_KEYS),
        """A hook was created.

        Messages as schema ``v1/pulse-hook-changed-message.json``.
        """,
    )

    hookDeleted: AnyKeys = exchange(
        Exchange.of("hookDeleted", "hook-deleted", _ANY_KEYS),
        """A hook was deleted.

        Messages as schema ``v1/pulse-hook-changed-message.json``.
        """,
    )

    hookUpdated: AnyKeys = exchange(
        Exchange.of("hookUpdated", "hook-updated", _ANY_KEYS),
        """A hook was changed.

        Messages as schema ``v1/pulse-hook-changed-message.json``.
        """,
    )


class NotifyEvents(Events):
    """Exchanges of the notify service."""

    EXCHANGE_PREFIX = "exchange/taskcluster-notify/v1/"

    notify: TopicKeys = exchange(
        Exchange.of("notify", "notification", _TOPIC_KEYS),
        """A message that somebody asked to be published.

        Messages as schema ``v1/notification-message.json``.
        """,
    )


class QueueEvents(Events):
    """Exchanges of the queue service."""

    EXCHANGE_PREFIX = "exchange/taskcluster-queue/v1/"

    artifactCreated: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("artifactCreated", "artifact-created", _TASK_ID_TASK_GROUP_ID_KEYS),
        """An artifact can be read.

        Messages as schema ``v1/artifact-created-message.json``.
        """,
    )

    taskCompleted: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskCompleted", "task-completed", _TASK_ID_TASK_GROUP_ID_KEYS),
        """A run completed.

        Messages as schema ``v1/task-completed-message.json``.
        """,
    )

    taskDefined: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskDefined", "task-defined", _TASK_ID_TASK_GROUP_ID_KEYS),
        """A task was created.

        Messages as schema ``v1/task-defined-message.json``.
        """,
    )

    taskException: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskException", "task-exception", _TASK_ID_TASK_GROUP_ID_KEYS),
        """A run, or a task that never ran, ended as an exception.

        Messages as schema ``v1/task-exception-message.json``.
        """,
    )

    taskFailed: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskFailed", "task-failed", _TASK_ID_TASK_GROUP_ID_KEYS),
        """A run failed.

        Messages as schema ``v1/task-failed-message.json``.
        """,
    )

    taskGroupPriorityChanged: TaskGroupIdSchedulerIdKeys = exchange(
        Exchange.of("taskGroupPriorityChanged", "task-group-priority-changed", _TASK_GROUP_ID_SCHEDULER_ID_KEYS),
        """The priority of a task group changed.

        Messages as schema ``v1/task-group-priority-changed-message.json``.
        """,
    )

    taskGroupResolved: TaskGroupIdSchedulerIdKeys = exchange(
        Exchange.of("taskGroupResolved", "task-group-resolved", _TASK_GROUP_ID_SCHEDULER_ID_KEYS),
        """Every task of a group is resolved.

        Messages as schema ``v1/task-group-changed-message.json``.
        """,
    )

    taskGroupSealed: TaskGroupIdSchedulerIdKeys = exchange(
        Exchange.of("taskGroupSealed", "task-group-sealed", _TASK_GROUP_ID_SCHEDULER_ID_KEYS),
        """A task group takes no further tasks.

        Messages as schema ``v1/task-group-changed-message.json``.
        """,
    )

    taskPending: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskPending", "task-pending", _TASK_ID_TASK_GROUP_ID_KEYS),
        """A run became pending.

        Messages as schema ``v1/task-pending-message.json``.
        """,
    )

    taskPriorityChanged: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskPriorityChanged", "task-priority-changed", _TASK_ID_TASK_GROUP_ID_KEYS),
        """The priority of a task changed.

        Messages as schema ``v1/task-priority-changed-message.json``.
        """,
    )

    taskRunning: TaskIdTaskGroupIdKeys = exchange(
        Exchange.of("taskRunning", "task-running", _TASK_ID_TASK_GROUP_ID_KEYS),
        """A run was claimed.

        Messages as schema ``v1/task-running-message.json``.
        """,
    )


class WorkerManagerEvents(Events):
    """Exchanges of the worker-manager service."""

    EXCHANGE_PREFIX = "exchange/taskcluster-worker-manager/v1/"

    launchConfigArchived: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("launchConfigArchived", "launch-config-archived", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A launch configuration was archived.

        Messages as schema ``v1/pulse-launch-config-message.json``.
        """,
    )

    launchConfigCreated: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("launchConfigCreated", "launch-config-created", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A launch configuration was created.

        Messages as schema ``v1/pulse-launch-config-message.json``.
        """,
    )

    launchConfigUpdated: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("launchConfigUpdated", "launch-config-updated", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A launch configuration was changed.

        Messages as schema ``v1/pulse-launch-config-message.json``.
        """,
    )

    workerPoolCreated: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerPoolCreated", "worker-pool-created", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker pool was created.

        Messages as schema ``v1/pulse-worker-pool-message.json``.
        """,
    )

    workerPoolError: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerPoolError", "worker-pool-error", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker pool had an error.

        Messages as schema ``v1/pulse-worker-pool-error-message.json``.
        """,
    )

    workerPoolUpdated: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerPoolUpdated", "worker-pool-updated", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker pool was changed.

        Messages as schema ``v1/pulse-worker-pool-message.json``.
        """,
    )

    workerRemoved: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerRemoved", "worker-removed", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker was removed.

        Messages as schema ``v1/pulse-worker-removed-message.json``.
        """,
    )

    workerRequested: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerRequested", "worker-requested", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker was asked for.

        Messages as schema ``v1/pulse-worker-message.json``.
        """,
    )

    workerRunning: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerRunning", "worker-running", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker has registered.

        Messages as schema ``v1/pulse-worker-message.json``.
        """,
    )

    workerStopped: ProviderIdLaunchConfigIdKeys = exchange(
        Exchange.of("workerStopped", "worker-stopped", _PROVIDER_ID_LAUNCH_CONFIG_ID_KEYS),
        """A worker has stopped.

        Messages as schema ``v1/pulse-worker-message.json``.
        """,
    )
