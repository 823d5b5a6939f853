"""The Twisted face: a table of the cores' functions for each service."""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.
# ruff: noqa: N815

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buildyard.faces.deferred import DeferredIterator
from buildyard.taskcluster import _services as core
from buildyard.taskcluster._deferred import DeferredArtifacts, DeferredService
from buildyard.taskcluster._operations import deferred_call, deferred_items

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from buildyard.taskcluster import _calls as calls
    from buildyard.taskcluster import types


class Auth(DeferredService[core.AsyncAuth]):
    """The auth service; see `AsyncAuth`."""

    _CORE = core.AsyncAuth
    authenticateHawk: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.authenticateHawk)
    awsS3Credentials: calls.LevelBucketPrefixCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncAuth.awsS3Credentials
    )
    client: calls.ClientIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.client)
    createClient: calls.ClientIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.createClient)
    createRole: calls.RoleIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.createRole)
    currentScopes: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.currentScopes)
    deleteClient: calls.ClientIdCall[Deferred[Any]] = deferred_call(core.AsyncAuth.deleteClient)
    deleteRole: calls.RoleIdCall[Deferred[Any]] = deferred_call(core.AsyncAuth.deleteRole)
    disableClient: calls.ClientIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.disableClient)
    enableClient: calls.ClientIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.enableClient)
    expandScopes: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.expandScopes)
    gcpCredentials: calls.ProjectIdServiceAccountCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncAuth.gcpCredentials
    )
    getEntityHistory: calls.EntityTypeEntityIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncAuth.getEntityHistory
    )
    iterEntityHistory: calls.EntityTypeEntityIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncAuth.iterEntityHistory
    )
    githubRepoToken: calls.AppNameOwnerPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncAuth.githubRepoToken
    )
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.lbheartbeat)
    listAuditHistory: calls.ClientIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncAuth.listAuditHistory
    )
    iterAuditHistory: calls.ClientIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncAuth.iterAuditHistory
    )
    listClients: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncAuth.listClients)
    iterClients: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncAuth.iterClients)
    listRoleIds: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncAuth.listRoleIds)
    iterRoleIds: calls.Call[DeferredIterator[str]] = deferred_items(core.AsyncAuth.iterRoleIds)
    listRoles: calls.Call[Deferred[list[dict[str, Any]]]] = deferred_call(core.AsyncAuth.listRoles)
    listRoles2: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncAuth.listRoles2)
    iterRoles2: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncAuth.iterRoles2)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncAuth.ping)
    resetAccessToken: calls.ClientIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.resetAccessToken)
    role: calls.RoleIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.role)
    sentryDSN: calls.ProjectCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.sentryDSN)
    testAuthenticate: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.testAuthenticate)
    testAuthenticateGet: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.testAuthenticateGet)
    updateClient: calls.ClientIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.updateClient)
    updateRole: calls.RoleIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncAuth.updateRole)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncAuth.version)
    websocktunnelToken: calls.WstAudienceWstClientCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncAuth.websocktunnelToken
    )


class Github(DeferredService[core.AsyncGithub]):
    """The github service; see `AsyncGithub`."""

    _CORE = core.AsyncGithub
    badge: calls.OwnerRepoBranchCall[Deferred[Any]] = deferred_call(core.AsyncGithub.badge)
    builds: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncGithub.builds)
    iterBuilds: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncGithub.iterBuilds)
    cancelBuilds: calls.OwnerRepoCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncGithub.cancelBuilds)
    createComment: calls.OwnerRepoNumberPayloadCall[Deferred[Any]] = deferred_call(core.AsyncGithub.createComment)
    createStatus: calls.OwnerRepoShaPayloadCall[Deferred[Any]] = deferred_call(core.AsyncGithub.createStatus)
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncGithub.heartbeat)
    latest: calls.OwnerRepoBranchCall[Deferred[Any]] = deferred_call(core.AsyncGithub.latest)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncGithub.lbheartbeat)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncGithub.ping)
    renderTaskclusterYml: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncGithub.renderTaskclusterYml
    )
    repository: calls.OwnerRepoCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncGithub.repository)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncGithub.version)


class Hooks(DeferredService[core.AsyncHooks]):
    """The hooks service; see `AsyncHooks`."""

    _CORE = core.AsyncHooks
    createHook: calls.HookGroupIdHookIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.createHook)
    getHookStatus: calls.HookGroupIdHookIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.getHookStatus)
    getTriggerToken: calls.HookGroupIdHookIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncHooks.getTriggerToken
    )
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.heartbeat)
    hook: calls.HookGroupIdHookIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.hook)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.lbheartbeat)
    listHookGroups: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.listHookGroups)
    listHooks: calls.HookGroupIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.listHooks)
    listLastFires: calls.HookGroupIdHookIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncHooks.listLastFires
    )
    iterLastFires: calls.HookGroupIdHookIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncHooks.iterLastFires
    )
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncHooks.ping)
    removeHook: calls.HookGroupIdHookIdCall[Deferred[Any]] = deferred_call(core.AsyncHooks.removeHook)
    resetTriggerToken: calls.HookGroupIdHookIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncHooks.resetTriggerToken
    )
    triggerHook: calls.HookGroupIdHookIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncHooks.triggerHook
    )
    triggerHookWithToken: calls.HookGroupIdHookIdTokenPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncHooks.triggerHookWithToken
    )
    updateHook: calls.HookGroupIdHookIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncHooks.updateHook)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncHooks.version)


class Index(DeferredService[core.AsyncIndex]):
    """The index service; see `AsyncIndex`."""

    _CORE = core.AsyncIndex
    deleteTask: calls.NamespaceCall[Deferred[Any]] = deferred_call(core.AsyncIndex.deleteTask)
    findArtifactFromTask: calls.IndexPathNameCall[Deferred[Any]] = deferred_call(core.AsyncIndex.findArtifactFromTask)
    findTask: calls.IndexPathCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncIndex.findTask)
    findTasksAtIndex: calls.PayloadPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncIndex.findTasksAtIndex
    )
    iterTasksAtIndex: calls.PayloadCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncIndex.iterTasksAtIndex
    )
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncIndex.heartbeat)
    insertTask: calls.NamespacePayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncIndex.insertTask)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncIndex.lbheartbeat)
    listNamespaces: calls.NamespacePagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncIndex.listNamespaces
    )
    iterNamespaces: calls.NamespaceCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncIndex.iterNamespaces
    )
    listTasks: calls.NamespacePagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncIndex.listTasks
    )
    iterTasks: calls.NamespaceCall[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncIndex.iterTasks)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncIndex.ping)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncIndex.version)


class Notify(DeferredService[core.AsyncNotify]):
    """The notify service; see `AsyncNotify`."""

    _CORE = core.AsyncNotify
    addDenylistAddress: calls.PayloadCall[Deferred[Any]] = deferred_call(core.AsyncNotify.addDenylistAddress)
    deleteDenylistAddress: calls.PayloadCall[Deferred[Any]] = deferred_call(core.AsyncNotify.deleteDenylistAddress)
    email: calls.PayloadCall[Deferred[Any]] = deferred_call(core.AsyncNotify.email)
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncNotify.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncNotify.lbheartbeat)
    listDenylist: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncNotify.listDenylist
    )
    iterDenylist: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncNotify.iterDenylist)
    matrix: calls.PayloadCall[Deferred[Any]] = deferred_call(core.AsyncNotify.matrix)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncNotify.ping)
    pulse: calls.PayloadCall[Deferred[Any]] = deferred_call(core.AsyncNotify.pulse)
    slack: calls.PayloadCall[Deferred[Any]] = deferred_call(core.AsyncNotify.slack)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncNotify.version)


class Object(DeferredService[core.AsyncObject]):
    """The object service; see `AsyncObject`."""

    _CORE = core.AsyncObject
    createUpload: calls.NamePayloadCall[Deferred[types.CreatedUpload]] = deferred_call(core.AsyncObject.createUpload)
    download: calls.NameCall[Deferred[Any]] = deferred_call(core.AsyncObject.download)
    finishUpload: calls.NamePayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncObject.finishUpload)
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncObject.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncObject.lbheartbeat)
    object: calls.NameCall[Deferred[types.ObjectMetadata]] = deferred_call(core.AsyncObject.object)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncObject.ping)
    startDownload: calls.NamePayloadCall[Deferred[types.StartedDownload]] = deferred_call(
        core.AsyncObject.startDownload
    )
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncObject.version)


