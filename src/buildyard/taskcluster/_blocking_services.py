"""The blocking face: a table of the cores' functions for each service."""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from buildyard.taskcluster import _services as core
from buildyard.taskcluster._blocking import BlockingArtifacts, BlockingService
from buildyard.taskcluster._operations import blocking_call, blocking_items

if TYPE_CHECKING:
    from buildyard.taskcluster import _calls as calls
    from buildyard.taskcluster import types


class Auth(BlockingService[core.AsyncAuth]):
    """The auth service; see `AsyncAuth`."""

    _CORE = core.AsyncAuth
    authenticateHawk: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.authenticateHawk)
    awsS3Credentials: calls.LevelBucketPrefixCall[dict[str, Any]] = blocking_call(core.AsyncAuth.awsS3Credentials)
    client: calls.ClientIdCall[dict[str, Any]] = blocking_call(core.AsyncAuth.client)
    createClient: calls.ClientIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.createClient)
    createRole: calls.RoleIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.createRole)
    currentScopes: calls.Call[dict[str, Any]] = blocking_call(core.AsyncAuth.currentScopes)
    deleteClient: calls.ClientIdCall[Any] = blocking_call(core.AsyncAuth.deleteClient)
    deleteRole: calls.RoleIdCall[Any] = blocking_call(core.AsyncAuth.deleteRole)
    disableClient: calls.ClientIdCall[dict[str, Any]] = blocking_call(core.AsyncAuth.disableClient)
    enableClient: calls.ClientIdCall[dict[str, Any]] = blocking_call(core.AsyncAuth.enableClient)
    expandScopes: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.expandScopes)
    gcpCredentials: calls.ProjectIdServiceAccountCall[dict[str, Any]] = blocking_call(core.AsyncAuth.gcpCredentials)
    getEntityHistory: calls.EntityTypeEntityIdPagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncAuth.getEntityHistory
    )
    iterEntityHistory: calls.EntityTypeEntityIdCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncAuth.iterEntityHistory
    )
    githubRepoToken: calls.AppNameOwnerPayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.githubRepoToken)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncAuth.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncAuth.lbheartbeat)
    listAuditHistory: calls.ClientIdPagedCall[dict[str, Any], None] = blocking_call(core.AsyncAuth.listAuditHistory)
    iterAuditHistory: calls.ClientIdCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncAuth.iterAuditHistory)
    listClients: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncAuth.listClients)
    iterClients: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncAuth.iterClients)
    listRoleIds: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncAuth.listRoleIds)
    iterRoleIds: calls.Call[Iterator[str]] = blocking_items(core.AsyncAuth.iterRoleIds)
    listRoles: calls.Call[list[dict[str, Any]]] = blocking_call(core.AsyncAuth.listRoles)
    listRoles2: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncAuth.listRoles2)
    iterRoles2: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncAuth.iterRoles2)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncAuth.ping)
    resetAccessToken: calls.ClientIdCall[dict[str, Any]] = blocking_call(core.AsyncAuth.resetAccessToken)
    role: calls.RoleIdCall[dict[str, Any]] = blocking_call(core.AsyncAuth.role)
    sentryDSN: calls.ProjectCall[dict[str, Any]] = blocking_call(core.AsyncAuth.sentryDSN)
    testAuthenticate: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.testAuthenticate)
    testAuthenticateGet: calls.Call[dict[str, Any]] = blocking_call(core.AsyncAuth.testAuthenticateGet)
    updateClient: calls.ClientIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.updateClient)
    updateRole: calls.RoleIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncAuth.updateRole)
    version: calls.Call[types.Version] = blocking_call(core.AsyncAuth.version)
    websocktunnelToken: calls.WstAudienceWstClientCall[dict[str, Any]] = blocking_call(
        core.AsyncAuth.websocktunnelToken
    )


class Github(BlockingService[core.AsyncGithub]):
    """The github service; see `AsyncGithub`."""

    _CORE = core.AsyncGithub
    badge: calls.OwnerRepoBranchCall[Any] = blocking_call(core.AsyncGithub.badge)
    builds: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncGithub.builds)
    iterBuilds: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncGithub.iterBuilds)
    cancelBuilds: calls.OwnerRepoCall[dict[str, Any]] = blocking_call(core.AsyncGithub.cancelBuilds)
    createComment: calls.OwnerRepoNumberPayloadCall[Any] = blocking_call(core.AsyncGithub.createComment)
    createStatus: calls.OwnerRepoShaPayloadCall[Any] = blocking_call(core.AsyncGithub.createStatus)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncGithub.heartbeat)
    latest: calls.OwnerRepoBranchCall[Any] = blocking_call(core.AsyncGithub.latest)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncGithub.lbheartbeat)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncGithub.ping)
    renderTaskclusterYml: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncGithub.renderTaskclusterYml)
    repository: calls.OwnerRepoCall[dict[str, Any]] = blocking_call(core.AsyncGithub.repository)
    version: calls.Call[types.Version] = blocking_call(core.AsyncGithub.version)


