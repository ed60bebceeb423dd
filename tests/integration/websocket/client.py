#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same as client.mjs with Debian's python3-websockets.
usage: client.py '{"url":…,"protocols":[…]}'"""
import asyncio
import json
import ssl
import sys

import websockets


def say(**event):
    print(json.dumps(event), flush=True)


async def listen(socket):
    try:
        async for data in socket:
            binary = isinstance(data, bytes)
            say(event="message", binary=binary, data=data.hex() if binary else data)
    except websockets.ConnectionClosed:
        pass
    say(event="close", code=socket.close_code, reason=socket.close_reason)


async def pieces(parts):
    for part in parts:
        yield part


async def obey(socket):
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)  # a command is a line
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        for name, argument in json.loads(line).items():
            if name == "send":
                await socket.send(argument)
            elif name == "binary":
                await socket.send(bytes.fromhex(argument))
            elif name == "fragments":
                await socket.send(pieces(argument))
            elif name == "ping":
                await (await socket.ping(argument))
                say(event="pong", data=argument)
            elif name == "close":
                await socket.close(*argument)


async def main(url, protocols=(), ca=None, headers=None, deflate=False):
    context = ssl.create_default_context(cafile=ca) if ca else None
    try:
        socket = await websockets.connect(
            url, ssl=context, subprotocols=list(protocols) or None, extra_headers=headers,
            compression="deflate" if deflate else None, max_size=None)
    except websockets.InvalidStatusCode as refusal:
        say(event="refused", status=refusal.status_code, body="")
        return
    say(event="open", protocol=socket.subprotocol or "",
        extensions=",".join(e.name for e in socket.extensions))
    commands = asyncio.create_task(obey(socket))
    await listen(socket)
    commands.cancel()

asyncio.run(main(**json.loads(sys.argv[1])))
