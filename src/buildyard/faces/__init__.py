"""One core, three faces: each client operation is written once and called in three ways.

A *core* is a class of plain ``async def`` operations over a `transport.Transport`; it is the asyncio face.
`blocking` and `deferred` make tables of the same operations for blocking and for Twisted programs.
`http` (urllib3 and aiohttp) and `twisted` (Agent) are the transports, `scripted` the one for tests, `portal`
runs the drivers of streams for blocking callers.  Nothing is imported here, so that each part costs only itself.
`docs/explanation/faces.md` tells why it is so.
"""