class Hooks(BlockingService[core.AsyncHooks]):
    """The hooks service; see `AsyncHooks`."""

    _CORE = core.AsyncHooks
    createHook: calls.HookGroupIdHookIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncHooks.createHook)
    getHookStatus: calls.HookGroupIdHookIdCall[dict[str, Any]] = blocking_call(core.AsyncHooks.getHookStatus)
    getTriggerToken: calls.HookGroupIdHookIdCall[dict[str, Any]] = blocking_call(core.AsyncHooks.getTriggerToken)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncHooks.heartbeat)
    hook: calls.HookGroupIdHookIdCall[dict[str, Any]] = blocking_call(core.AsyncHooks.hook)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncHooks.lbheartbeat)
    listHookGroups: calls.Call[dict[str, Any]] = blocking_call(core.AsyncHooks.listHookGroups)
    listHooks: calls.HookGroupIdCall[dict[str, Any]] = blocking_call(core.AsyncHooks.listHooks)
    listLastFires: calls.HookGroupIdHookIdPagedCall[dict[str, Any], None] = blocking_call(core.AsyncHooks.listLastFires)
    iterLastFires: calls.HookGroupIdHookIdCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncHooks.iterLastFires)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncHooks.ping)
    removeHook: calls.HookGroupIdHookIdCall[Any] = blocking_call(core.AsyncHooks.removeHook)
    resetTriggerToken: calls.HookGroupIdHookIdCall[dict[str, Any]] = blocking_call(core.AsyncHooks.resetTriggerToken)
    triggerHook: calls.HookGroupIdHookIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncHooks.triggerHook)
    triggerHookWithToken: calls.HookGroupIdHookIdTokenPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncHooks.triggerHookWithToken
    )
    updateHook: calls.HookGroupIdHookIdPayloadCall[dict[str, Any]] = blocking_call(core.AsyncHooks.updateHook)
    version: calls.Call[types.Version] = blocking_call(core.AsyncHooks.version)


class Index(BlockingService[core.AsyncIndex]):
    """The index service; see `AsyncIndex`."""

    _CORE = core.AsyncIndex
    deleteTask: calls.NamespaceCall[Any] = blocking_call(core.AsyncIndex.deleteTask)
    findArtifactFromTask: calls.IndexPathNameCall[Any] = blocking_call(core.AsyncIndex.findArtifactFromTask)
    findTask: calls.IndexPathCall[dict[str, Any]] = blocking_call(core.AsyncIndex.findTask)
    findTasksAtIndex: calls.PayloadPagedCall[dict[str, Any], None] = blocking_call(core.AsyncIndex.findTasksAtIndex)
    iterTasksAtIndex: calls.PayloadCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncIndex.iterTasksAtIndex)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncIndex.heartbeat)
    insertTask: calls.NamespacePayloadCall[dict[str, Any]] = blocking_call(core.AsyncIndex.insertTask)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncIndex.lbheartbeat)
    listNamespaces: calls.NamespacePagedCall[dict[str, Any], None] = blocking_call(core.AsyncIndex.listNamespaces)
    iterNamespaces: calls.NamespaceCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncIndex.iterNamespaces)
    listTasks: calls.NamespacePagedCall[dict[str, Any], None] = blocking_call(core.AsyncIndex.listTasks)
    iterTasks: calls.NamespaceCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncIndex.iterTasks)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncIndex.ping)
    version: calls.Call[types.Version] = blocking_call(core.AsyncIndex.version)


class Notify(BlockingService[core.AsyncNotify]):
    """The notify service; see `AsyncNotify`."""

    _CORE = core.AsyncNotify
    addDenylistAddress: calls.PayloadCall[Any] = blocking_call(core.AsyncNotify.addDenylistAddress)
    deleteDenylistAddress: calls.PayloadCall[Any] = blocking_call(core.AsyncNotify.deleteDenylistAddress)
    email: calls.PayloadCall[Any] = blocking_call(core.AsyncNotify.email)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncNotify.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncNotify.lbheartbeat)
    listDenylist: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncNotify.listDenylist)
    iterDenylist: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncNotify.iterDenylist)
    matrix: calls.PayloadCall[Any] = blocking_call(core.AsyncNotify.matrix)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncNotify.ping)
    pulse: calls.PayloadCall[Any] = blocking_call(core.AsyncNotify.pulse)
    slack: calls.PayloadCall[Any] = blocking_call(core.AsyncNotify.slack)
    version: calls.Call[types.Version] = blocking_call(core.AsyncNotify.version)


