#!/usr/bin/python3
"""A mail server on loopback that behaves as it is told to.

Prints its port on stdout when it is ready; ends when stdin is closed. Writes to the folder --to:
  N.eml      the messages it has accepted, from 1 on, after dot-stuffing was undone
  commands   every line that a client sent outside of DATA, as its repr(), in clear or after TLS
  receivers  "N address" for each receiver of each accepted message
"""
import argparse
import asyncio
import logging
import os
import ssl
import sys
import warnings
from base64 import b64encode

from aiosmtpd.smtp import SMTP, AuthResult

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server_end import announce, exit_with_stdin  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True, metavar="DIR")
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--certificate", help="PEM: the certificate and its key")
    parser.add_argument("--login", metavar="USER:PASSWORD", help="a login is needed, and it is this one")
    parser.add_argument("--refuse", action="append", default=[], metavar="ADDRESS",
                        help="this receiver gets 550")
    parser.add_argument("--defer", type=int, default=0, metavar="N", help="the first N receivers get 450")
    parser.add_argument("--reject-data", action="store_true", help="554 at the end of each message")
    parser.add_argument("--echo-refusal", action="store_true",
                        help="refuses each login and repeats what was sent")
    parser.add_argument("--hang", choices=["connect", "data", "quit"])
    parser.add_argument("--cut", choices=["connect", "data"], help="where the connection is closed")
    parser.add_argument("--cut-times", type=int, default=1 << 30, metavar="N", help="so often alone")
    return parser.parse_args()


class Recorder:
    def __init__(self, options):
        self.options = options
        self.messages = 0
        self.deferred = 0
        self.cuts = 0

    def note(self, name, text):
        with open(os.path.join(self.options.to, name), "a", encoding="utf-8") as out:
            out.write(text + "\n")

    def wants_cut(self, where):
        if self.options.cut != where or self.cuts >= self.options.cut_times:
            return False
        self.cuts += 1
        return True


class Handler:
    def __init__(self, recorder):
        self.recorder = recorder

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        recorder = self.recorder
        if address in recorder.options.refuse:
            return "550 5.1.1 no such user here"
        if recorder.deferred < recorder.options.defer:
            recorder.deferred += 1
            return "450 4.7.1 greylisted, come again"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        recorder = self.recorder
        if recorder.options.reject_data:
            return "554 5.7.1 this looks like spam"
        recorder.messages += 1
        with open(os.path.join(recorder.options.to, f"{recorder.messages}.eml"), "wb") as out:
            out.write(envelope.original_content)
        for address in envelope.rcpt_tos:
            recorder.note("receivers", f"{recorder.messages} {address}")
        return f"250 2.0.0 queued as {recorder.messages}"


class Session(SMTP):
    in_data = False

    def __init__(self, recorder, **keywords):
        self.recorder = recorder
        super().__init__(Handler(recorder), **keywords)

    def _client_connected_cb(self, reader, writer):
        super()._client_connected_cb(reader, writer)
        read = reader.readuntil

        async def read_noting(separator=b"\n"):
            if self.in_data:
                await self.misbehave("data")
            line = await read(separator)
            if not self.in_data:
                self.recorder.note("commands", repr(line))
                if line.upper().startswith(b"QUIT"):
                    await self.misbehave("quit")
            return line

        reader.readuntil = read_noting

    async def misbehave(self, where):
        if self.recorder.options.hang == where:
            await asyncio.Event().wait()
        if self.recorder.wants_cut(where):
            self.transport.abort()
            raise ConnectionResetError

    async def _handle_client(self):
        try:
            await self.misbehave("connect")
            await super()._handle_client()
        except ConnectionResetError:
            pass

    async def smtp_DATA(self, arg):
        self.in_data = True
        try:
            await super().smtp_DATA(arg)
        finally:
            self.in_data = False

    async def auth_PLAIN(self, _, args):
        if not self.recorder.options.echo_refusal:
            return await super().auth_PLAIN(_, args)
        given = await self.challenge_auth("")
        password = given.split(b"\0")[2].decode()
        await self.push(f"535 5.7.8 {b64encode(given).decode()} is wrong, password {password}")
        return AuthResult(success=False, handled=True)


async def serve(options):
    recorder = Recorder(options)
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
    keywords = {"hostname": "mail.test", "enable_SMTPUTF8": False, "loop": asyncio.get_running_loop()}
    if options.tls == "starttls":
        keywords |= {"tls_context": context, "require_starttls": True}
    if options.login or options.echo_refusal:

        def authenticate(server, session, envelope, mechanism, data):
            given = f"{data.login.decode()}:{data.password.decode()}"
            return AuthResult(success=given == options.login, handled=False)

        keywords |= {"authenticator": authenticate, "auth_required": True,
                     "auth_require_tls": options.tls == "starttls", "auth_exclude_mechanism": ["LOGIN"]}
    server = await asyncio.get_running_loop().create_server(
        lambda: Session(recorder, **keywords), "127.0.0.1", 0,
        ssl=context if options.tls == "implicit" else None)
    announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    logging.disable()
    warnings.simplefilter("ignore")
    exit_with_stdin()
    asyncio.run(serve(arguments()))
