"""The callers, as a process of their own: `python -m bench.client < work.json > answer.json`.

Work: {"port", "clients", "seconds", "requests": [[method, path, headers, body], …], "repeat": bool,
"answer": str}. Each request is sent once, in order, unless `repeat`: then they are gone through again
and again. `answer` is what every good answer says.
Answer: {"seconds", "milliseconds": [one per request], "failed"}.
"""

import asyncio
import json
import sys
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
    answer = {"milliseconds": [], "failed": 0}
    good = work["answer"].encode()
    links = [await asyncio.open_connection(HOST, work["port"]) for _ in range(work["clients"])]
    begun = perf_counter()
    end = begun + work["seconds"]
    await asyncio.gather(*(_client(link, source, end, answer, good) for link in links))
    return {**answer, "seconds": perf_counter() - begun}


def _bytes(method, path, headers, body):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


async def _client(link, source, end, answer, good):
    reader, writer = link
    for request in source:
        begun = perf_counter()
        writer.write(request)
        status, body = await _read(reader)
        answer["milliseconds"].append(1000 * (perf_counter() - begun))
        answer["failed"] += status >= 400 or good not in body
        if perf_counter() >= end:
            break
    writer.close()


async def _read(reader):
    """(status, body) of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    if headers.get("transfer-encoding") == "chunked":
        return status, await _read_chunks(reader)
    size = int(headers.get("content-length", 0))
    return status, await reader.readexactly(size)


async def _read_chunks(reader):
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


if __name__ == "__main__":
    main()