class Object(BlockingService[core.AsyncObject]):
    """The object service; see `AsyncObject`."""

    _CORE = core.AsyncObject
    createUpload: calls.NamePayloadCall[types.CreatedUpload] = blocking_call(core.AsyncObject.createUpload)
    download: calls.NameCall[Any] = blocking_call(core.AsyncObject.download)
    finishUpload: calls.NamePayloadCall[dict[str, Any]] = blocking_call(core.AsyncObject.finishUpload)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncObject.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncObject.lbheartbeat)
    object: calls.NameCall[types.ObjectMetadata] = blocking_call(core.AsyncObject.object)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncObject.ping)
    startDownload: calls.NamePayloadCall[types.StartedDownload] = blocking_call(core.AsyncObject.startDownload)
    version: calls.Call[types.Version] = blocking_call(core.AsyncObject.version)


class PurgeCache(BlockingService[core.AsyncPurgeCache]):
    """The purge-cache service; see `AsyncPurgeCache`."""

    _CORE = core.AsyncPurgeCache
    allPurgeRequests: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncPurgeCache.allPurgeRequests)
    iterPurgeRequests: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncPurgeCache.iterPurgeRequests)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncPurgeCache.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncPurgeCache.lbheartbeat)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncPurgeCache.ping)
    purgeCache: calls.WorkerPoolIdPayloadCall[Any] = blocking_call(core.AsyncPurgeCache.purgeCache)
    purgeRequests: calls.WorkerPoolIdCall[dict[str, Any]] = blocking_call(core.AsyncPurgeCache.purgeRequests)
    version: calls.Call[types.Version] = blocking_call(core.AsyncPurgeCache.version)


