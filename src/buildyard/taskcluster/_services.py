"""The cores of Taskcluster's services, as release 113.2.0 has them: each function once.

`aio` gives them a transport; `_blocking_services` and `_deferred_services` are the tables of the other
faces.  A function answers what the service does, a dict whose shape `types` tells where it is known.
"""

# Written by `python -m tools.taskcluster_client` from farm/services/taskcluster_api.json; change it there.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from buildyard.taskcluster._artifacts import AsyncArtifacts
from buildyard.taskcluster._operations import items, operation
from buildyard.taskcluster._routes import Route
from buildyard.taskcluster._service import AsyncService

if TYPE_CHECKING:
    from buildyard.taskcluster import _calls as calls
    from buildyard.taskcluster import types

T = TypeVar("T")
Answer: TypeAlias = Coroutine[Any, Any, T]


class AsyncAuth(AsyncService):
    """The auth service: 31 functions."""

    SERVICE = "auth"
    VERSION = "v1"

    authenticateHawk: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="authenticateHawk", method="POST", route="/authenticate-hawk", has_input=True),
        """Judge a signed request: its method, resource, host, port and authorization header.

        ``POST /authenticate-hawk``; payload as schema ``v1/authenticate-hawk-request.json``.
        """,
    )

    awsS3Credentials: calls.LevelBucketPrefixCall[Answer[dict[str, Any]]] = operation(
        Route(name="awsS3Credentials", method="GET", route="/aws/s3/<level>/<bucket>/<prefix>", query=("format",)),
        """Return temporary AWS credentials for a prefix of a bucket; the level is ``read-only`` or ``read-write``.

        ``GET /aws/s3/<level>/<bucket>/<prefix>``; query ``format``.  Scopes:
        (``auth:aws-s3:read-only:<bucket>/<prefix>`` or ``auth:aws-s3:read-write:<bucket>/<prefix>``) if
        levelIsReadOnly, else ``auth:aws-s3:read-write:<bucket>/<prefix>``.
        """,
    )

    client: calls.ClientIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="client", method="GET", route="/clients/<clientId>"),
        """Return what is known of a client, without its access token.

        ``GET /clients/<clientId>``.  Scopes: ``auth:get-client:<clientId>``.
        """,
    )

    createClient: calls.ClientIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="createClient", method="PUT", route="/clients/<clientId>", has_input=True),
        """Create a client and return it with its access token, which is shown this once.

        ``PUT /clients/<clientId>``; payload as schema ``v1/create-client-request.json``.  Scopes:
        (``auth:create-client:<clientId>`` and ``<scope>`` for each scope of scopes).
        """,
    )

    createRole: calls.RoleIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="createRole", method="PUT", route="/roles/<roleId>", has_input=True),
        """Create a role with its scopes.

        ``PUT /roles/<roleId>``; payload as schema ``v1/create-role-request.json``.  Scopes:
        (``auth:create-role:<roleId>`` and ``<scope>`` for each scope of scopes).
        """,
    )

    currentScopes: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="currentScopes", method="GET", route="/scopes/current"),
        """Return the expanded scopes that this client has.

        ``GET /scopes/current``.  Scopes: ``auth:current-scopes``.
        """,
    )

    deleteClient: calls.ClientIdCall[Answer[Any]] = operation(
        Route(name="deleteClient", method="DELETE", route="/clients/<clientId>", answer="any"),
        """Delete a client; one that is not there is deleted already.

        ``DELETE /clients/<clientId>``.  Scopes: ``auth:delete-client:<clientId>``.
        """,
    )

    deleteRole: calls.RoleIdCall[Answer[Any]] = operation(
        Route(name="deleteRole", method="DELETE", route="/roles/<roleId>", answer="any"),
        """Delete a role; one that is not there is deleted already.

        ``DELETE /roles/<roleId>``.  Scopes: ``auth:delete-role:<roleId>``.
        """,
    )

    disableClient: calls.ClientIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="disableClient", method="POST", route="/clients/<clientId>/disable"),
        """Make a client unusable until it is enabled again.

        ``POST /clients/<clientId>/disable``.  Scopes: ``auth:disable-client:<clientId>``.
        """,
    )

    enableClient: calls.ClientIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="enableClient", method="POST", route="/clients/<clientId>/enable"),
        """Make a disabled client usable again.

        ``POST /clients/<clientId>/enable``.  Scopes: ``auth:enable-client:<clientId>``.
        """,
    )

    expandScopes: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="expandScopes", method="POST", route="/scopes/expand", has_input=True),
        """Return scopes with those of their roles added.

        ``POST /scopes/expand``; payload as schema ``v1/scopeset.json``.  Scopes: ``auth:expand-scopes``.
        """,
    )

    gcpCredentials: calls.ProjectIdServiceAccountCall[Answer[dict[str, Any]]] = operation(
        Route(name="gcpCredentials", method="GET", route="/gcp/credentials/<projectId>/<serviceAccount>"),
        """Return a temporary access token of a Google service account.

        ``GET /gcp/credentials/<projectId>/<serviceAccount>``.  Scopes:
        ``auth:gcp:access-token:<projectId>/<serviceAccount>``.
        """,
    )

    getEntityHistory: calls.EntityTypeEntityIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="getEntityHistory",
            method="GET",
            route="/audit/<entityType>/<entityId>",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the changes to a thing of that type, such as a client or a role.

        ``GET /audit/<entityType>/<entityId>``; query ``continuationToken``, ``limit``.  Scopes:
        ``auth:audit-history:<entityType>``.
        """,
    )
    iterEntityHistory: calls.EntityTypeEntityIdCall[AsyncIterator[dict[str, Any]]] = items(
        "iterEntityHistory", getEntityHistory
    )

    githubRepoToken: calls.AppNameOwnerPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="githubRepoToken",
            method="POST",
            route="/github/<appName>/<owner>/repo-token",
            has_input=True,
            idempotent=False,
        ),
        """Return a token of a GitHub app for some repositories of an owner.

        ``POST /github/<appName>/<owner>/repo-token``; payload as schema ``v1/github-repo-token-request.json``.
        Stability: experimental.  Not sent again where it may have arrived.  Scopes:
        ``auth:github-repo-token:<appName>/<owner>/<repoPerm>`` for each repoPerm of repoPerms.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    listAuditHistory: calls.ClientIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listAuditHistory",
            method="GET",
            route="/clients/<clientId>/audit",
            query=("continuationToken", "limit"),
        ),
        """Return a page of what a client has changed.

        ``GET /clients/<clientId>/audit``; query ``continuationToken``, ``limit``.  Scopes:
        ``auth:client-audit-history:<clientId>``.
        """,
    )
    iterAuditHistory: calls.ClientIdCall[AsyncIterator[dict[str, Any]]] = items("iterAuditHistory", listAuditHistory)

    listClients: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listClients", method="GET", route="/clients/", query=("prefix", "continuationToken", "limit")),
        """Return a page of the clients; ``prefix`` says how their ids begin.

        ``GET /clients/``; query ``prefix``, ``continuationToken``, ``limit``.  Scopes: ``auth:list-clients``.
        """,
    )
    iterClients: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterClients", listClients)

    listRoleIds: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listRoleIds", method="GET", route="/roleids/", query=("continuationToken", "limit")),
        """Return a page of the ids of the roles.

        ``GET /roleids/``; query ``continuationToken``, ``limit``.  Scopes: ``auth:list-roles``.
        """,
    )
    iterRoleIds: calls.Call[AsyncIterator[str]] = items("iterRoleIds", listRoleIds)

    listRoles: calls.Call[Answer[list[dict[str, Any]]]] = operation(
        Route(name="listRoles", method="GET", route="/roles/", answer="list"),
        """Return all roles at once, as a list.

        ``GET /roles/``.  Scopes: ``auth:list-roles``.
        """,
    )

    listRoles2: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listRoles2", method="GET", route="/roles2/", query=("continuationToken", "limit")),
        """Return a page of the roles.

        ``GET /roles2/``; query ``continuationToken``, ``limit``.  Scopes: ``auth:list-roles``.
        """,
    )
    iterRoles2: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterRoles2", listRoles2)

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    resetAccessToken: calls.ClientIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="resetAccessToken", method="POST", route="/clients/<clientId>/reset", idempotent=False),
        """Give a client a new access token and return it; the old one is worthless.

        ``POST /clients/<clientId>/reset``.  Not sent again where it may have arrived.  Scopes:
        ``auth:reset-access-token:<clientId>``.
        """,
    )

    role: calls.RoleIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="role", method="GET", route="/roles/<roleId>"),
        """Return a role with its scopes.

        ``GET /roles/<roleId>``.  Scopes: ``auth:get-role:<roleId>``.
        """,
    )

    sentryDSN: calls.ProjectCall[Answer[dict[str, Any]]] = operation(
        Route(name="sentryDSN", method="GET", route="/sentry/<project>/dsn"),
        """Return where a project reports its errors in Sentry.

        ``GET /sentry/<project>/dsn``.  Scopes: ``auth:sentry:<project>``.
        """,
    )

    testAuthenticate: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="testAuthenticate", method="POST", route="/test-authenticate", has_input=True),
        """Judge the request itself as if the client had the scopes in the payload; for tests of clients.

        ``POST /test-authenticate``; payload as schema ``v1/test-authenticate-request.json``.
        """,
    )

    testAuthenticateGet: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="testAuthenticateGet", method="GET", route="/test-authenticate-get/"),
        """Judge the request itself, for tests of clients.

        ``GET /test-authenticate-get/``.
        """,
    )

    updateClient: calls.ClientIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="updateClient", method="POST", route="/clients/<clientId>", has_input=True),
        """Change a client's description, expiry or scopes.

        ``POST /clients/<clientId>``; payload as schema ``v1/create-client-request.json``.  Scopes:
        (``auth:update-client:<clientId>`` and ``<scope>`` for each scope of scopesAdded).
        """,
    )

    updateRole: calls.RoleIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="updateRole", method="POST", route="/roles/<roleId>", has_input=True),
        """Change a role's description or scopes.

        ``POST /roles/<roleId>``; payload as schema ``v1/create-role-request.json``.  Scopes:
        (``auth:update-role:<roleId>`` and ``<scope>`` for each scope of scopesAdded).
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )

    websocktunnelToken: calls.WstAudienceWstClientCall[Answer[dict[str, Any]]] = operation(
        Route(name="websocktunnelToken", method="GET", route="/websocktunnel/<wstAudience>/<wstClient>"),
        """Return a token for a client of a websocktunnel server.

        ``GET /websocktunnel/<wstAudience>/<wstClient>``.  Scopes:
        ``auth:websocktunnel-token:<wstAudience>/<wstClient>``.
        """,
    )


class AsyncGithub(AsyncService):
    """The github service: 12 functions."""

    SERVICE = "github"
    VERSION = "v1"

    badge: calls.OwnerRepoBranchCall[Answer[Any]] = operation(
        Route(name="badge", method="GET", route="/repository/<owner>/<repo>/<branch>/badge.svg", answer="any"),
        """Return the badge of a branch's last build, as SVG.

        ``GET /repository/<owner>/<repo>/<branch>/badge.svg``.  Stability: experimental.  Scopes:
        ``github:get-badge:<owner>:<repo>:<branch>``.
        """,
    )

    builds: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="builds",
            method="GET",
            route="/builds",
            query=("continuationToken", "limit", "organization", "repository", "sha", "pullRequest"),
        ),
        """Return a page of builds, of an organization, repository, commit or pull request.

        ``GET /builds``; query ``continuationToken``, ``limit``, ``organization``, ``repository``, ``sha``,
        ``pullRequest``.  Scopes: ``github:list-builds``.
        """,
    )
    iterBuilds: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterBuilds", builds)

    cancelBuilds: calls.OwnerRepoCall[Answer[dict[str, Any]]] = operation(
        Route(name="cancelBuilds", method="POST", route="/builds/<owner>/<repo>/cancel", query=("sha", "pullRequest")),
        """Cancel the running builds of a repository.

        ``POST /builds/<owner>/<repo>/cancel``; query ``sha``, ``pullRequest``.  Scopes:
        ``github:cancel-builds:<owner>:<repo>``.
        """,
    )

    createComment: calls.OwnerRepoNumberPayloadCall[Answer[Any]] = operation(
        Route(
            name="createComment",
            method="POST",
            route="/repository/<owner>/<repo>/issues/<number>/comments",
            has_input=True,
            answer="any",
            idempotent=False,
        ),
        """Comment on an issue or pull request.

        ``POST /repository/<owner>/<repo>/issues/<number>/comments``; payload as schema ``v1/create-comment.json``.  Not
        sent again where it may have arrived.  Scopes: ``github:create-comment:<owner>/<repo>``.
        """,
    )

    createStatus: calls.OwnerRepoShaPayloadCall[Answer[Any]] = operation(
        Route(
            name="createStatus",
            method="POST",
            route="/repository/<owner>/<repo>/statuses/<sha>",
            has_input=True,
            answer="any",
            idempotent=False,
        ),
        """Set the status of a commit.

        ``POST /repository/<owner>/<repo>/statuses/<sha>``; payload as schema ``v1/create-status.json``.  Stability:
        experimental.  Not sent again where it may have arrived.  Scopes: ``github:create-status:<owner>/<repo>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    latest: calls.OwnerRepoBranchCall[Answer[Any]] = operation(
        Route(name="latest", method="GET", route="/repository/<owner>/<repo>/<branch>/latest", answer="any"),
        """Tell where the status of a branch's last build is; the service answers with a redirect.

        ``GET /repository/<owner>/<repo>/<branch>/latest``.  Scopes: ``github:latest-status:<owner>:<repo>:<branch>``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    renderTaskclusterYml: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="renderTaskclusterYml", method="POST", route="/taskcluster-yml", has_input=True),
        """Return the tasks that a .taskcluster.yml makes of an event.

        ``POST /taskcluster-yml``; payload as schema ``v1/render-taskcluster-yml-input.json``.  Stability: experimental.
        """,
    )

    repository: calls.OwnerRepoCall[Answer[dict[str, Any]]] = operation(
        Route(name="repository", method="GET", route="/repository/<owner>/<repo>"),
        """Return whether the service works with a repository.

        ``GET /repository/<owner>/<repo>``.  Stability: experimental.  Scopes: ``github:get-repository:<owner>:<repo>``.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncHooks(AsyncService):
    """The hooks service: 16 functions."""

    SERVICE = "hooks"
    VERSION = "v1"

    createHook: calls.HookGroupIdHookIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="createHook", method="PUT", route="/hooks/<hookGroupId>/<hookId>", has_input=True),
        """Create a hook.

        ``PUT /hooks/<hookGroupId>/<hookId>``; payload as schema ``v1/create-hook-request.json``.  Scopes:
        (``hooks:modify-hook:<hookGroupId>/<hookId>`` and ``assume:hook-id:<hookGroupId>/<hookId>``).
        """,
    )

    getHookStatus: calls.HookGroupIdHookIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="getHookStatus", method="GET", route="/hooks/<hookGroupId>/<hookId>/status"),
        """Return when a hook fired last and will fire next.

        ``GET /hooks/<hookGroupId>/<hookId>/status``.  Stability: deprecated.  Scopes:
        ``hooks:status:<hookGroupId>/<hookId>``.
        """,
    )

    getTriggerToken: calls.HookGroupIdHookIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="getTriggerToken", method="GET", route="/hooks/<hookGroupId>/<hookId>/token"),
        """Return the secret that triggers a hook without credentials.

        ``GET /hooks/<hookGroupId>/<hookId>/token``.  Scopes: ``hooks:get-trigger-token:<hookGroupId>/<hookId>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    hook: calls.HookGroupIdHookIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="hook", method="GET", route="/hooks/<hookGroupId>/<hookId>"),
        """Return a hook's definition.

        ``GET /hooks/<hookGroupId>/<hookId>``.  Scopes: ``hooks:get:<hookGroupId>:<hookId>``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    listHookGroups: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="listHookGroups", method="GET", route="/hooks"),
        """Return the groups of hooks.

        ``GET /hooks``.  Scopes: ``hooks:list-hooks:``.
        """,
    )

    listHooks: calls.HookGroupIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="listHooks", method="GET", route="/hooks/<hookGroupId>"),
        """Return the hooks of a group.

        ``GET /hooks/<hookGroupId>``.  Scopes: ``hooks:list-hooks:<hookGroupId>``.
        """,
    )

    listLastFires: calls.HookGroupIdHookIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listLastFires",
            method="GET",
            route="/hooks/<hookGroupId>/<hookId>/last-fires",
            query=("continuationToken", "limit"),
        ),
        """Return a page of a hook's last firings.

        ``GET /hooks/<hookGroupId>/<hookId>/last-fires``; query ``continuationToken``, ``limit``.  Scopes:
        ``hooks:list-last-fires:<hookGroupId>/<hookId>``.
        """,
    )
    iterLastFires: calls.HookGroupIdHookIdCall[AsyncIterator[dict[str, Any]]] = items("iterLastFires", listLastFires)

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    removeHook: calls.HookGroupIdHookIdCall[Answer[Any]] = operation(
        Route(name="removeHook", method="DELETE", route="/hooks/<hookGroupId>/<hookId>", answer="any"),
        """Delete a hook.

        ``DELETE /hooks/<hookGroupId>/<hookId>``.  Scopes: ``hooks:modify-hook:<hookGroupId>/<hookId>``.
        """,
    )

    resetTriggerToken: calls.HookGroupIdHookIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="resetTriggerToken", method="POST", route="/hooks/<hookGroupId>/<hookId>/token", idempotent=False),
        """Give a hook a new trigger token and return it.

        ``POST /hooks/<hookGroupId>/<hookId>/token``.  Not sent again where it may have arrived.  Scopes:
        ``hooks:reset-trigger-token:<hookGroupId>/<hookId>``.
        """,
    )

    triggerHook: calls.HookGroupIdHookIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="triggerHook",
            method="POST",
            route="/hooks/<hookGroupId>/<hookId>/trigger",
            has_input=True,
            idempotent=False,
        ),
        """Create a hook's task now; the payload is what the hook is told.

        ``POST /hooks/<hookGroupId>/<hookId>/trigger``; payload as schema ``v1/trigger-hook.json``.  Not sent again
        where it may have arrived.  Scopes: ``hooks:trigger-hook:<hookGroupId>/<hookId>``.
        """,
    )

    triggerHookWithToken: calls.HookGroupIdHookIdTokenPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="triggerHookWithToken",
            method="POST",
            route="/hooks/<hookGroupId>/<hookId>/trigger/<token>",
            has_input=True,
            idempotent=False,
        ),
        """Create a hook's task now, by its token instead of credentials.

        ``POST /hooks/<hookGroupId>/<hookId>/trigger/<token>``; payload as schema ``v1/trigger-hook.json``.  Not sent
        again where it may have arrived.
        """,
    )

    updateHook: calls.HookGroupIdHookIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="updateHook", method="POST", route="/hooks/<hookGroupId>/<hookId>", has_input=True),
        """Replace a hook's definition.

        ``POST /hooks/<hookGroupId>/<hookId>``; payload as schema ``v1/create-hook-request.json``.  Scopes:
        (``hooks:modify-hook:<hookGroupId>/<hookId>`` and ``assume:hook-id:<hookGroupId>/<hookId>``).
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncIndex(AsyncService):
    """The index service: 11 functions."""

    SERVICE = "index"
    VERSION = "v1"

    deleteTask: calls.NamespaceCall[Answer[Any]] = operation(
        Route(name="deleteTask", method="DELETE", route="/task/<namespace>", answer="any"),
        """Forget the task at a namespace.

        ``DELETE /task/<namespace>``.  Scopes: ``index:delete-task:<namespace>``.
        """,
    )

    findArtifactFromTask: calls.IndexPathNameCall[Answer[Any]] = operation(
        Route(name="findArtifactFromTask", method="GET", route="/task/<indexPath>/artifacts/<name>", answer="any"),
        """Tell where an artifact of the task at an index path is; the service answers with a redirect.

        ``GET /task/<indexPath>/artifacts/<name>``.  Scopes: ``queue:get-artifact:<name>``.
        """,
    )

    findTask: calls.IndexPathCall[Answer[dict[str, Any]]] = operation(
        Route(name="findTask", method="GET", route="/task/<indexPath>"),
        """Return the task at an index path.

        ``GET /task/<indexPath>``.  Scopes: ``index:find-task:<indexPath>``.
        """,
    )

    findTasksAtIndex: calls.PayloadPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="findTasksAtIndex",
            method="POST",
            route="/tasks/indexes",
            query=("continuationToken", "limit"),
            has_input=True,
        ),
        """Return a page of the tasks at many index paths, ``{indexes}``; paths without a task are left out.

        ``POST /tasks/indexes``; query ``continuationToken``, ``limit``; payload as schema
        ``v1/list-tasks-at-index.json``.  Stability: experimental.  Scopes: ``index:find-task:<indexPath>`` for each
        indexPath of indexPaths.
        """,
    )
    iterTasksAtIndex: calls.PayloadCall[AsyncIterator[dict[str, Any]]] = items("iterTasksAtIndex", findTasksAtIndex)

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    insertTask: calls.NamespacePayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="insertTask", method="PUT", route="/task/<namespace>", has_input=True),
        """Put a task at a namespace, ``{taskId, rank, data, expires}``; a higher rank stays.

        ``PUT /task/<namespace>``; payload as schema ``v1/insert-task-request.json``.  Scopes:
        ``index:insert-task:<namespace>``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    listNamespaces: calls.NamespacePagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listNamespaces",
            method="GET",
            route="/namespaces/<namespace>",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the namespaces directly below one.

        ``GET /namespaces/<namespace>``; query ``continuationToken``, ``limit``.  Scopes:
        ``index:list-namespaces:<namespace>``.
        """,
    )
    iterNamespaces: calls.NamespaceCall[AsyncIterator[dict[str, Any]]] = items("iterNamespaces", listNamespaces)

    listTasks: calls.NamespacePagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listTasks", method="GET", route="/tasks/<namespace>", query=("continuationToken", "limit")),
        """Return a page of the tasks directly below a namespace.

        ``GET /tasks/<namespace>``; query ``continuationToken``, ``limit``.  Scopes: ``index:list-tasks:<namespace>``.
        """,
    )
    iterTasks: calls.NamespaceCall[AsyncIterator[dict[str, Any]]] = items("iterTasks", listTasks)

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncNotify(AsyncService):
    """The notify service: 11 functions."""

    SERVICE = "notify"
    VERSION = "v1"

    addDenylistAddress: calls.PayloadCall[Answer[Any]] = operation(
        Route(name="addDenylistAddress", method="POST", route="/denylist/add", has_input=True, answer="any"),
        """Send nothing to an address any more.

        ``POST /denylist/add``; payload as schema ``v1/notification-address.json``.  Stability: experimental.  Scopes:
        ``notify:manage-denylist``.
        """,
    )

    deleteDenylistAddress: calls.PayloadCall[Answer[Any]] = operation(
        Route(name="deleteDenylistAddress", method="DELETE", route="/denylist/delete", has_input=True, answer="any"),
        """Take an address from the deny list.

        ``DELETE /denylist/delete``; payload as schema ``v1/notification-address.json``.  Stability: experimental.
        Scopes: ``notify:manage-denylist``.
        """,
    )

    email: calls.PayloadCall[Answer[Any]] = operation(
        Route(name="email", method="POST", route="/email", has_input=True, answer="any", idempotent=False),
        """Send a mail, ``{address, subject, content}``.

        ``POST /email``; payload as schema ``v1/email-request.json``.  Stability: experimental.  Not sent again where it
        may have arrived.  Scopes: ``notify:email:<address>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    listDenylist: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listDenylist", method="GET", route="/denylist/list", query=("continuationToken", "limit")),
        """Return a page of the addresses that are sent nothing.

        ``GET /denylist/list``; query ``continuationToken``, ``limit``.  Stability: experimental.  Scopes:
        ``notify:manage-denylist``.
        """,
    )
    iterDenylist: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterDenylist", listDenylist)

    matrix: calls.PayloadCall[Answer[Any]] = operation(
        Route(name="matrix", method="POST", route="/matrix", has_input=True, answer="any", idempotent=False),
        """Send a message to a Matrix room.

        ``POST /matrix``; payload as schema ``v1/matrix-request.json``.  Stability: experimental.  Not sent again where
        it may have arrived.  Scopes: ``notify:matrix-room:<roomId>``.
        """,
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    pulse: calls.PayloadCall[Answer[Any]] = operation(
        Route(name="pulse", method="POST", route="/pulse", has_input=True, answer="any", idempotent=False),
        """Publish a message on Pulse, ``{routingKey, message}``.

        ``POST /pulse``; payload as schema ``v1/pulse-request.json``.  Stability: experimental.  Not sent again where it
        may have arrived.  Scopes: ``notify:pulse:<routingKey>``.
        """,
    )

    slack: calls.PayloadCall[Answer[Any]] = operation(
        Route(name="slack", method="POST", route="/slack", has_input=True, answer="any", idempotent=False),
        """Send a message to a Slack channel.

        ``POST /slack``; payload as schema ``v1/slack-request.json``.  Stability: experimental.  Not sent again where it
        may have arrived.  Scopes: ``notify:slack-channel:<channelId>``.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncObject(AsyncService):
    """The object service: 9 functions."""

    SERVICE = "object"
    VERSION = "v1"

    createUpload: calls.NamePayloadCall[Answer[types.CreatedUpload]] = operation(
        Route(name="createUpload", method="PUT", route="/upload/<name>", has_input=True),
        """Begin an upload and return how to go on.

        ``PUT /upload/<name>``; payload as schema ``v1/create-upload-request.json``.  Scopes:
        ``object:upload:<projectId>:<name>``.
        """,
    )

    download: calls.NameCall[Answer[Any]] = operation(
        Route(name="download", method="GET", route="/download/<name>", answer="any"),
        """Tell where an object's content is; the service answers with a redirect.

        ``GET /download/<name>``.  Scopes: ``object:download:<name>``.
        """,
    )

    finishUpload: calls.NamePayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="finishUpload", method="POST", route="/finish-upload/<name>", has_input=True),
        """Make an uploaded object readable, ``{projectId, uploadId, hashes}``.

        ``POST /finish-upload/<name>``; payload as schema ``v1/finish-upload-request.json``.  Scopes:
        ``object:upload:<projectId>:<name>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    object: calls.NameCall[Answer[types.ObjectMetadata]] = operation(
        Route(name="object", method="GET", route="/metadata/<name>"),
        """Return what is known of an object: its project, expiry and hashes.

        ``GET /metadata/<name>``.  Scopes: ``object:download:<name>``.
        """,
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    startDownload: calls.NamePayloadCall[Answer[types.StartedDownload]] = operation(
        Route(name="startDownload", method="PUT", route="/start-download/<name>", has_input=True),
        """Return an address to get an object from, by one of ``{acceptDownloadMethods}``.

        ``PUT /start-download/<name>``; payload as schema ``v1/download-object-request.json``.  Scopes:
        ``object:download:<name>``.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncPurgeCache(AsyncService):
    """The purge-cache service: 7 functions."""

    SERVICE = "purge-cache"
    VERSION = "v1"

    allPurgeRequests: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="allPurgeRequests", method="GET", route="/purge-cache/list", query=("continuationToken", "limit")),
        """Return a page of all open requests to purge caches.

        ``GET /purge-cache/list``; query ``continuationToken``, ``limit``.  Scopes: ``purge-cache:all-purge-requests``.
        """,
    )
    iterPurgeRequests: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterPurgeRequests", allPurgeRequests)

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    purgeCache: calls.WorkerPoolIdPayloadCall[Answer[Any]] = operation(
        Route(name="purgeCache", method="POST", route="/purge-cache/<workerPoolId>", has_input=True, answer="any"),
        """Ask the workers of a pool to purge a cache, ``{cacheName}``.

        ``POST /purge-cache/<workerPoolId>``; payload as schema ``v1/purge-cache-request.json``.  Scopes:
        ``purge-cache:<workerPoolId>:<cacheName>``.
        """,
    )

    purgeRequests: calls.WorkerPoolIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="purgeRequests", method="GET", route="/purge-cache/<workerPoolId>", query=("since",)),
        """Return the open requests to purge caches of a pool, those after ``since``.

        ``GET /purge-cache/<workerPoolId>``; query ``since``.  Scopes: ``purge-cache:purge-requests::<workerPoolId>``.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncQueue(AsyncArtifacts):
    """The queue service: 50 functions."""

    SERVICE = "queue"
    VERSION = "v1"

    artifact: calls.TaskIdRunIdNameCall[Answer[types.ArtifactContent]] = operation(
        Route(name="artifact", method="GET", route="/task/<taskId>/runs/<runId>/artifact-content/<name>"),
        """Return where an artifact's content is, as its storage type tells it.

        ``GET /task/<taskId>/runs/<runId>/artifact-content/<name>``.  Scopes: ``queue:get-artifact:<name>`` for each
        name of names.
        """,
    )

    artifactInfo: calls.TaskIdRunIdNameCall[Answer[dict[str, Any]]] = operation(
        Route(name="artifactInfo", method="GET", route="/task/<taskId>/runs/<runId>/artifact-info/<name>"),
        """Return what is known of an artifact, without its content.

        ``GET /task/<taskId>/runs/<runId>/artifact-info/<name>``.  Scopes: ``queue:list-artifacts:<taskId>:<runId>``.
        """,
    )

    cancelTask: calls.TaskIdCall[Answer[types.StatusAnswer]] = operation(
        Route(name="cancelTask", method="POST", route="/task/<taskId>/cancel"),
        """Resolve a task as canceled; one that is resolved already is left as it is.

        ``POST /task/<taskId>/cancel``.  Scopes: (``queue:cancel-task:<schedulerId>/<taskGroupId>/<taskId>`` or
        ``queue:cancel-task-in-project:<projectId>`` or (``queue:cancel-task`` and
        ``assume:scheduler-id:<schedulerId>/<taskGroupId>``)).
        """,
    )

    cancelTaskGroup: calls.TaskGroupIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="cancelTaskGroup", method="POST", route="/task-group/<taskGroupId>/cancel"),
        """Cancel the unresolved tasks of a sealed task group.

        ``POST /task-group/<taskGroupId>/cancel``.  Stability: experimental.  Scopes:
        ``queue:cancel-task-group:<schedulerId>/<taskGroupId>``.
        """,
    )

    changeTaskGroupPriority: calls.TaskGroupIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="changeTaskGroupPriority",
            method="POST",
            route="/task-group/<taskGroupId>/priority",
            has_input=True,
        ),
        """Change the priority of the unresolved tasks of a group, ``{newPriority}``.

        ``POST /task-group/<taskGroupId>/priority``; payload as schema ``v1/change-task-priority-request.json``.
        Stability: experimental.  Scopes: ``queue:change-task-group-priority:<schedulerId>/<taskGroupId>``.
        """,
    )

    changeTaskPriority: calls.TaskIdPayloadCall[Answer[types.StatusAnswer]] = operation(
        Route(name="changeTaskPriority", method="POST", route="/task/<taskId>/priority", has_input=True),
        """Change the priority of a task, ``{newPriority}``.

        ``POST /task/<taskId>/priority``; payload as schema ``v1/change-task-priority-request.json``.  Stability:
        experimental.  Scopes: (``queue:change-task-priority:<taskId>`` or
        ``queue:change-task-priority-in-queue:<taskQueueId>``).
        """,
    )

    claimTask: calls.TaskIdRunIdPayloadCall[Answer[types.Claim]] = operation(
        Route(
            name="claimTask",
            method="POST",
            route="/task/<taskId>/runs/<runId>/claim",
            has_input=True,
            idempotent=False,
        ),
        """Claim one run of one task, ``{workerGroup, workerId}``.

        ``POST /task/<taskId>/runs/<runId>/claim``; payload as schema ``v1/task-claim-request.json``.  Stability:
        deprecated.  Not sent again where it may have arrived.  Scopes:
        (``queue:claim-task:<provisionerId>/<workerType>`` and ``queue:worker-id:<workerGroup>/<workerId>``).
        """,
    )

    claimWork: calls.TaskQueueIdPayloadCall[Answer[types.ClaimWorkAnswer]] = operation(
        Route(
            name="claimWork",
            method="POST",
            route="/claim-work/<taskQueueId>",
            has_input=True,
            idempotent=False,
            read_seconds=60.0,
        ),
        """Claim pending tasks of a queue, ``{workerGroup, workerId, tasks}``; with none, answer after 20 seconds.

        ``POST /claim-work/<taskQueueId>``; payload as schema ``v1/claim-work-request.json``.  Not sent again where it
        may have arrived.  Scopes: (``queue:claim-work:<taskQueueId>`` and
        ``queue:worker-id:<workerGroup>/<workerId>``).
        """,
    )

    createArtifact: calls.TaskIdRunIdNamePayloadCall[Answer[types.CreatedArtifact]] = operation(
        Route(
            name="createArtifact",
            method="POST",
            route="/task/<taskId>/runs/<runId>/artifacts/<name>",
            has_input=True,
        ),
        """Begin an artifact of a running run, ``{storageType, expires, ...}``, and return how to go on.

        ``POST /task/<taskId>/runs/<runId>/artifacts/<name>``; payload as schema ``v1/post-artifact-request.json``.
        Scopes: ``queue:create-artifact:<taskId>/<runId>``.
        """,
    )

    createTask: calls.TaskIdPayloadCall[Answer[types.StatusAnswer]] = operation(
        Route(name="createTask", method="PUT", route="/task/<taskId>", has_input=True),
        """Create a task under an id of the caller's making; the same definition again returns its status.

        ``PUT /task/<taskId>``; payload as schema ``v1/create-task-request.json``.  Scopes: (``<scope>`` for each scope
        of scopes and ``queue:route:<route>`` for each route of routes and ``queue:create-task:project:<projectId>`` and
        ``queue:scheduler-id:<schedulerId>`` and ``queue:create-task:<priority>:<provisionerId>/<workerType>`` for each
        priority of priorities).
        """,
    )

    declareWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="declareWorker",
            method="PUT",
            route="/provisioners/<provisionerId>/worker-types/<workerType>/<workerGroup>/<workerId>",
            has_input=True,
        ),
        """Tell facts of a worker, ``{expires, capacity, ...}``.

        ``PUT /provisioners/<provisionerId>/worker-types/<workerType>/<workerGroup>/<workerId>``; payload as schema
        ``v1/update-worker-request.json``.  Stability: experimental.  Scopes:
        ``queue:declare-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>#<property>`` for each property of
        properties.
        """,
    )

    finishArtifact: calls.TaskIdRunIdNamePayloadCall[Answer[None]] = operation(
        Route(
            name="finishArtifact",
            method="PUT",
            route="/task/<taskId>/runs/<runId>/artifacts/<name>",
            has_input=True,
            answer="empty",
        ),
        """Make an object artifact readable once its object is finished, ``{uploadId}``.

        ``PUT /task/<taskId>/runs/<runId>/artifacts/<name>``; payload as schema ``v1/finish-artifact-request.json``.
        Scopes: ``queue:create-artifact:<taskId>/<runId>``.
        """,
    )

    getArtifact: calls.TaskIdRunIdNameCall[Answer[types.ArtifactContent]] = operation(
        Route(name="getArtifact", method="GET", route="/task/<taskId>/runs/<runId>/artifacts/<name>"),
        """Return ``{storageType, url}`` of an artifact of a run, as the service's redirect carries it.

        ``GET /task/<taskId>/runs/<runId>/artifacts/<name>``.  Scopes: ``queue:get-artifact:<name>`` for each name of
        names.
        """,
    )

    getLatestArtifact: calls.TaskIdNameCall[Answer[types.ArtifactContent]] = operation(
        Route(name="getLatestArtifact", method="GET", route="/task/<taskId>/artifacts/<name>"),
        """Return ``{storageType, url}`` of an artifact of the last run, as the service's redirect carries it.

        ``GET /task/<taskId>/artifacts/<name>``.  Scopes: ``queue:get-artifact:<name>`` for each name of names.
        """,
    )

    getProvisioner: calls.ProvisionerIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="getProvisioner", method="GET", route="/provisioners/<provisionerId>"),
        """Return a provisioner.

        ``GET /provisioners/<provisionerId>``.  Stability: deprecated.  Scopes:
        ``queue:get-provisioner:<provisionerId>``.
        """,
    )

    getTaskGroup: calls.TaskGroupIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="getTaskGroup", method="GET", route="/task-group/<taskGroupId>"),
        """Return a task group, without its tasks.

        ``GET /task-group/<taskGroupId>``.  Scopes: ``queue:list-task-group:<taskGroupId>``.
        """,
    )

    getTaskQueue: calls.TaskQueueIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="getTaskQueue", method="GET", route="/task-queues/<taskQueueId>"),
        """Return a task queue.

        ``GET /task-queues/<taskQueueId>``.  Scopes: ``queue:get-task-queue:<taskQueueId>``.
        """,
    )

    getWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="getWorker",
            method="GET",
            route="/provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>",
        ),
        """Return a worker with its recent tasks.

        ``GET /provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>``.  Stability:
        deprecated.  Scopes: ``queue:get-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>``.
        """,
    )

    getWorkerType: calls.ProvisionerIdWorkerTypeCall[Answer[dict[str, Any]]] = operation(
        Route(name="getWorkerType", method="GET", route="/provisioners/<provisionerId>/worker-types/<workerType>"),
        """Return a worker type.

        ``GET /provisioners/<provisionerId>/worker-types/<workerType>``.  Stability: deprecated.  Scopes:
        ``queue:get-worker-type:<provisionerId>/<workerType>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    latestArtifact: calls.TaskIdNameCall[Answer[types.ArtifactContent]] = operation(
        Route(name="latestArtifact", method="GET", route="/task/<taskId>/artifact-content/<name>"),
        """Return where the content of the last run's artifact is.

        ``GET /task/<taskId>/artifact-content/<name>``.  Scopes: ``queue:get-artifact:<name>`` for each name of names.
        """,
    )

    latestArtifactInfo: calls.TaskIdNameCall[Answer[dict[str, Any]]] = operation(
        Route(name="latestArtifactInfo", method="GET", route="/task/<taskId>/artifact-info/<name>"),
        """Return what is known of an artifact of the last run, without its content.

        ``GET /task/<taskId>/artifact-info/<name>``.  Scopes: ``queue:list-artifacts:<taskId>``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    listArtifacts: calls.TaskIdRunIdPagedCall[Answer[types.ArtifactList], Answer[None]] = operation(
        Route(
            name="listArtifacts",
            method="GET",
            route="/task/<taskId>/runs/<runId>/artifacts",
            query=("continuationToken", "limit"),
        ),
        """Return a page of a run's artifacts, ordered by name.

        ``GET /task/<taskId>/runs/<runId>/artifacts``; query ``continuationToken``, ``limit``.  Scopes:
        ``queue:list-artifacts:<taskId>:<runId>``.
        """,
    )
    iterArtifacts: calls.TaskIdRunIdCall[AsyncIterator[types.ArtifactInfo]] = items("iterArtifacts", listArtifacts)

    listClaimedTasks: calls.TaskQueueIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listClaimedTasks",
            method="GET",
            route="/task-queues/<taskQueueId>/claimed",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the claimed tasks of a queue.

        ``GET /task-queues/<taskQueueId>/claimed``; query ``continuationToken``, ``limit``.  Stability: experimental.
        Scopes: ``queue:claimed-list:<taskQueueId>``.
        """,
    )
    iterClaimedTasks: calls.TaskQueueIdCall[AsyncIterator[dict[str, Any]]] = items("iterClaimedTasks", listClaimedTasks)

    listDependentTasks: calls.TaskIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listDependentTasks",
            method="GET",
            route="/task/<taskId>/dependents",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the tasks that depend on a task.

        ``GET /task/<taskId>/dependents``; query ``continuationToken``, ``limit``.  Scopes:
        ``queue:list-dependent-tasks:<taskId>``.
        """,
    )
    iterDependentTasks: calls.TaskIdCall[AsyncIterator[dict[str, Any]]] = items(
        "iterDependentTasks", listDependentTasks
    )

    listLatestArtifacts: calls.TaskIdPagedCall[Answer[types.ArtifactList], Answer[None]] = operation(
        Route(
            name="listLatestArtifacts",
            method="GET",
            route="/task/<taskId>/artifacts",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the last run's artifacts, ordered by name.

        ``GET /task/<taskId>/artifacts``; query ``continuationToken``, ``limit``.  Scopes:
        ``queue:list-artifacts:<taskId>``.
        """,
    )
    iterLatestArtifacts: calls.TaskIdCall[AsyncIterator[types.ArtifactInfo]] = items(
        "iterLatestArtifacts", listLatestArtifacts
    )

    listPendingTasks: calls.TaskQueueIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listPendingTasks",
            method="GET",
            route="/task-queues/<taskQueueId>/pending",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the pending tasks of a queue.

        ``GET /task-queues/<taskQueueId>/pending``; query ``continuationToken``, ``limit``.  Stability: experimental.
        Scopes: ``queue:pending-list:<taskQueueId>``.
        """,
    )
    iterPendingTasks: calls.TaskQueueIdCall[AsyncIterator[dict[str, Any]]] = items("iterPendingTasks", listPendingTasks)

    listProvisioners: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listProvisioners", method="GET", route="/provisioners", query=("continuationToken", "limit")),
        """Return a page of the provisioners.

        ``GET /provisioners``; query ``continuationToken``, ``limit``.  Stability: deprecated.  Scopes:
        ``queue:list-provisioners``.
        """,
    )
    iterProvisioners: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterProvisioners", listProvisioners)

    listTaskGroup: calls.TaskGroupIdPagedCall[Answer[types.TaskGroupPage], Answer[None]] = operation(
        Route(
            name="listTaskGroup",
            method="GET",
            route="/task-group/<taskGroupId>/list",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the tasks of a group, with the group's own facts.

        ``GET /task-group/<taskGroupId>/list``; query ``continuationToken``, ``limit``.  Scopes:
        ``queue:list-task-group:<taskGroupId>``.
        """,
    )
    iterTaskGroup: calls.TaskGroupIdCall[AsyncIterator[types.TaskInGroup]] = items("iterTaskGroup", listTaskGroup)

    listTaskQueues: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listTaskQueues", method="GET", route="/task-queues", query=("continuationToken", "limit")),
        """Return a page of the task queues.

        ``GET /task-queues``; query ``continuationToken``, ``limit``.  Scopes: ``queue:list-task-queues``.
        """,
    )
    iterTaskQueues: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterTaskQueues", listTaskQueues)

    listWorkerTypes: calls.ProvisionerIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkerTypes",
            method="GET",
            route="/provisioners/<provisionerId>/worker-types",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the worker types of a provisioner.

        ``GET /provisioners/<provisionerId>/worker-types``; query ``continuationToken``, ``limit``.  Stability:
        deprecated.  Scopes: ``queue:list-worker-types:<provisionerId>``.
        """,
    )
    iterWorkerTypes: calls.ProvisionerIdCall[AsyncIterator[dict[str, Any]]] = items("iterWorkerTypes", listWorkerTypes)

    listWorkers: calls.ProvisionerIdWorkerTypePagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkers",
            method="GET",
            route="/provisioners/<provisionerId>/worker-types/<workerType>/workers",
            query=("continuationToken", "limit", "quarantined"),
        ),
        """Return a page of the workers of a worker type; ``quarantined`` asks for those in or out of quarantine.

        ``GET /provisioners/<provisionerId>/worker-types/<workerType>/workers``; query ``continuationToken``, ``limit``,
        ``quarantined``.  Stability: deprecated.  Scopes: ``queue:list-workers:<provisionerId>/<workerType>``.
        """,
    )
    iterWorkers: calls.ProvisionerIdWorkerTypeCall[AsyncIterator[dict[str, Any]]] = items("iterWorkers", listWorkers)

    pendingTasks: calls.TaskQueueIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="pendingTasks", method="GET", route="/pending/<taskQueueId>"),
        """Return how many tasks of a queue are pending.

        ``GET /pending/<taskQueueId>``.  Stability: deprecated.  Scopes: ``queue:pending-count:<taskQueueId>``.
        """,
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    quarantineWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="quarantineWorker",
            method="PUT",
            route="/provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>",
            has_input=True,
        ),
        """Give a worker no tasks until ``quarantineUntil``.

        ``PUT /provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>``; payload as
        schema ``v1/quarantine-worker-request.json``.  Stability: experimental.  Scopes:
        ``queue:quarantine-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>``.
        """,
    )

    reclaimTask: calls.TaskIdRunIdCall[Answer[types.ReclaimAnswer]] = operation(
        Route(name="reclaimTask", method="POST", route="/task/<taskId>/runs/<runId>/reclaim"),
        """Renew a claim before its ``takenUntil``, and return the new one with new credentials.

        ``POST /task/<taskId>/runs/<runId>/reclaim``.  Scopes: ``queue:reclaim-task:<taskId>/<runId>``.
        """,
    )

    reportCompleted: calls.TaskIdRunIdCall[Answer[types.StatusAnswer]] = operation(
        Route(name="reportCompleted", method="POST", route="/task/<taskId>/runs/<runId>/completed"),
        """Resolve a run as completed; the same report again is fine.

        ``POST /task/<taskId>/runs/<runId>/completed``.  Scopes: ``queue:resolve-task:<taskId>/<runId>``.
        """,
    )

    reportException: calls.TaskIdRunIdPayloadCall[Answer[types.StatusAnswer]] = operation(
        Route(name="reportException", method="POST", route="/task/<taskId>/runs/<runId>/exception", has_input=True),
        """Resolve a run that could not be carried out, ``{reason}``.

        ``POST /task/<taskId>/runs/<runId>/exception``; payload as schema ``v1/task-exception-request.json``.  Scopes:
        ``queue:resolve-task:<taskId>/<runId>``.
        """,
    )

    reportFailed: calls.TaskIdRunIdCall[Answer[types.StatusAnswer]] = operation(
        Route(name="reportFailed", method="POST", route="/task/<taskId>/runs/<runId>/failed"),
        """Resolve a run as failed: the work was done, and its result is that it failed.

        ``POST /task/<taskId>/runs/<runId>/failed``.  Scopes: ``queue:resolve-task:<taskId>/<runId>``.
        """,
    )

    rerunTask: calls.TaskIdCall[Answer[types.StatusAnswer]] = operation(
        Route(name="rerunTask", method="POST", route="/task/<taskId>/rerun", idempotent=False),
        """Make a resolved task pending again, with a new run; another is left as it is.

        ``POST /task/<taskId>/rerun``.  Not sent again where it may have arrived.  Scopes:
        (``queue:rerun-task:<schedulerId>/<taskGroupId>/<taskId>`` or ``queue:rerun-task-in-project:<projectId>`` or
        (``queue:rerun-task`` and ``assume:scheduler-id:<schedulerId>/<taskGroupId>``)).
        """,
    )

    scheduleTask: calls.TaskIdCall[Answer[types.StatusAnswer]] = operation(
        Route(name="scheduleTask", method="POST", route="/task/<taskId>/schedule"),
        """Make a task pending whatever it depends on; one scheduled before is left as it is.

        ``POST /task/<taskId>/schedule``.  Scopes: (``queue:schedule-task:<schedulerId>/<taskGroupId>/<taskId>`` or
        ``queue:schedule-task-in-project:<projectId>`` or (``queue:schedule-task`` and
        ``assume:scheduler-id:<schedulerId>/<taskGroupId>``)).
        """,
    )

    sealTaskGroup: calls.TaskGroupIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="sealTaskGroup", method="POST", route="/task-group/<taskGroupId>/seal"),
        """Let no further task into a group.

        ``POST /task-group/<taskGroupId>/seal``.  Stability: experimental.  Scopes:
        ``queue:seal-task-group:<schedulerId>/<taskGroupId>``.
        """,
    )

    status: calls.TaskIdCall[Answer[types.StatusAnswer]] = operation(
        Route(name="status", method="GET", route="/task/<taskId>/status"),
        """Return where a task stands.

        ``GET /task/<taskId>/status``.  Scopes: ``queue:status:<taskId>``.
        """,
    )

    statuses: calls.PayloadPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="statuses",
            method="POST",
            route="/tasks/status",
            query=("continuationToken", "limit"),
            has_input=True,
        ),
        """Return a page of where many tasks stand, ``{taskIds}``; unknown ones are left out.

        ``POST /tasks/status``; query ``continuationToken``, ``limit``; payload as schema ``v1/tasks-request.json``.
        Stability: experimental.  Scopes: ``queue:status:<taskId>`` for each taskId of taskIds.
        """,
    )
    iterStatuses: calls.PayloadCall[AsyncIterator[dict[str, Any]]] = items("iterStatuses", statuses)

    task: calls.TaskIdCall[Answer[types.TaskDefinition]] = operation(
        Route(name="task", method="GET", route="/task/<taskId>"),
        """Return a task as it was defined, with all defaults filled in.

        ``GET /task/<taskId>``.  Scopes: ``queue:get-task:<taskId>``.
        """,
    )

    taskQueueCounts: calls.TaskQueueIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="taskQueueCounts", method="GET", route="/task-queues/<taskQueueId>/counts"),
        """Return how many tasks of a queue are pending and claimed.

        ``GET /task-queues/<taskQueueId>/counts``.  Scopes: (``queue:pending-count:<taskQueueId>`` and
        ``queue:claimed-count:<taskQueueId>``).
        """,
    )

    taskQueueCountsBatch: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="taskQueueCountsBatch", method="POST", route="/task-queues/counts", has_input=True),
        """Return how many tasks of many queues are pending and claimed.

        ``POST /task-queues/counts``; payload as schema ``v1/task-queue-counts-request.json``.  Stability: experimental.
        """,
    )

    tasks: calls.PayloadPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="tasks", method="POST", route="/tasks", query=("continuationToken", "limit"), has_input=True),
        """Return a page of many task definitions, ``{taskIds}``; unknown ones are left out.

        ``POST /tasks``; query ``continuationToken``, ``limit``; payload as schema ``v1/tasks-request.json``.
        Stability: experimental.  Scopes: ``queue:get-task:<taskId>`` for each taskId of taskIds.
        """,
    )
    iterTasks: calls.PayloadCall[AsyncIterator[dict[str, Any]]] = items("iterTasks", tasks)

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncSecrets(AsyncService):
    """The secrets service: 8 functions."""

    SERVICE = "secrets"
    VERSION = "v1"

    get: calls.NameCall[Answer[dict[str, Any]]] = operation(
        Route(name="get", method="GET", route="/secret/<name>"),
        """Return a secret and when it expires.

        ``GET /secret/<name>``.  Scopes: ``secrets:get:<name>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    list: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="list", method="GET", route="/secrets", query=("continuationToken", "limit")),
        """Return a page of the names of the secrets.

        ``GET /secrets``; query ``continuationToken``, ``limit``.  Scopes: ``secrets:list-secrets``.
        """,
    )
    iterSecrets: calls.Call[AsyncIterator[str]] = items("iterSecrets", list)

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    remove: calls.NameCall[Answer[Any]] = operation(
        Route(name="remove", method="DELETE", route="/secret/<name>", answer="any"),
        """Delete a secret.

        ``DELETE /secret/<name>``.  Scopes: ``secrets:set:<name>``.
        """,
    )

    set: calls.NamePayloadCall[Answer[Any]] = operation(
        Route(name="set", method="PUT", route="/secret/<name>", has_input=True, answer="any"),
        """Create or replace a secret, ``{secret, expires}``.

        ``PUT /secret/<name>``; payload as schema ``v1/secret.json``.  Scopes: ``secrets:set:<name>``.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncWebServer(AsyncService):
    """The web-server service: 6 functions."""

    SERVICE = "web-server"
    VERSION = "v1"

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    taskGroupProfile: calls.TaskGroupIdCall[Answer[Any]] = operation(
        Route(name="taskGroupProfile", method="GET", route="/task-group/<taskGroupId>/profile", answer="any"),
        """Return how long the tasks of a group took, as a profile for the Firefox Profiler.

        ``GET /task-group/<taskGroupId>/profile``.  Stability: experimental.
        """,
    )

    taskProfile: calls.TaskIdCall[Answer[Any]] = operation(
        Route(name="taskProfile", method="GET", route="/task/<taskId>/profile", answer="any"),
        """Return how long the steps of a task took, from its log, as a profile for the Firefox Profiler.

        ``GET /task/<taskId>/profile``.  Stability: experimental.
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )


class AsyncWorkerManager(AsyncService):
    """The worker-manager service: 27 functions."""

    SERVICE = "worker-manager"
    VERSION = "v1"

    createWorker: calls.WorkerPoolIdWorkerGroupWorkerIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="createWorker",
            method="PUT",
            route="/workers/<workerPoolId>/<workerGroup>/<workerId>",
            has_input=True,
        ),
        """Create a worker of a pool.

        ``PUT /workers/<workerPoolId>/<workerGroup>/<workerId>``; payload as schema ``v1/create-worker-request.json``.
        Scopes: ``worker-manager:create-worker:<workerPoolId>/<workerGroup>/<workerId>``.
        """,
    )

    createWorkerPool: calls.WorkerPoolIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="createWorkerPool", method="PUT", route="/worker-pool/<workerPoolId>", has_input=True),
        """Create a worker pool.

        ``PUT /worker-pool/<workerPoolId>``; payload as schema ``v1/create-worker-pool-request.json``.  Scopes:
        (``worker-manager:manage-worker-pool:<workerPoolId>`` and ``worker-manager:provider:<providerId>``).
        """,
    )

    deleteWorkerPool: calls.WorkerPoolIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="deleteWorkerPool", method="DELETE", route="/worker-pool/<workerPoolId>"),
        """Let a worker pool run out and delete it once it has no workers.

        ``DELETE /worker-pool/<workerPoolId>``.  Scopes: ``worker-manager:manage-worker-pool:<workerPoolId>``.
        """,
    )

    getWorker: calls.ProvisionerIdWorkerTypeWorkerGroupWorkerIdCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="getWorker",
            method="GET",
            route="/provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>",
        ),
        """Return a worker with its recent tasks.

        ``GET /provisioners/<provisionerId>/worker-types/<workerType>/workers/<workerGroup>/<workerId>``.  Stability:
        experimental.  Scopes: ``worker-manager:get-worker:<provisionerId>/<workerType>/<workerGroup>/<workerId>``.
        """,
    )

    heartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="heartbeat", method="GET", route="/__heartbeat__"),
        """Return if the service and what it depends on work.

        ``GET /__heartbeat__``.
        """,
    )

    lbheartbeat: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="lbheartbeat", method="GET", route="/__lbheartbeat__"),
        """Return if the service answers, for a load balancer.

        ``GET /__lbheartbeat__``.
        """,
    )

    listProviders: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listProviders", method="GET", route="/providers", query=("continuationToken", "limit")),
        """Return a page of the providers of workers.

        ``GET /providers``; query ``continuationToken``, ``limit``.  Scopes: ``worker-manager:list-providers``.
        """,
    )
    iterProviders: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterProviders", listProviders)

    listWorkerPoolErrors: calls.WorkerPoolIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkerPoolErrors",
            method="GET",
            route="/worker-pool-errors/<workerPoolId>",
            query=("continuationToken", "limit", "launchConfigId", "errorId"),
        ),
        """Return a page of the errors of a pool's workers.

        ``GET /worker-pool-errors/<workerPoolId>``; query ``continuationToken``, ``limit``, ``launchConfigId``,
        ``errorId``.  Scopes: ``worker-manager:list-worker-pool-errors:<workerPoolId>``.
        """,
    )
    iterWorkerPoolErrors: calls.WorkerPoolIdCall[AsyncIterator[dict[str, Any]]] = items(
        "iterWorkerPoolErrors", listWorkerPoolErrors
    )

    listWorkerPoolLaunchConfigs: calls.WorkerPoolIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkerPoolLaunchConfigs",
            method="GET",
            route="/worker-pool/<workerPoolId>/launch-configs",
            query=("continuationToken", "limit", "includeArchived"),
        ),
        """Return a page of a pool's launch configurations.

        ``GET /worker-pool/<workerPoolId>/launch-configs``; query ``continuationToken``, ``limit``, ``includeArchived``.
        Stability: experimental.  Scopes: ``worker-manager:get-worker-pool:<workerPoolId>``.
        """,
    )
    iterWorkerPoolLaunchConfigs: calls.WorkerPoolIdCall[AsyncIterator[dict[str, Any]]] = items(
        "iterWorkerPoolLaunchConfigs", listWorkerPoolLaunchConfigs
    )

    listWorkerPools: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(name="listWorkerPools", method="GET", route="/worker-pools", query=("continuationToken", "limit")),
        """Return a page of the worker pools.

        ``GET /worker-pools``; query ``continuationToken``, ``limit``.  Scopes: ``worker-manager:list-worker-pools``.
        """,
    )
    iterWorkerPools: calls.Call[AsyncIterator[dict[str, Any]]] = items("iterWorkerPools", listWorkerPools)

    listWorkerPoolsStats: calls.PagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkerPoolsStats",
            method="GET",
            route="/worker-pools/stats",
            query=("continuationToken", "limit"),
        ),
        """Return a page of the worker pools with their numbers.

        ``GET /worker-pools/stats``; query ``continuationToken``, ``limit``.  Stability: experimental.  Scopes:
        ``worker-manager:list-worker-pools``.
        """,
    )
    iterWorkerPoolsStats: calls.Call[AsyncIterator[dict[str, Any]]] = items(
        "iterWorkerPoolsStats", listWorkerPoolsStats
    )

    listWorkers: calls.ProvisionerIdWorkerTypePagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkers",
            method="GET",
            route="/provisioners/<provisionerId>/worker-types/<workerType>/workers",
            query=("continuationToken", "limit", "launchConfigId", "quarantined", "workerState"),
        ),
        """Return a page of the workers of a worker type, with the queue's facts of them.

        ``GET /provisioners/<provisionerId>/worker-types/<workerType>/workers``; query ``continuationToken``, ``limit``,
        ``launchConfigId``, ``quarantined``, ``workerState``.  Stability: experimental.  Scopes:
        ``worker-manager:list-workers:<provisionerId>/<workerType>``.
        """,
    )
    iterWorkers: calls.ProvisionerIdWorkerTypeCall[AsyncIterator[dict[str, Any]]] = items("iterWorkers", listWorkers)

    listWorkersForWorkerGroup: calls.WorkerPoolIdWorkerGroupPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkersForWorkerGroup",
            method="GET",
            route="/workers/<workerPoolId>/<workerGroup>",
            query=("continuationToken", "limit"),
        ),
        """Return a page of a pool's workers of one group.

        ``GET /workers/<workerPoolId>/<workerGroup>``; query ``continuationToken``, ``limit``.  Scopes:
        ``worker-manager:list-workers:<workerPoolId>/<workerGroup>``.
        """,
    )
    iterWorkersForWorkerGroup: calls.WorkerPoolIdWorkerGroupCall[AsyncIterator[dict[str, Any]]] = items(
        "iterWorkersForWorkerGroup", listWorkersForWorkerGroup
    )

    listWorkersForWorkerPool: calls.WorkerPoolIdPagedCall[Answer[dict[str, Any]], Answer[None]] = operation(
        Route(
            name="listWorkersForWorkerPool",
            method="GET",
            route="/workers/<workerPoolId>",
            query=("continuationToken", "limit", "launchConfigId", "state"),
        ),
        """Return a page of a pool's workers.

        ``GET /workers/<workerPoolId>``; query ``continuationToken``, ``limit``, ``launchConfigId``, ``state``.  Scopes:
        ``worker-manager:list-workers:<workerPoolId>``.
        """,
    )
    iterWorkersForWorkerPool: calls.WorkerPoolIdCall[AsyncIterator[dict[str, Any]]] = items(
        "iterWorkersForWorkerPool", listWorkersForWorkerPool
    )

    ping: calls.Call[Answer[types.Ping]] = operation(
        Route(name="ping", method="GET", route="/ping"),
        """Tell that the service is alive, and for how many seconds.

        ``GET /ping``.
        """,
    )

    registerWorker: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="registerWorker", method="POST", route="/worker/register", has_input=True, idempotent=False),
        """Exchange a proof of a worker's identity for its credentials.

        ``POST /worker/register``; payload as schema ``v1/register-worker-request.json``.  Not sent again where it may
        have arrived.
        """,
    )

    removeWorker: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Answer[Any]] = operation(
        Route(
            name="removeWorker",
            method="DELETE",
            route="/workers/<workerPoolId>/<workerGroup>/<workerId>",
            answer="any",
        ),
        """Stop a worker.

        ``DELETE /workers/<workerPoolId>/<workerGroup>/<workerId>``.  Scopes:
        ``worker-manager:remove-worker:<workerPoolId>/<workerGroup>/<workerId>``.
        """,
    )

    reportWorkerError: calls.WorkerPoolIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="reportWorkerError",
            method="POST",
            route="/worker-pool-errors/<workerPoolId>",
            has_input=True,
            idempotent=False,
        ),
        """Report an error of a worker.

        ``POST /worker-pool-errors/<workerPoolId>``; payload as schema ``v1/report-worker-error-request.json``.  Not
        sent again where it may have arrived.  Scopes: (``assume:worker-pool:<workerPoolId>`` and
        ``assume:worker-id:<workerGroup>/<workerId>``).
        """,
    )

    reregisterWorker: calls.PayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="reregisterWorker", method="POST", route="/worker/reregister", has_input=True, idempotent=False),
        """Exchange a worker's secret for new credentials and a new secret.

        ``POST /worker/reregister``; payload as schema ``v1/reregister-worker-request.json``.  Stability: experimental.
        Not sent again where it may have arrived.  Scopes:
        ``worker-manager:reregister-worker:<workerPoolId>/<workerGroup>/<workerId>``.
        """,
    )

    shouldWorkerTerminate: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="shouldWorkerTerminate",
            method="GET",
            route="/workers/<workerPoolId>/<workerGroup>/<workerId>/should-terminate",
        ),
        """Tell whether a worker of no further use should end.

        ``GET /workers/<workerPoolId>/<workerGroup>/<workerId>/should-terminate``.  Stability: experimental.  Scopes:
        ``worker-manager:should-worker-terminate:<workerPoolId>/<workerGroup>/<workerId>``.
        """,
    )

    updateWorker: calls.WorkerPoolIdWorkerGroupWorkerIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(
            name="updateWorker",
            method="POST",
            route="/workers/<workerPoolId>/<workerGroup>/<workerId>",
            has_input=True,
        ),
        """Change a worker.

        ``POST /workers/<workerPoolId>/<workerGroup>/<workerId>``; payload as schema ``v1/create-worker-request.json``.
        Scopes: ``worker-manager:update-worker:<workerPoolId>/<workerGroup>/<workerId>``.
        """,
    )

    updateWorkerPool: calls.WorkerPoolIdPayloadCall[Answer[dict[str, Any]]] = operation(
        Route(name="updateWorkerPool", method="POST", route="/worker-pool/<workerPoolId>", has_input=True),
        """Replace a worker pool's definition.

        ``POST /worker-pool/<workerPoolId>``; payload as schema ``v1/update-worker-pool-request.json``.  Stability:
        experimental.  Scopes: (``worker-manager:manage-worker-pool:<workerPoolId>`` and
        ``worker-manager:provider:<providerId>``).
        """,
    )

    version: calls.Call[Answer[types.Version]] = operation(
        Route(name="version", method="GET", route="/__version__"),
        """Return the service's release.

        ``GET /__version__``.
        """,
    )

    worker: calls.WorkerPoolIdWorkerGroupWorkerIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="worker", method="GET", route="/workers/<workerPoolId>/<workerGroup>/<workerId>"),
        """Return a worker.

        ``GET /workers/<workerPoolId>/<workerGroup>/<workerId>``.  Scopes:
        ``worker-manager:get-worker:<workerPoolId>/<workerGroup>/<workerId>``.
        """,
    )

    workerPool: calls.WorkerPoolIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="workerPool", method="GET", route="/worker-pool/<workerPoolId>"),
        """Return a worker pool.

        ``GET /worker-pool/<workerPoolId>``.  Scopes: ``worker-manager:get-worker-pool:<workerPoolId>``.
        """,
    )

    workerPoolErrorStats: calls.Call[Answer[dict[str, Any]]] = operation(
        Route(name="workerPoolErrorStats", method="GET", route="/worker-pool-errors/stats", query=("workerPoolId",)),
        """Return numbers of the errors of worker pools.

        ``GET /worker-pool-errors/stats``; query ``workerPoolId``.  Stability: experimental.  Scopes:
        ``worker-manager:list-worker-pool-errors:<workerPoolId>``.
        """,
    )

    workerPoolStats: calls.WorkerPoolIdCall[Answer[dict[str, Any]]] = operation(
        Route(name="workerPoolStats", method="GET", route="/worker-pool/<workerPoolId>/stats"),
        """Return numbers of a worker pool's workers.

        ``GET /worker-pool/<workerPoolId>/stats``.  Stability: experimental.  Scopes:
        ``worker-manager:get-worker-pool:<workerPoolId>``.
        """,
    )
