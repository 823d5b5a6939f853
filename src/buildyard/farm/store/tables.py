"""Every table of the farm, for SQLite and PostgreSQL alike.

SQLAlchemy Core only: rows are read into the rooms' own values, and nothing here knows what they mean.  Times are
seconds since 1970 in UTC as floats, written by the caller from its clock, so that a test can choose them and both
databases compare them alike.  `migrations/` creates the same tables; a test holds the two against each other.

Each table is written by one room alone (named beside it); other rooms may read it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: A row number: 64 bits on PostgreSQL, and SQLite's own rowid (which it gives only to INTEGER) there.
RowId: Final = BigInteger().with_variant(Integer(), "sqlite")


# --- queue: Marconi's model (farm/queue) -----------------------------------------------------------------------------

queues = Table(
    "queues",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("metadata", Text, nullable=False, server_default="{}"),
    Column("created", Float, nullable=False),
    UniqueConstraint("project", "name"),
)

claims = Table(
    "claims",
    metadata,
    Column("id", Text, primary_key=True),
    Column("queue_id", RowId, ForeignKey("queues.id", ondelete="CASCADE"), nullable=False),
    Column("ttl", Integer, nullable=False),
    Column("grace", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False, index=True),
    Column("client_id", Text, nullable=False, server_default=""),  # who made it, and so may delete what it holds
)

#: Tokens that were ended before their time (farm/queue/http); a row is kept until its token would have ended.
revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("audit", Text, primary_key=True),
    Column("expires", Float, nullable=False, index=True),
)

messages = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),  # also the order: first in, first out
    Column("queue_id", RowId, ForeignKey("queues.id", ondelete="CASCADE"), nullable=False),
    Column("body", Text, nullable=False),  # JSON text
    Column("ttl", Integer, nullable=False),
    Column("client_id", Text, nullable=False, server_default=""),  # who posted it, for `echo`
    Column("created", Float, nullable=False),
    Column("visible_at", Float, nullable=False),  # a delayed message cannot be claimed before
    Column("expires", Float, nullable=False, index=True),
    Column("claim_id", Text),  # NULL: free, or its claim's end has not been noted yet
    Column("claim_expires", Float),
    Column("claim_count", Integer, nullable=False, server_default="0"),
    # The free messages of a queue in order: what a claim takes costs the same from a thousand as from a million.
    Index(
        "ix_messages_free",
        "queue_id",
        "id",
        sqlite_where=text("claim_id IS NULL"),
        postgresql_where=text("claim_id IS NULL"),
    ),
    # The claimed ones of a queue, those whose claim ends first in front.  The messages of one claim are found by its
    # end, too: an index by claim would cost every claim and every deletion a third more.
    Index(
        "ix_messages_claimed",
        "queue_id",
        "claim_expires",
        sqlite_where=text("claim_id IS NOT NULL"),
        postgresql_where=text("claim_id IS NOT NULL"),
    ),
    sqlite_autoincrement=True,  # a message's number is never given twice: markers and hints rest on it
    # Until a vacuum, what was claimed stays at the head of PostgreSQL's index of the free ones: claims pass over it.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.01},
)


# --- tasks: Taskcluster's model (farm/tasks) -------------------------------------------------------------------------

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", Text, primary_key=True),  # a slugid
    Column("task_queue_id", Text, nullable=False),
    Column("scheduler_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("task_group_id", Text, nullable=False),
    Column("priority", Integer, nullable=False),  # 0 lowest to 6 highest; the definition keeps the first one
    Column("retries_left", Integer, nullable=False),
    Column("definition", Text, nullable=False),  # JSON text, defaults filled in: what `queue.task` answers
    Column("state", Text, nullable=False),  # unscheduled, or that of the last run
    Column("created", Float, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("expires", Float, nullable=False, index=True),
    Column("unmet", Integer, nullable=False, server_default="0"),  # of its dependencies, how many are not satisfied
    Column(
        "dependents", Integer, nullable=False, server_default="0"
    ),  # how often another task named it; 0: look no more
    Column("ever_resolved", Boolean, nullable=False, server_default=text("false")),  # a rerun does not take it back
    Index("ix_tasks_state_deadline", "state", "deadline"),
    Index("ix_tasks_task_group_id_task_id", "task_group_id", "task_id"),
    # Whether a group has a task that was never resolved is asked whenever one of its tasks ends.
    Index(
        "ix_tasks_never_resolved",
        "task_group_id",
        sqlite_where=text("ever_resolved = 0"),
        postgresql_where=text("ever_resolved = false"),
    ),
)

#: The groups of tasks; each task is in one.
task_groups = Table(
    "task_groups",
    metadata,
    Column("task_group_id", Text, primary_key=True),
    Column("scheduler_id", Text, nullable=False),
    Column("expires", Float, nullable=False, index=True),
    Column("sealed", Float),  # since when no task may join it
)

#: Which task waits for which other; the dependent task's `unmet` counts those rows that are not satisfied.
task_dependencies = Table(
    "task_dependencies",
    metadata,
    Column("dependent_task_id", Text, ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    Column("required_task_id", Text, primary_key=True),
    Column("requires", Text, nullable=False),  # all-completed, all-resolved
    Column("satisfied", Boolean, nullable=False),
    Index("ix_task_dependencies_required_task_id_dependent_task_id", "required_task_id", "dependent_task_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("task_id", Text, ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    Column("run_id", Integer, primary_key=True),
    Column("state", Text, nullable=False),  # pending, running, completed, failed, exception
    Column("reason_created", Text, nullable=False),
    Column("reason_resolved", Text),
    Column("worker_group", Text),
    Column("worker_id", Text),
    Column("scheduled", Float, nullable=False),
    Column("started", Float),
    Column("taken_until", Float),
    Column("resolved", Float),
    Column("phase", Text),  # ours: the phase a build is in
    Column("phase_started", Float),
    Column("log_bytes", BigInteger, nullable=False, server_default="0"),
    Column("message_id", RowId),  # the queue message that hints at this run; NULL once claimed
    Index("ix_runs_state_taken_until", "state", "taken_until"),
    # The newest runs of a worker.
    Index(
        "ix_runs_worker",
        "worker_group",
        "worker_id",
        "started",
        sqlite_where=text("worker_id IS NOT NULL"),
        postgresql_where=text("worker_id IS NOT NULL"),
    ),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("task_id", Text, primary_key=True),
    Column("run_id", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("storage_type", Text, nullable=False),  # object, s3, reference, link, error
    Column("content_type", Text, nullable=False),
    Column("details", Text, nullable=False, server_default="{}"),  # JSON: url, artifact, reason, message
    Column("object_name", Text),
    Column("present", Boolean, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False, index=True),
    ForeignKeyConstraint(["task_id", "run_id"], ["runs.task_id", "runs.run_id"], ondelete="CASCADE"),
)

#: Tasks that run on another Taskcluster, and whose rows here are a copy (farm/tasks/mirror).
remote_tasks = Table(
    "remote_tasks",
    metadata,
    Column("task_id", Text, ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True),
    Column("made", Boolean, nullable=False, server_default=text("false")),  # the deployment has said so
    Column("settled", Boolean, nullable=False, server_default=text("false")),  # nothing is to do about it any more
    Column("tries", Integer, nullable=False, server_default="0"),  # to fetch what it left
    Index(
        "ix_remote_tasks_unsettled",
        "task_id",
        sqlite_where=text("settled = 0"),
        postgresql_where=text("settled = false"),
    ),
)

#: Task queues from which somebody claimed, and who did (farm/tasks/worker_records.py).
task_queues = Table(
    "task_queues",
    metadata,
    Column("task_queue_id", Text, primary_key=True),
    Column("last_active", Float, nullable=False),
    Column("expires", Float, nullable=False, index=True),
)

workers = Table(
    "workers",
    metadata,
    Column("task_queue_id", Text, primary_key=True),
    Column("worker_group", Text, primary_key=True),
    Column("worker_id", Text, primary_key=True),
    Column("first_claim", Float, nullable=False),
    Column("last_active", Float, nullable=False),
    Column("expires", Float, nullable=False, index=True),
    Column("quarantine_until", Float, nullable=False, server_default="0"),  # it claims nothing before
    Column("quarantine_details", Text, nullable=False, server_default="[]"),  # JSON: who said so when, and why
)

#: Taskcluster's object service: what was uploaded, by name; the bytes lie in `objects.py` by their sha256.
objects = Table(
    "objects",
    metadata,
    Column("name", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("upload_id", Text, nullable=False),
    Column("content_type", Text, nullable=False, server_default="application/binary"),
    Column("sha256", Text),  # NULL until the bytes are there
    Column("size", BigInteger),
    Column("hashes", Text, nullable=False, server_default="{}"),  # JSON, as the uploader told them
    Column("finished", Boolean, nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False, index=True),
)

#: Who may sign requests, and with what.
clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("access_token", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # JSON list
    Column("description", Text, nullable=False, server_default=""),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("last_modified", Float, nullable=False, server_default="0"),
    Column("last_date_used", Float, nullable=False, server_default="0"),  # to within six hours
    Column("last_rotated", Float, nullable=False, server_default="0"),  # when its access token was made
    Column("delete_on_expiration", Boolean, nullable=False, server_default=text("false")),
)


# --- Taskcluster's other services (farm/services) ---------------------------------------------------------------------

#: Named sets of scopes, which ``assume:<role_id>`` stands for.
roles = Table(
    "roles",
    metadata,
    Column("role_id", Text, primary_key=True),
    Column("scopes", Text, nullable=False),  # JSON list
    Column("description", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("last_modified", Float, nullable=False),
)

#: Who changed clients, roles and secrets.
audit_history = Table(
    "audit_history",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("client_id", Text, nullable=False),
    Column("entity_type", Text, nullable=False),  # client, role, secret
    Column("entity_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("created", Float, nullable=False, index=True),
    Index("ix_audit_history_entity", "entity_type", "entity_id", "id"),
    Index("ix_audit_history_client_id", "client_id", "id"),
)

#: Tasks by names that people choose, ``project.branch.latest`` (farm/taskindex).
indexed_tasks = Table(
    "indexed_tasks",
    metadata,
    Column("path", Text, primary_key=True),
    Column("parent", Text, nullable=False),  # the path without its last word
    Column("task_id", Text, nullable=False),
    Column("rank", Float, nullable=False),
    Column("data", Text, nullable=False),  # JSON
    Column("expires", Float, nullable=False, index=True),
    Index("ix_indexed_tasks_parent_path", "parent", "path"),
)

#: What lies above them; a namespace lives a day longer than what is in it (farm/taskindex).
index_namespaces = Table(
    "index_namespaces",
    metadata,
    Column("path", Text, primary_key=True),
    Column("parent", Text, nullable=False),
    Column("expires", Float, nullable=False, index=True),
    Index("ix_index_namespaces_parent_path", "parent", "path"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # farm/sealing.py
    Column("expires", Float, nullable=False, index=True),
)


# --- builds (farm/builds) --------------------------------------------------------------------------------------------

requests = Table(
    "requests",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("requirements", Text, nullable=False),  # JSON list of PEP 508 texts, as asked
    Column("abis", Text, nullable=False),  # JSON list; empty: every ABI that the builders have
    Column("deps", Boolean, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("again", Boolean, nullable=False, server_default=text("false")),  # failed builds are tried once more
    Column("state", Text, nullable=False, index=True),  # asked, planned, failed
    Column("reason", Text, nullable=False, server_default=""),  # why it failed, or what was left out
    Column("detail", Text, nullable=False, server_default="{}"),  # JSON: the plan's decisions, an error's facts
    Column("created", Float, nullable=False),
    Column("planned", Float),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("try_at", Float, nullable=False, server_default="0"),  # planning waits for this after a passing failure
)

builds = Table(
    "builds",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("package", Text, nullable=False),  # normalised
    Column("display", Text, nullable=False),  # as upstream spells it
    Column("version", Text, nullable=False),
    Column("abi", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),  # the words of farm/builds/states.py
    Column("kind", Text, nullable=False, server_default=""),  # a FailureKind, or ''
    Column("reason", Text, nullable=False, server_default=""),  # one sentence beside each state that isn't built
    Column("next", Text, nullable=False, server_default=""),  # what a person can do
    Column("log_line", Integer),
    Column("final", Boolean, nullable=False, server_default=text("false")),
    Column("source", Text, nullable=False),  # JSON of wire.Source, or 'null' where nothing will be built
    Column("requires_python", Text),
    Column("source_date_epoch", BigInteger, nullable=False, server_default="0"),
    Column("upstream_has_none", Boolean, nullable=False, server_default=text("false")),
    Column("waits_for", RowId),  # the build that goes first where one wheel may serve all
    Column("priority", Integer, nullable=False, server_default="3"),
    Column("task_id", Text, index=True),  # the task of the current try
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("try_at", Float),  # will retry: when
    Column("covered_by", Text),  # a file name
    Column("filename", Text),  # the wheel it gave
    Column("result", Text),  # JSON of the last wire.BuildResult, without the wheel's METADATA
    Column("builder", Text, nullable=False, server_default=""),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float, index=True),
    UniqueConstraint("package", "version", "abi", "platform"),
    Index("ix_builds_state_try_at", "state", "try_at"),
)

request_builds = Table(
    "request_builds",
    metadata,
    Column("request_id", RowId, ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    Column("build_id", RowId, ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("top_level", Boolean, nullable=False),  # asked for by name, not as a dependency
)

#: A published wheel.  Its name never changes its bytes.
files = Table(
    "files",
    metadata,
    Column("filename", Text, primary_key=True),
    Column("package", Text, nullable=False, index=True),  # normalised
    Column("version", Text, nullable=False),
    Column("build_id", RowId, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("tags", Text, nullable=False),  # JSON list, expanded
    Column("requires_python", Text),
    Column("metadata", Text, nullable=False),  # METADATA, served beside the wheel (PEP 658)
    Column("metadata_sha256", Text, nullable=False),
    Column("trusted_none", Boolean, nullable=False, server_default=text("false")),  # a none wheel that covers every ABI
    Column("yanked", Text),  # a reason, '' for none given, NULL: not yanked
    Column("uploaded", Float, nullable=False),
    Column("published", Float, index=True),  # when a page first told of it; NULL until then
)

#: A builder that has said hello.
builders = Table(
    "builders",
    metadata,
    Column("name", Text, primary_key=True),
    Column("info", Text, nullable=False),  # JSON of wire.BuilderInfo
    Column("platform", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("first_seen", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("left", Float),  # it said goodbye
)


# --- index (farm/index) ----------------------------------------------------------------------------------------------

#: Rendered pages, served as bytes.  `package` is a normalised name, or '' for the root page.
pages = Table(
    "pages",
    metadata,
    Column("package", Text, primary_key=True),
    Column("html", LargeBinary, nullable=False),
    Column("json", LargeBinary, nullable=False),
    Column("etag", Text, nullable=False),
    Column("published", Float, nullable=False),
)

#: Projects whose pages are older than their files; written in the transaction that changes the files.
dirty_pages = Table(
    "dirty_pages",
    metadata,
    Column("package", Text, primary_key=True),
    Column("since", Float, nullable=False),
)


# --- events (farm/events) --------------------------------------------------------------------------------------------

#: The numbered log of everything that happened, written in the transaction that makes it happen, and of what else goes
#: to a bus, in the same order.
events = Table(
    "events",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),  # of a message with an exchange of its own: its routing key
    Column("body", Text, nullable=False),  # JSON of the topic's type in events/schemas.py
    Column("subject", Text, nullable=False, server_default=""),  # what it is about: package, for filters
    Column("at", Float, nullable=False),
    Column("exchange", Text, nullable=False, server_default=""),  # Taskcluster's; '' for the farm's own events
    Column("cc", Text, nullable=False, server_default=""),  # JSON list: routing keys beside the first; '' for none
    sqlite_autoincrement=True,  # an event's number is never given twice
)

#: How far the log has been relayed to a bus, and by whom.
relays = Table(
    "relays",
    metadata,
    Column("name", Text, primary_key=True),
    Column("identity", Text, nullable=False),  # a UUID, from which the ids of its messages are made
    Column("number", RowId, nullable=False),  # of the last event that the bus has confirmed
    Column("holder", Text, nullable=False, server_default=""),  # the hub that relays, until then
    Column("held_until", Float, nullable=False, server_default="0"),
    Column("trouble", Text, nullable=False, server_default=""),  # why nothing is relayed just now
    Column("trouble_since", Float),
)

#: The bus messages that requests were made of, so that one that comes twice asks once.
triggered = Table(
    "triggered",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),  # of the trigger
    Column("request_id", RowId, nullable=False),
    Column("at", Float, nullable=False, index=True),
)