class Queue(BlockingArtifacts[core.AsyncQueue]):
    """The queue service; see `AsyncQueue`."""

    _CORE = core.AsyncQueue
    artifact: calls.TaskIdRunIdNameCall[types.ArtifactContent] = blocking_call(core.AsyncQueue.artifact)
    artifactInfo: calls.TaskIdRunIdNameCall[dict[str, Any]] = blocking_call(core.AsyncQueue.artifactInfo)
    cancelTask: calls.TaskIdCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.cancelTask)
    cancelTaskGroup: calls.TaskGroupIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.cancelTaskGroup)
    changeTaskGroupPriority: calls.TaskGroupIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncQueue.changeTaskGroupPriority
    )
    changeTaskPriority: calls.TaskIdPayloadCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.changeTaskPriority)
    claimTask: calls.TaskIdRunIdPayloadCall[types.Claim] = blocking_call(core.AsyncQueue.claimTask)
    claimWork: calls.TaskQueueIdPayloadCall[types.ClaimWorkAnswer] = blocking_call(core.AsyncQueue.claimWork)
    createArtifact: calls.TaskIdRunIdNamePayloadCall[types.CreatedArtifact] = blocking_call(
        core.AsyncQueue.createArtifact
    )
    createTask: calls.TaskIdPayloadCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.createTask)
    declareWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncQueue.declareWorker
    )
    finishArtifact: calls.TaskIdRunIdNamePayloadCall[None] = blocking_call(core.AsyncQueue.finishArtifact)
    getArtifact: calls.TaskIdRunIdNameCall[types.ArtifactContent] = blocking_call(core.AsyncQueue.getArtifact)
    getLatestArtifact: calls.TaskIdNameCall[types.ArtifactContent] = blocking_call(core.AsyncQueue.getLatestArtifact)
    getProvisioner: calls.ProvisionerIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.getProvisioner)
    getTaskGroup: calls.TaskGroupIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.getTaskGroup)
    getTaskQueue: calls.TaskQueueIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.getTaskQueue)
    getWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall[dict[str, Any]] = blocking_call(
        core.AsyncQueue.getWorker
    )
    getWorkerType: calls.ProvisionerIdWorkerTypeCall[dict[str, Any]] = blocking_call(core.AsyncQueue.getWorkerType)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncQueue.heartbeat)
    latestArtifact: calls.TaskIdNameCall[types.ArtifactContent] = blocking_call(core.AsyncQueue.latestArtifact)
    latestArtifactInfo: calls.TaskIdNameCall[dict[str, Any]] = blocking_call(core.AsyncQueue.latestArtifactInfo)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncQueue.lbheartbeat)
    listArtifacts: calls.TaskIdRunIdPagedCall[types.ArtifactList, None] = blocking_call(core.AsyncQueue.listArtifacts)
    iterArtifacts: calls.TaskIdRunIdCall[Iterator[types.ArtifactInfo]] = blocking_items(core.AsyncQueue.iterArtifacts)
    listClaimedTasks: calls.TaskQueueIdPagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.listClaimedTasks)
    iterClaimedTasks: calls.TaskQueueIdCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterClaimedTasks)
    listDependentTasks: calls.TaskIdPagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.listDependentTasks)
    iterDependentTasks: calls.TaskIdCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterDependentTasks)
    listLatestArtifacts: calls.TaskIdPagedCall[types.ArtifactList, None] = blocking_call(
        core.AsyncQueue.listLatestArtifacts
    )
    iterLatestArtifacts: calls.TaskIdCall[Iterator[types.ArtifactInfo]] = blocking_items(
        core.AsyncQueue.iterLatestArtifacts
    )
    listPendingTasks: calls.TaskQueueIdPagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.listPendingTasks)
    iterPendingTasks: calls.TaskQueueIdCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterPendingTasks)
    listProvisioners: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.listProvisioners)
    iterProvisioners: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterProvisioners)
    listTaskGroup: calls.TaskGroupIdPagedCall[types.TaskGroupPage, None] = blocking_call(core.AsyncQueue.listTaskGroup)
    iterTaskGroup: calls.TaskGroupIdCall[Iterator[types.TaskInGroup]] = blocking_items(core.AsyncQueue.iterTaskGroup)
    listTaskQueues: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.listTaskQueues)
    iterTaskQueues: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterTaskQueues)
    listWorkerTypes: calls.ProvisionerIdPagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.listWorkerTypes)
    iterWorkerTypes: calls.ProvisionerIdCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterWorkerTypes)
    listWorkers: calls.ProvisionerIdWorkerTypePagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncQueue.listWorkers
    )
    iterWorkers: calls.ProvisionerIdWorkerTypeCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncQueue.iterWorkers
    )
    pendingTasks: calls.TaskQueueIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.pendingTasks)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncQueue.ping)
    quarantineWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncQueue.quarantineWorker
    )
    reclaimTask: calls.TaskIdRunIdCall[types.ReclaimAnswer] = blocking_call(core.AsyncQueue.reclaimTask)
    reportCompleted: calls.TaskIdRunIdCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.reportCompleted)
    reportException: calls.TaskIdRunIdPayloadCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.reportException)
    reportFailed: calls.TaskIdRunIdCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.reportFailed)
    rerunTask: calls.TaskIdCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.rerunTask)
    scheduleTask: calls.TaskIdCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.scheduleTask)
    sealTaskGroup: calls.TaskGroupIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.sealTaskGroup)
    status: calls.TaskIdCall[types.StatusAnswer] = blocking_call(core.AsyncQueue.status)
    statuses: calls.PayloadPagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.statuses)
    iterStatuses: calls.PayloadCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterStatuses)
    task: calls.TaskIdCall[types.TaskDefinition] = blocking_call(core.AsyncQueue.task)
    taskQueueCounts: calls.TaskQueueIdCall[dict[str, Any]] = blocking_call(core.AsyncQueue.taskQueueCounts)
    taskQueueCountsBatch: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncQueue.taskQueueCountsBatch)
    tasks: calls.PayloadPagedCall[dict[str, Any], None] = blocking_call(core.AsyncQueue.tasks)
    iterTasks: calls.PayloadCall[Iterator[dict[str, Any]]] = blocking_items(core.AsyncQueue.iterTasks)
    version: calls.Call[types.Version] = blocking_call(core.AsyncQueue.version)


class Secrets(BlockingService[core.AsyncSecrets]):
    """The secrets service; see `AsyncSecrets`."""

    _CORE = core.AsyncSecrets
    get: calls.NameCall[dict[str, Any]] = blocking_call(core.AsyncSecrets.get)
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncSecrets.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncSecrets.lbheartbeat)
    list: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncSecrets.list)
    iterSecrets: calls.Call[Iterator[str]] = blocking_items(core.AsyncSecrets.iterSecrets)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncSecrets.ping)
    remove: calls.NameCall[Any] = blocking_call(core.AsyncSecrets.remove)
    set: calls.NamePayloadCall[Any] = blocking_call(core.AsyncSecrets.set)
    version: calls.Call[types.Version] = blocking_call(core.AsyncSecrets.version)