class PurgeCache(DeferredService[core.AsyncPurgeCache]):
    """The purge-cache service; see `AsyncPurgeCache`."""

    _CORE = core.AsyncPurgeCache
    allPurgeRequests: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncPurgeCache.allPurgeRequests
    )
    iterPurgeRequests: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncPurgeCache.iterPurgeRequests
    )
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncPurgeCache.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncPurgeCache.lbheartbeat)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncPurgeCache.ping)
    purgeCache: calls.WorkerPoolIdPayloadCall[Deferred[Any]] = deferred_call(core.AsyncPurgeCache.purgeCache)
    purgeRequests: calls.WorkerPoolIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncPurgeCache.purgeRequests)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncPurgeCache.version)


class Queue(DeferredArtifacts[core.AsyncQueue]):
    """The queue service; see `AsyncQueue`."""

    _CORE = core.AsyncQueue
    artifact: calls.TaskIdRunIdNameCall[Deferred[types.ArtifactContent]] = deferred_call(core.AsyncQueue.artifact)
    artifactInfo: calls.TaskIdRunIdNameCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.artifactInfo)
    cancelTask: calls.TaskIdCall[Deferred[types.StatusAnswer]] = deferred_call(core.AsyncQueue.cancelTask)
    cancelTaskGroup: calls.TaskGroupIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.cancelTaskGroup)
    changeTaskGroupPriority: calls.TaskGroupIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncQueue.changeTaskGroupPriority
    )
    changeTaskPriority: calls.TaskIdPayloadCall[Deferred[types.StatusAnswer]] = deferred_call(
        core.AsyncQueue.changeTaskPriority
    )
    claimTask: calls.TaskIdRunIdPayloadCall[Deferred[types.Claim]] = deferred_call(core.AsyncQueue.claimTask)
    claimWork: calls.TaskQueueIdPayloadCall[Deferred[types.ClaimWorkAnswer]] = deferred_call(core.AsyncQueue.claimWork)
    createArtifact: calls.TaskIdRunIdNamePayloadCall[Deferred[types.CreatedArtifact]] = deferred_call(
        core.AsyncQueue.createArtifact
    )
    createTask: calls.TaskIdPayloadCall[Deferred[types.StatusAnswer]] = deferred_call(core.AsyncQueue.createTask)
    declareWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall[Deferred[dict[str, Any]]] = (
        deferred_call(core.AsyncQueue.declareWorker)
    )
    finishArtifact: calls.TaskIdRunIdNamePayloadCall[Deferred[None]] = deferred_call(core.AsyncQueue.finishArtifact)
    getArtifact: calls.TaskIdRunIdNameCall[Deferred[types.ArtifactContent]] = deferred_call(core.AsyncQueue.getArtifact)
    getLatestArtifact: calls.TaskIdNameCall[Deferred[types.ArtifactContent]] = deferred_call(
        core.AsyncQueue.getLatestArtifact
    )
    getProvisioner: calls.ProvisionerIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.getProvisioner)
    getTaskGroup: calls.TaskGroupIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.getTaskGroup)
    getTaskQueue: calls.TaskQueueIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.getTaskQueue)
    getWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncQueue.getWorker
    )
    getWorkerType: calls.ProvisionerIdWorkerTypeCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncQueue.getWorkerType
    )
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.heartbeat)
    latestArtifact: calls.TaskIdNameCall[Deferred[types.ArtifactContent]] = deferred_call(
        core.AsyncQueue.latestArtifact
    )
    latestArtifactInfo: calls.TaskIdNameCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncQueue.latestArtifactInfo
    )
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.lbheartbeat)
    listArtifacts: calls.TaskIdRunIdPagedCall[Deferred[types.ArtifactList], Deferred[None]] = deferred_call(
        core.AsyncQueue.listArtifacts
    )
    iterArtifacts: calls.TaskIdRunIdCall[DeferredIterator[types.ArtifactInfo]] = deferred_items(
        core.AsyncQueue.iterArtifacts
    )
    listClaimedTasks: calls.TaskQueueIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listClaimedTasks
    )
    iterClaimedTasks: calls.TaskQueueIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncQueue.iterClaimedTasks
    )
    listDependentTasks: calls.TaskIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listDependentTasks
    )
    iterDependentTasks: calls.TaskIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncQueue.iterDependentTasks
    )
    listLatestArtifacts: calls.TaskIdPagedCall[Deferred[types.ArtifactList], Deferred[None]] = deferred_call(
        core.AsyncQueue.listLatestArtifacts
    )
    iterLatestArtifacts: calls.TaskIdCall[DeferredIterator[types.ArtifactInfo]] = deferred_items(
        core.AsyncQueue.iterLatestArtifacts
    )
    listPendingTasks: calls.TaskQueueIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listPendingTasks
    )
    iterPendingTasks: calls.TaskQueueIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncQueue.iterPendingTasks
    )
    listProvisioners: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listProvisioners
    )
    iterProvisioners: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncQueue.iterProvisioners)
    listTaskGroup: calls.TaskGroupIdPagedCall[Deferred[types.TaskGroupPage], Deferred[None]] = deferred_call(
        core.AsyncQueue.listTaskGroup
    )
    iterTaskGroup: calls.TaskGroupIdCall[DeferredIterator[types.TaskInGroup]] = deferred_items(
        core.AsyncQueue.iterTaskGroup
    )
    listTaskQueues: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listTaskQueues
    )
    iterTaskQueues: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncQueue.iterTaskQueues)
    listWorkerTypes: calls.ProvisionerIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listWorkerTypes
    )
    iterWorkerTypes: calls.ProvisionerIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncQueue.iterWorkerTypes
    )
    listWorkers: calls.ProvisionerIdWorkerTypePagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncQueue.listWorkers
    )
    iterWorkers: calls.ProvisionerIdWorkerTypeCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncQueue.iterWorkers
    )
    pendingTasks: calls.TaskQueueIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.pendingTasks)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncQueue.ping)
    quarantineWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall[Deferred[dict[str, Any]]] = (
        deferred_call(core.AsyncQueue.quarantineWorker)
    )
    reclaimTask: calls.TaskIdRunIdCall[Deferred[types.ReclaimAnswer]] = deferred_call(core.AsyncQueue.reclaimTask)
    reportCompleted: calls.TaskIdRunIdCall[Deferred[types.StatusAnswer]] = deferred_call(
        core.AsyncQueue.reportCompleted
    )
    reportException: calls.TaskIdRunIdPayloadCall[Deferred[types.StatusAnswer]] = deferred_call(
        core.AsyncQueue.reportException
    )
    reportFailed: calls.TaskIdRunIdCall[Deferred[types.StatusAnswer]] = deferred_call(core.AsyncQueue.reportFailed)
    rerunTask: calls.TaskIdCall[Deferred[types.StatusAnswer]] = deferred_call(core.AsyncQueue.rerunTask)
    scheduleTask: calls.TaskIdCall[Deferred[types.StatusAnswer]] = deferred_call(core.AsyncQueue.scheduleTask)
    sealTaskGroup: calls.TaskGroupIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.sealTaskGroup)
    status: calls.TaskIdCall[Deferred[types.StatusAnswer]] = deferred_call(core.AsyncQueue.status)
    statuses: calls.PayloadPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncQueue.statuses)
    iterStatuses: calls.PayloadCall[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncQueue.iterStatuses)
    task: calls.TaskIdCall[Deferred[types.TaskDefinition]] = deferred_call(core.AsyncQueue.task)
    taskQueueCounts: calls.TaskQueueIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncQueue.taskQueueCounts)
    taskQueueCountsBatch: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncQueue.taskQueueCountsBatch
    )
    tasks: calls.PayloadPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncQueue.tasks)
    iterTasks: calls.PayloadCall[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncQueue.iterTasks)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncQueue.version)


