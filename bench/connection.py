"""A kept-alive HTTP connection that costs the machine as little as possible, so that the server is measured."""

import socket
import time
from collections.abc import Mapping


class Connection:
    """Asks a server on this machine; waits until it listens."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._socket = _connected(port)
        self._head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "bench", **(headers or {})}.items())

    def get(self, path: str) -> bytes:
        """Body of a 200 answer; raises `RuntimeError` for any other."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode())
        received = self._socket.recv(1 << 20)
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"GET {path}: {received[:500].decode(errors='replace')}")
        parts, left = [received[end + 4 :]], int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        left -= len(parts[0])
        while left > 0:
            parts.append(self._more())
            left -= len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        if not (received := self._socket.recv(1 << 20)):
            raise RuntimeError("the server has closed the connection")
        return received


def _connected(port: int, *, patience_s: float = 60.0) -> socket.socket:
    end = time.monotonic() + patience_s
    while True:
        try:
            made = socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