class WebServer(BlockingService[core.AsyncWebServer]):
    """The web-server service; see `AsyncWebServer`."""

    _CORE = core.AsyncWebServer
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncWebServer.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncWebServer.lbheartbeat)
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncWebServer.ping)
    taskGroupProfile: calls.TaskGroupIdCall[Any] = blocking_call(core.AsyncWebServer.taskGroupProfile)
    taskProfile: calls.TaskIdCall[Any] = blocking_call(core.AsyncWebServer.taskProfile)
    version: calls.Call[types.Version] = blocking_call(core.AsyncWebServer.version)


class WorkerManager(BlockingService[core.AsyncWorkerManager]):
    """The worker-manager service; see `AsyncWorkerManager`."""

    _CORE = core.AsyncWorkerManager
    createWorker: calls.WorkerPoolIdWorkerGroupWorkerIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.createWorker
    )
    createWorkerPool: calls.WorkerPoolIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.createWorkerPool
    )
    deleteWorkerPool: calls.WorkerPoolIdCall[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.deleteWorkerPool)
    getWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.getWorker
    )
    heartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.heartbeat)
    lbheartbeat: calls.Call[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.lbheartbeat)
    listProviders: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncWorkerManager.listProviders)
    iterProviders: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncWorkerManager.iterProviders)
    listWorkerPoolErrors: calls.WorkerPoolIdPagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncWorkerManager.listWorkerPoolErrors
    )
    iterWorkerPoolErrors: calls.WorkerPoolIdCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncWorkerManager.iterWorkerPoolErrors
    )
    listWorkerPoolLaunchConfigs: calls.WorkerPoolIdPagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncWorkerManager.listWorkerPoolLaunchConfigs
    )
    iterWorkerPoolLaunchConfigs: calls.WorkerPoolIdCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncWorkerManager.iterWorkerPoolLaunchConfigs
    )
    listWorkerPools: calls.PagedCall[dict[str, Any], None] = blocking_call(core.AsyncWorkerManager.listWorkerPools)
    iterWorkerPools: calls.Call[Iterator[dict[str, Any]]] = blocking_items(core.AsyncWorkerManager.iterWorkerPools)
    listWorkerPoolsStats: calls.PagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncWorkerManager.listWorkerPoolsStats
    )
    iterWorkerPoolsStats: calls.Call[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncWorkerManager.iterWorkerPoolsStats
    )
    listWorkers: calls.ProvisionerIdWorkerTypePagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncWorkerManager.listWorkers
    )
    iterWorkers: calls.ProvisionerIdWorkerTypeCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncWorkerManager.iterWorkers
    )
    listWorkersForWorkerGroup: calls.WorkerPoolIdWorkerGroupPagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncWorkerManager.listWorkersForWorkerGroup
    )
    iterWorkersForWorkerGroup: calls.WorkerPoolIdWorkerGroupCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncWorkerManager.iterWorkersForWorkerGroup
    )
    listWorkersForWorkerPool: calls.WorkerPoolIdPagedCall[dict[str, Any], None] = blocking_call(
        core.AsyncWorkerManager.listWorkersForWorkerPool
    )
    iterWorkersForWorkerPool: calls.WorkerPoolIdCall[Iterator[dict[str, Any]]] = blocking_items(
        core.AsyncWorkerManager.iterWorkersForWorkerPool
    )
    ping: calls.Call[types.Ping] = blocking_call(core.AsyncWorkerManager.ping)
    registerWorker: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.registerWorker)
    removeWorker: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Any] = blocking_call(core.AsyncWorkerManager.removeWorker)
    reportWorkerError: calls.WorkerPoolIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.reportWorkerError
    )
    reregisterWorker: calls.PayloadCall[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.reregisterWorker)
    shouldWorkerTerminate: calls.WorkerPoolIdWorkerGroupWorkerIdCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.shouldWorkerTerminate
    )
    updateWorker: calls.WorkerPoolIdWorkerGroupWorkerIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.updateWorker
    )
    updateWorkerPool: calls.WorkerPoolIdPayloadCall[dict[str, Any]] = blocking_call(
        core.AsyncWorkerManager.updateWorkerPool
    )
    version: calls.Call[types.Version] = blocking_call(core.AsyncWorkerManager.version)
    worker: calls.WorkerPoolIdWorkerGroupWorkerIdCall[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.worker)
    workerPool: calls.WorkerPoolIdCall[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.workerPool)
    workerPoolErrorStats: calls.Call[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.workerPoolErrorStats)
    workerPoolStats: calls.WorkerPoolIdCall[dict[str, Any]] = blocking_call(core.AsyncWorkerManager.workerPoolStats)