class Secrets(DeferredService[core.AsyncSecrets]):
    """The secrets service; see `AsyncSecrets`."""

    _CORE = core.AsyncSecrets
    get: calls.NameCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncSecrets.get)
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncSecrets.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncSecrets.lbheartbeat)
    list: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(core.AsyncSecrets.list)
    iterSecrets: calls.Call[DeferredIterator[str]] = deferred_items(core.AsyncSecrets.iterSecrets)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncSecrets.ping)
    remove: calls.NameCall[Deferred[Any]] = deferred_call(core.AsyncSecrets.remove)
    set: calls.NamePayloadCall[Deferred[Any]] = deferred_call(core.AsyncSecrets.set)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncSecrets.version)


class WebServer(DeferredService[core.AsyncWebServer]):
    """The web-server service; see `AsyncWebServer`."""

    _CORE = core.AsyncWebServer
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncWebServer.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncWebServer.lbheartbeat)
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncWebServer.ping)
    taskGroupProfile: calls.TaskGroupIdCall[Deferred[Any]] = deferred_call(core.AsyncWebServer.taskGroupProfile)
    taskProfile: calls.TaskIdCall[Deferred[Any]] = deferred_call(core.AsyncWebServer.taskProfile)
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncWebServer.version)


