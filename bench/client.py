"""The callers, as a process of their own: `python -m bench.client < work.json > answer.json`.

Work: {"port", "clients", "seconds", "requests": [[method, path, headers, body], …], "repeat": bool,
"forget": [redis port, password, key] or null}. Each request is sent once, in order, unless `repeat`:
then they are gone through again and again. `forget` deletes a cache key before each request.
Answer: {"seconds", "milliseconds": [one per request], "statuses": {status: count}, "bytes"}.
"""

import asyncio
import json
import sys
from collections import Counter
from itertools import cycle
from time import perf_counter

HOST = "127.0.0.1"


def main():
    work = json.load(sys.stdin)
    json.dump(asyncio.run(send_all(work)), sys.stdout)


async def send_all(work):
    """Sends the work over kept connections until it is done or the time is over."""
    requests = [_bytes(*request) for request in work["requests"]]
    source = iter(cycle(requests) if work["repeat"] else requests)
    answer = {"milliseconds": [], "statuses": Counter(), "bytes": 0}
    links = [await asyncio.open_connection(HOST, work["port"]) for _ in range(work["clients"])]
    forget = await _forgetter(work["forget"]) if work["forget"] else None
    begun = perf_counter()
    end = begun + work["seconds"]
    await asyncio.gather(*(_client(link, source, end, answer, forget) for link in links))
    return {**answer, "seconds": perf_counter() - begun}


def _bytes(method, path, headers, body):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


async def _client(link, source, end, answer, forget):
    reader, writer = link
    for request in source:
        if forget:
            await forget()
        begun = perf_counter()
        writer.write(request)
        status, size = await _read(reader)
        answer["milliseconds"].append(1000 * (perf_counter() - begun))
        answer["statuses"][status] += 1
        answer["bytes"] += size
        if perf_counter() >= end:
            break
    writer.close()


async def _read(reader):
    """(status, bytes of the body) of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    if headers.get("transfer-encoding") == "chunked":
        return status, await _read_chunks(reader)
    size = int(headers.get("content-length", 0))
    await reader.readexactly(size)
    return status, size


async def _read_chunks(reader):
    total = 0
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
        total += size
    await reader.readexactly(2)
    return total


async def _forgetter(address):
    """A function that deletes the cache key."""
    port, password, key = address
    reader, writer = await asyncio.open_connection(HOST, port)

    async def call(*words):
        parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        writer.write(f"*{len(words)}\r\n{parts}".encode())
        return await reader.readline()

    await call("AUTH", password)
    return lambda: call("DEL", key)


if __name__ == "__main__":
    main()
