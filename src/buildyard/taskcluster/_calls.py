"""The ways a function may be called, as types; each stands for one list of parameters.

Positions or names; names beside a payload by position; ``params``.  With ``paginationHandler`` a
function answers nothing, and the handler gets each page.  `_calling` is what reads them.
"""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.
# ruff: noqa: N803

from __future__ import annotations

from typing import Protocol, TypeVar, overload

from buildyard.taskcluster._calling import Handler, Params, Payload, Query, Value

R_co = TypeVar("R_co", covariant=True)
N_co = TypeVar("N_co", covariant=True)


class AppNameOwnerPayloadCall(Protocol[R_co]):
    """Takes appName, owner, payload."""

    @overload
    def __call__(self, appName: Value, owner: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, appName: Value, owner: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class Call(Protocol[R_co]):
    """Takes nothing."""

    def __call__(self, *, query: Query | None = None, params: Params | None = None) -> R_co: ...


class ClientIdCall(Protocol[R_co]):
    """Takes clientId."""

    @overload
    def __call__(self, clientId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class ClientIdPagedCall(Protocol[R_co, N_co]):
    """Takes clientId; answers in pages."""

    @overload
    def __call__(self, clientId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        clientId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class ClientIdPayloadCall(Protocol[R_co]):
    """Takes clientId, payload."""

    @overload
    def __call__(self, clientId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, clientId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class EntityTypeEntityIdCall(Protocol[R_co]):
    """Takes entityType, entityId."""

    @overload
    def __call__(self, entityType: Value, entityId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class EntityTypeEntityIdPagedCall(Protocol[R_co, N_co]):
    """Takes entityType, entityId; answers in pages."""

    @overload
    def __call__(self, entityType: Value, entityId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        entityType: Value,
        entityId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class HookGroupIdCall(Protocol[R_co]):
    """Takes hookGroupId."""

    @overload
    def __call__(self, hookGroupId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class HookGroupIdHookIdCall(Protocol[R_co]):
    """Takes hookGroupId, hookId."""

    @overload
    def __call__(self, hookGroupId: Value, hookId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class HookGroupIdHookIdPagedCall(Protocol[R_co, N_co]):
    """Takes hookGroupId, hookId; answers in pages."""

    @overload
    def __call__(self, hookGroupId: Value, hookId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        hookGroupId: Value,
        hookId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class HookGroupIdHookIdPayloadCall(Protocol[R_co]):
    """Takes hookGroupId, hookId, payload."""

    @overload
    def __call__(self, hookGroupId: Value, hookId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self, payload: Payload, /, *, hookGroupId: Value, hookId: Value, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class HookGroupIdHookIdTokenPayloadCall(Protocol[R_co]):
    """Takes hookGroupId, hookId, token, payload."""

    @overload
    def __call__(
        self, hookGroupId: Value, hookId: Value, token: Value, payload: Payload, *, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(
        self, payload: Payload, /, *, hookGroupId: Value, hookId: Value, token: Value, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class IndexPathCall(Protocol[R_co]):
    """Takes indexPath."""

    @overload
    def __call__(self, indexPath: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class IndexPathNameCall(Protocol[R_co]):
    """Takes indexPath, name."""

    @overload
    def __call__(self, indexPath: Value, name: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class LevelBucketPrefixCall(Protocol[R_co]):
    """Takes level, bucket, prefix."""

    @overload
    def __call__(self, level: Value, bucket: Value, prefix: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class NameCall(Protocol[R_co]):
    """Takes name."""

    @overload
    def __call__(self, name: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class NamePayloadCall(Protocol[R_co]):
    """Takes name, payload."""

    @overload
    def __call__(self, name: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, name: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class NamespaceCall(Protocol[R_co]):
    """Takes namespace."""

    @overload
    def __call__(self, namespace: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class NamespacePagedCall(Protocol[R_co, N_co]):
    """Takes namespace; answers in pages."""

    @overload
    def __call__(self, namespace: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        namespace: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class NamespacePayloadCall(Protocol[R_co]):
    """Takes namespace, payload."""

    @overload
    def __call__(self, namespace: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, namespace: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class OwnerRepoBranchCall(Protocol[R_co]):
    """Takes owner, repo, branch."""

    @overload
    def __call__(self, owner: Value, repo: Value, branch: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class OwnerRepoCall(Protocol[R_co]):
    """Takes owner, repo."""

    @overload
    def __call__(self, owner: Value, repo: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class OwnerRepoNumberPayloadCall(Protocol[R_co]):
    """Takes owner, repo, number, payload."""

    @overload
    def __call__(
        self, owner: Value, repo: Value, number: Value, payload: Payload, *, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(
        self, payload: Payload, /, *, owner: Value, repo: Value, number: Value, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class OwnerRepoShaPayloadCall(Protocol[R_co]):
    """Takes owner, repo, sha, payload."""

    @overload
    def __call__(
        self, owner: Value, repo: Value, sha: Value, payload: Payload, *, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(
        self, payload: Payload, /, *, owner: Value, repo: Value, sha: Value, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class PagedCall(Protocol[R_co, N_co]):
    """Takes nothing; answers in pages."""

    @overload
    def __call__(self, *, query: Query | None = None, params: Params | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        *,
        query: Query | None = None,
        params: Params | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class PayloadCall(Protocol[R_co]):
    """Takes payload."""

    def __call__(self, payload: Payload, *, query: Query | None = None, params: Params | None = None) -> R_co: ...


class PayloadPagedCall(Protocol[R_co, N_co]):
    """Takes payload; answers in pages."""

    @overload
    def __call__(self, payload: Payload, *, query: Query | None = None, params: Params | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        payload: Payload,
        *,
        query: Query | None = None,
        params: Params | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class ProjectCall(Protocol[R_co]):
    """Takes project."""

    @overload
    def __call__(self, project: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class ProjectIdServiceAccountCall(Protocol[R_co]):
    """Takes projectId, serviceAccount."""

    @overload
    def __call__(self, projectId: Value, serviceAccount: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class ProvisionerIdCall(Protocol[R_co]):
    """Takes provisionerId."""

    @overload
    def __call__(self, provisionerId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class ProvisionerIdPagedCall(Protocol[R_co, N_co]):
    """Takes provisionerId; answers in pages."""

    @overload
    def __call__(self, provisionerId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        provisionerId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class ProvisionerIdWorkerTypeCall(Protocol[R_co]):
    """Takes provisionerId, workerType."""

    @overload
    def __call__(self, provisionerId: Value, workerType: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class ProvisionerIdWorkerTypePagedCall(Protocol[R_co, N_co]):
    """Takes provisionerId, workerType; answers in pages."""

    @overload
    def __call__(self, provisionerId: Value, workerType: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        provisionerId: Value,
        workerType: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall(Protocol[R_co]):
    """Takes provisionerId, workerType, workerGroup, workerId."""

    @overload
    def __call__(
        self,
        provisionerId: Value,
        workerType: Value,
        workerGroup: Value,
        workerId: Value,
        *,
        query: Query | None = None,
    ) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall(Protocol[R_co]):
    """Takes provisionerId, workerType, workerGroup, workerId, payload."""

    @overload
    def __call__(
        self,
        provisionerId: Value,
        workerType: Value,
        workerGroup: Value,
        workerId: Value,
        payload: Payload,
        *,
        query: Query | None = None,
    ) -> R_co: ...
    @overload
    def __call__(
        self,
        payload: Payload,
        /,
        *,
        provisionerId: Value,
        workerType: Value,
        workerGroup: Value,
        workerId: Value,
        query: Query | None = None,
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class RoleIdCall(Protocol[R_co]):
    """Takes roleId."""

    @overload
    def __call__(self, roleId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class RoleIdPayloadCall(Protocol[R_co]):
    """Takes roleId, payload."""

    @overload
    def __call__(self, roleId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, roleId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class TaskGroupIdCall(Protocol[R_co]):
    """Takes taskGroupId."""

    @overload
    def __call__(self, taskGroupId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class TaskGroupIdPagedCall(Protocol[R_co, N_co]):
    """Takes taskGroupId; answers in pages."""

    @overload
    def __call__(self, taskGroupId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        taskGroupId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class TaskGroupIdPayloadCall(Protocol[R_co]):
    """Takes taskGroupId, payload."""

    @overload
    def __call__(self, taskGroupId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, taskGroupId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdCall(Protocol[R_co]):
    """Takes taskId."""

    @overload
    def __call__(self, taskId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdNameCall(Protocol[R_co]):
    """Takes taskId, name."""

    @overload
    def __call__(self, taskId: Value, name: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdPagedCall(Protocol[R_co, N_co]):
    """Takes taskId; answers in pages."""

    @overload
    def __call__(self, taskId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        taskId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class TaskIdPayloadCall(Protocol[R_co]):
    """Takes taskId, payload."""

    @overload
    def __call__(self, taskId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, taskId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdRunIdCall(Protocol[R_co]):
    """Takes taskId, runId."""

    @overload
    def __call__(self, taskId: Value, runId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdRunIdNameCall(Protocol[R_co]):
    """Takes taskId, runId, name."""

    @overload
    def __call__(self, taskId: Value, runId: Value, name: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdRunIdNamePayloadCall(Protocol[R_co]):
    """Takes taskId, runId, name, payload."""

    @overload
    def __call__(
        self, taskId: Value, runId: Value, name: Value, payload: Payload, *, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(
        self, payload: Payload, /, *, taskId: Value, runId: Value, name: Value, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class TaskIdRunIdPagedCall(Protocol[R_co, N_co]):
    """Takes taskId, runId; answers in pages."""

    @overload
    def __call__(self, taskId: Value, runId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        taskId: Value,
        runId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class TaskIdRunIdPayloadCall(Protocol[R_co]):
    """Takes taskId, runId, payload."""

    @overload
    def __call__(self, taskId: Value, runId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, taskId: Value, runId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class TaskQueueIdCall(Protocol[R_co]):
    """Takes taskQueueId."""

    @overload
    def __call__(self, taskQueueId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class TaskQueueIdPagedCall(Protocol[R_co, N_co]):
    """Takes taskQueueId; answers in pages."""

    @overload
    def __call__(self, taskQueueId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        taskQueueId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class TaskQueueIdPayloadCall(Protocol[R_co]):
    """Takes taskQueueId, payload."""

    @overload
    def __call__(self, taskQueueId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, taskQueueId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class WorkerPoolIdCall(Protocol[R_co]):
    """Takes workerPoolId."""

    @overload
    def __call__(self, workerPoolId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class WorkerPoolIdPagedCall(Protocol[R_co, N_co]):
    """Takes workerPoolId; answers in pages."""

    @overload
    def __call__(self, workerPoolId: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        workerPoolId: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class WorkerPoolIdPayloadCall(Protocol[R_co]):
    """Takes workerPoolId, payload."""

    @overload
    def __call__(self, workerPoolId: Value, payload: Payload, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, payload: Payload, /, *, workerPoolId: Value, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class WorkerPoolIdWorkerGroupCall(Protocol[R_co]):
    """Takes workerPoolId, workerGroup."""

    @overload
    def __call__(self, workerPoolId: Value, workerGroup: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class WorkerPoolIdWorkerGroupPagedCall(Protocol[R_co, N_co]):
    """Takes workerPoolId, workerGroup; answers in pages."""

    @overload
    def __call__(self, workerPoolId: Value, workerGroup: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(
        self,
        workerPoolId: Value,
        workerGroup: Value,
        *,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...
    @overload
    def __call__(
        self,
        *,
        params: Params,
        query: Query | None = None,
        paginationHandler: Handler,
        paginationLimit: int | None = None,
    ) -> N_co: ...


class WorkerPoolIdWorkerGroupWorkerIdCall(Protocol[R_co]):
    """Takes workerPoolId, workerGroup, workerId."""

    @overload
    def __call__(
        self, workerPoolId: Value, workerGroup: Value, workerId: Value, *, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...


class WorkerPoolIdWorkerGroupWorkerIdPayloadCall(Protocol[R_co]):
    """Takes workerPoolId, workerGroup, workerId, payload."""

    @overload
    def __call__(
        self, workerPoolId: Value, workerGroup: Value, workerId: Value, payload: Payload, *, query: Query | None = None
    ) -> R_co: ...
    @overload
    def __call__(
        self,
        payload: Payload,
        /,
        *,
        workerPoolId: Value,
        workerGroup: Value,
        workerId: Value,
        query: Query | None = None,
    ) -> R_co: ...
    @overload
    def __call__(self, *, payload: Payload, params: Params, query: Query | None = None) -> R_co: ...


class WstAudienceWstClientCall(Protocol[R_co]):
    """Takes wstAudience, wstClient."""

    @overload
    def __call__(self, wstAudience: Value, wstClient: Value, *, query: Query | None = None) -> R_co: ...
    @overload
    def __call__(self, *, params: Params, query: Query | None = None) -> R_co: ...