class WorkerManager(DeferredService[core.AsyncWorkerManager]):
    """The worker-manager service; see `AsyncWorkerManager`."""

    _CORE = core.AsyncWorkerManager
    createWorker: calls.WorkerPoolIdWorkerGroupWorkerIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.createWorker
    )
    createWorkerPool: calls.WorkerPoolIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.createWorkerPool
    )
    deleteWorkerPool: calls.WorkerPoolIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.deleteWorkerPool
    )
    getWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.getWorker
    )
    heartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncWorkerManager.heartbeat)
    lbheartbeat: calls.Call[Deferred[dict[str, Any]]] = deferred_call(core.AsyncWorkerManager.lbheartbeat)
    listProviders: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listProviders
    )
    iterProviders: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(core.AsyncWorkerManager.iterProviders)
    listWorkerPoolErrors: calls.WorkerPoolIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listWorkerPoolErrors
    )
    iterWorkerPoolErrors: calls.WorkerPoolIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkerPoolErrors
    )
    listWorkerPoolLaunchConfigs: calls.WorkerPoolIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listWorkerPoolLaunchConfigs
    )
    iterWorkerPoolLaunchConfigs: calls.WorkerPoolIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkerPoolLaunchConfigs
    )
    listWorkerPools: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listWorkerPools
    )
    iterWorkerPools: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkerPools
    )
    listWorkerPoolsStats: calls.PagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listWorkerPoolsStats
    )
    iterWorkerPoolsStats: calls.Call[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkerPoolsStats
    )
    listWorkers: calls.ProvisionerIdWorkerTypePagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listWorkers
    )
    iterWorkers: calls.ProvisionerIdWorkerTypeCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkers
    )
    listWorkersForWorkerGroup: calls.WorkerPoolIdWorkerGroupPagedCall[Deferred[dict[str, Any]], Deferred[None]] = (
        deferred_call(core.AsyncWorkerManager.listWorkersForWorkerGroup)
    )
    iterWorkersForWorkerGroup: calls.WorkerPoolIdWorkerGroupCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkersForWorkerGroup
    )
    listWorkersForWorkerPool: calls.WorkerPoolIdPagedCall[Deferred[dict[str, Any]], Deferred[None]] = deferred_call(
        core.AsyncWorkerManager.listWorkersForWorkerPool
    )
    iterWorkersForWorkerPool: calls.WorkerPoolIdCall[DeferredIterator[dict[str, Any]]] = deferred_items(
        core.AsyncWorkerManager.iterWorkersForWorkerPool
    )
    ping: calls.Call[Deferred[types.Ping]] = deferred_call(core.AsyncWorkerManager.ping)
    registerWorker: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncWorkerManager.registerWorker)
    removeWorker: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Deferred[Any]] = deferred_call(
        core.AsyncWorkerManager.removeWorker
    )
    reportWorkerError: calls.WorkerPoolIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.reportWorkerError
    )
    reregisterWorker: calls.PayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.reregisterWorker
    )
    shouldWorkerTerminate: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.shouldWorkerTerminate
    )
    updateWorker: calls.WorkerPoolIdWorkerGroupWorkerIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.updateWorker
    )
    updateWorkerPool: calls.WorkerPoolIdPayloadCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.updateWorkerPool
    )
    version: calls.Call[Deferred[types.Version]] = deferred_call(core.AsyncWorkerManager.version)
    worker: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.worker
    )
    workerPool: calls.WorkerPoolIdCall[Deferred[dict[str, Any]]] = deferred_call(core.AsyncWorkerManager.workerPool)
    workerPoolErrorStats: calls.Call[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.workerPoolErrorStats
    )
    workerPoolStats: calls.WorkerPoolIdCall[Deferred[dict[str, Any]]] = deferred_call(
        core.AsyncWorkerManager.workerPoolStats
    )
