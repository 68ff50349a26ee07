"""Many viewers of one event's stream, as one process: JSON on the first line of stdin, `open` on stdout
once all streams speak, and when stdin ends {version: [moments at which viewers had it]} as JSON."""

import asyncio
import json
import re
import sys
import time

VERSION = re.compile(rb"id: (\d+)\n")
AT_ONCE = 100  # streams that are being opened


class Viewer(asyncio.Protocol):
    """One stream; the first time it names a version is when this viewer has it."""

    def __init__(self, request, heard):
        self.request, self.heard = request, heard
        self.last, self.rest = 0, b""
        self.speaks = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        transport.write(self.request)

    def data_received(self, content):
        content = self.rest + content
        self.rest = content[-30:]  # an id may come in two parts
        for version in map(int, VERSION.findall(content)):
            if version > self.last:
                self.heard.setdefault(version, []).append(time.time())
                self.last = version
                if not self.speaks.done():
                    self.speaks.set_result(True)

    def connection_lost(self, error):
        if not self.speaks.done():
            self.speaks.set_exception(ConnectionError("a stream was refused"))


async def watch(wanted):
    path = f"/api/v1/events/{wanted['event']}/stream"
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    heard, turns = {}, asyncio.Semaphore(AT_ONCE)

    async def open_one():
        async with turns:
            loop = asyncio.get_running_loop()
            _, viewer = await loop.create_connection(
                lambda: Viewer(request, heard), "127.0.0.1", wanted["port"]
            )
            await viewer.speaks

    await asyncio.gather(*(open_one() for _ in range(wanted["viewers"])))
    heard.clear()
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    return heard


if __name__ == "__main__":
    json.dump(asyncio.run(watch(json.loads(sys.stdin.readline()))), sys.stdout)
