"""A trivial Taskcluster for measuring clients: it answers every function at once, and keeps or gives one large content.

``python -m benchmarks.taskcluster_server FILE [CERTIFICATE]`` prints its port; with a certificate it speaks TLS.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import sys
from pathlib import Path

from aiohttp import web

CHUNK = 1024 * 1024


class Server:
    """Answers for every service, and the store of objects beside them."""

    def __init__(self, content: Path) -> None:
        self.content = content
        hashes = {name: hashlib.new(name) for name in ("sha256", "sha512")}
        with content.open("rb") as file:
            while chunk := file.read(CHUNK):
                for each in hashes.values():
                    each.update(chunk)
        self.hashes = {name: each.hexdigest() for name, each in hashes.items()}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        root = f"{request.scheme}://{request.host}"
        if "/upload/" in request.path:
            put = {"url": f"{root}/store", "headers": {"Content-Type": "a/b"}, "expires": "2035-01-01T00:00:00.000Z"}
            return web.json_response({"uploadMethod": {"putUrl": put}})
        if "/start-download/" in request.path:
            place = {"method": "getUrl", "url": f"{root}/store", "expires": "2035-01-01T00:00:00.000Z"}
            return web.json_response({**place, "hashes": self.hashes})
        return web.json_response({"status": {"taskId": "x", "state": "pending", "runs": []}})

    async def keep(self, request: web.Request) -> web.StreamResponse:
        async for _ in request.content.iter_any():
            pass
        return web.Response()

    async def give(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self.content, chunk_size=CHUNK)


async def serve(content: Path, certificate: str | None) -> None:
    server = Server(content)
    app = web.Application(client_max_size=2**40)
    app.router.add_put("/store", server.keep)
    app.router.add_get("/store", server.give)
    app.router.add_route("*", "/api/{rest:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), *(sys.argv[2:3] or [None])))
