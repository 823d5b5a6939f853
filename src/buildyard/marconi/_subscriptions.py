"""A queue's subscriptions and signed URLs, of v2.  Part of `_queue.AsyncQueue`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from buildyard.faces.transport import Response
from buildyard.marconi._hrefs import path_of
from buildyard.marconi._paging import page_size, paged
from buildyard.marconi._resource import Resource
from buildyard.marconi._wire import decode, next_link
from buildyard.marconi.auth import SignedUrl
from buildyard.marconi.models import Subscription, SubscriptionList


class _Subscribed(msgspec.Struct):
    subscription_id: str


class _Shared(msgspec.Struct):
    paths: list[str]
    methods: list[str]
    project: str
    expires: str
    signature: str


class Subscriptions(Resource):
    """Who is told of new messages, and who may see them without credentials."""

    async def subscribe(self, subscriber: str, ttl: int | None = None, options: Mapping[str, Any] | None = None) -> str:
        """Tell ``subscriber`` (``http:``, ``https:``, ``mailto:``, ``trust+https:``) of each new message.

        Returns the subscription's id.  It ends after ``ttl`` seconds, an hour unless given.  Raises `Conflict` where
        it is subscribed already.
        """
        body = {"subscriber": subscriber, "ttl": ttl, "options": options}
        sent = {name: value for name, value in body.items() if value is not None}
        answer = await self._v2("subscriptions", "POST", "/subscriptions", json=sent, idempotent=False)
        return decode(answer.body, _Subscribed, method="POST", url=answer.url).subscription_id

    def subscriptions(self, limit: int | None = None, marker: str | None = None) -> AsyncIterator[Subscription]:
        """Yield the queue's subscriptions, at most ``limit``, from behind ``marker`` on."""
        query = (("limit", page_size(limit)), ("marker", marker))

        async def read(href: str | None) -> tuple[list[Subscription], str | None]:
            answer = await self._page("/subscriptions", query, href)
            found = _list(answer)
            return found.subscriptions, next_link(found.links)

        self._dialect.require(self._dialect.has_v2, "subscriptions")
        return paged(read, limit, lambda each: each.id)

    async def get_subscription(self, subscription_id: str) -> Subscription:
        """Return one subscription.  Raises `NotFound`."""
        answer = await self._v2("subscriptions", "GET", path_of("subscriptions", subscription_id))
        return decode(answer.body, Subscription, method="GET", url=answer.url)

    async def update_subscription(
        self,
        subscription_id: str,
        *,
        subscriber: str | None = None,
        ttl: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Change what is given of a subscription.  Raises `NotFound`, and `Conflict` for a subscriber that is there."""
        body = {"subscriber": subscriber, "ttl": ttl, "options": options}
        sent = {name: value for name, value in body.items() if value is not None}
        await self._v2("subscriptions", "PATCH", path_of("subscriptions", subscription_id), json=sent)

    async def delete_subscription(self, subscription_id: str) -> None:
        """End a subscription, if it is there."""
        await self._v2("subscriptions", "DELETE", path_of("subscriptions", subscription_id))

    async def confirm_subscription(self, subscription_id: str, confirmed: bool = True) -> None:
        """Agree to a subscription, or disagree, as its subscriber."""
        path = path_of("subscriptions", subscription_id, "confirm")
        await self._v2("subscriptions", "PUT", path, json={"confirmed": confirmed})

    async def share(
        self,
        paths: Sequence[str] = ("messages",),
        methods: Sequence[str] = ("GET",),
        expires: datetime | None = None,
    ) -> SignedUrl:
        """Return what lets anybody use these methods on these paths of the queue, until ``expires`` (in a day).

        Paths are ``messages``, ``claims`` and ``subscriptions``.  Give it to a `Connection` as its ``auth``.
        """
        body: dict[str, Any] = {"paths": list(paths), "methods": [method.upper() for method in methods]}
        if expires is not None:
            body["expires"] = expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        answer = await self._v2("signed URLs", "POST", "/share", json=body)
        found = decode(answer.body, _Shared, method="POST", url=answer.url)
        return SignedUrl(
            paths=tuple(found.paths),
            methods=tuple(found.methods),
            project=found.project,
            expires=found.expires,
            signature=found.signature,
        )

    async def purge(self, resource_types: Sequence[str] = ("messages", "subscriptions")) -> None:
        """Delete all messages that are free, and all subscriptions; claimed messages stay."""
        body = {"resource_types": list(resource_types)}
        await self._v2("purge", "POST", "/purge", json=body, idempotent=False)

    async def _v2(self, operation: str, method: str, path: str, **how: Any) -> Response:
        self._dialect.require(self._dialect.has_v2, operation)
        return await self._call(method, path, **how)


def _list(answer: Response) -> SubscriptionList:
    return decode(answer.body, SubscriptionList, url=answer.url) if answer.body else SubscriptionList(subscriptions=[])
