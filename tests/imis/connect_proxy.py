"""A small HTTP proxy on 127.0.0.1 that tunnels (CONNECT) and remembers what it was asked for."""

from __future__ import annotations

import base64
import socket
import threading


class ConnectProxy:
    """Tunnels to one port of this machine, whatever host was asked for; that is how it knows names nobody else does.

    Args:
        port: Where every tunnel ends.
        account: `name:password` that it wants; empty for none.
        status: What it says in place of opening the tunnel; 0 opens it.
    """

    def __init__(self, port: int, account: str = "", status: int = 0) -> None:
        self.port, self.account, self.status = port, account, status
        self.asked: list[str] = []
        self.passed = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        self.asked.append(head.split(b"\r\n", 1)[0].decode())
        wanted = b"basic " + base64.b64encode(self.account.encode()).lower()
        refused = 407 if self.account and wanted not in head.lower() else self.status
        if refused:
            connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % refused)
            connection.close()
            return
        there = socket.create_connection(("127.0.0.1", self.port))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=self._pass, args=(there, connection), daemon=True).start()
        self._pass(connection, there)

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                self.passed += data
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass
