#!/usr/bin/env python3
"""A whole session with Pinion in plain Python: log in, trade, cancel, log out, and watch the ticks of it.

Written from docs/protocol.md alone, as a second reading of it and as something to begin with. It is for reading, not for speed.
"""

import argparse
import hashlib
import hmac
import os
import socket
import struct
import sys
import time

HEADER = struct.Struct(">10sQH")  # MoldUDP64: session, sequence, count; a request has the same fields
TICK = struct.Struct(">QIqIcc")  # timestamp, symbol_id, price, quantity, side, kind
NO_SESSION = b" " * 10
HEARTBEAT, END_OF_SESSION = 0, 0xFFFF
DATAGRAM_LEN_MAX = 2048
DEVELOPMENT_KEY = b"pinion-development-key---trader1"
REPEAT_S, PATIENCE_S = 0.05, 10.0


def packet(session, sequence, messages):
    blocks = (struct.pack(">H", len(message)) + message for message in messages)
    return HEADER.pack(session, sequence, len(messages)) + b"".join(blocks)


def messages_of(data, count):
    at = HEADER.size
    for _ in range(count):
        (length,) = struct.unpack_from(">H", data, at)
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


class Session:
    """One login; every message it sends and every report it receives has a number."""

    def __init__(self, server, rerequest, username, key):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # one for everything: the venue pins its address
        self.socket.bind(("", 0))
        self.server, self.rerequest = server, rerequest
        self.username, self.key = username.encode().ljust(16), key
        self.sent = {}  # our messages by number, in case the venue asks for them again
        self.ended = False

    def log_in(self):
        nonce = os.urandom(16)
        challenge = self.ask(b"h" + self.username + nonce + bytes(16), nonce, b"c")
        cookie, flags = challenge[17:49], b"\x01"  # bit 0: cancel my orders when I am gone
        proof = self.proof(b"pinion login 1" + self.username + nonce + cookie + flags)
        answer = self.ask(b"l" + self.username + nonce + cookie + flags + proof, nonce, b"aj")
        if answer[:1] == b"j":
            sys.exit(f"login refused, reason {answer[17:18].decode()}")
        if not hmac.compare_digest(answer[63:95], self.proof(b"pinion accept 1" + answer[1:63])):
            sys.exit("the answer to the login does not come from the venue")
        self.session, self.next_message, self.next_report, _, last_user_ref, heartbeat_ms, _ = struct.unpack(
            ">10sQQQIII", answer[17:63]
        )
        self.user_ref, self.heartbeat_s = last_user_ref, heartbeat_ms / 1000
        self.spoke = time.monotonic()
        print(f"logged in: message {self.next_message} and report {self.next_report} come next")

    def proof(self, data):
        return hmac.new(self.key, data, hashlib.sha256).digest()

    def ask(self, question, nonce, kinds):
        """Sends a login message again and again until one of the wanted answers comes."""
        wait_s, deadline = REPEAT_S, time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.socket.sendto(packet(NO_SESSION, 0, [question]), self.server)
            repeat = time.monotonic() + wait_s
            wait_s = min(2 * wait_s, 1.0)
            while (left_s := repeat - time.monotonic()) > 0:
                data, sender = self.receive(left_s)
                if sender == self.server and data[:10] == NO_SESSION:
                    message = next(messages_of(data, 1))
                    if message[:1] in kinds and message[1:17] == nonce:
                        return message
        sys.exit(f"no answer from {self.server}: is the appliance running there?")

    def receive(self, wait_s):
        self.socket.settimeout(max(wait_s, 0.001))
        try:
            return self.socket.recvfrom(DATAGRAM_LEN_MAX)
        except socket.timeout:
            return b"", None

    def send(self, message):
        self.sent[self.next_message] = message
        self.next_message += 1
        self.send_again(self.next_message - 1, 1)

    def send_again(self, sequence, count):
        for number in range(sequence, min(sequence + count, self.next_message)):
            self.socket.sendto(packet(self.session, number, [self.sent[number]]), self.server)
        self.spoke = time.monotonic()

    def reports(self, wait_s):
        """What arrives in one datagram: the reports that come next, each once. Whatever is missing is asked for."""
        data, sender = self.receive(wait_s)
        if time.monotonic() - self.spoke > self.heartbeat_s:
            self.socket.sendto(HEADER.pack(self.session, self.next_message, HEARTBEAT), self.server)
            self.spoke = time.monotonic()
        if data[:10] != self.session:
            return
        _, sequence, count = HEADER.unpack_from(data)
        if sender == self.rerequest:  # from this port the same bytes are a request for our messages
            self.send_again(sequence, count)
        elif sender == self.server:
            if count == END_OF_SESSION:
                self.ended = True  # what was missed meanwhile can be asked for after the next login
            elif sequence > self.next_report:
                missing = min(sequence - self.next_report, END_OF_SESSION - 1)
                self.socket.sendto(HEADER.pack(self.session, self.next_report, missing), self.rerequest)
            else:
                for number, message in enumerate(messages_of(data, count), sequence):
                    if number == self.next_report:
                        self.next_report += 1
                        yield message

    def wait_for(self, kind, user_ref):
        """Prints reports until the one that is wanted; a refusal of that order is the end."""
        repeat, deadline = time.monotonic() + REPEAT_S, time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for report in self.reports(REPEAT_S):
                print(f"report {self.next_report - 1}: {describe(report)}")
                if report[9:13] == struct.pack(">I", user_ref):
                    if report[:1] == kind:
                        return
                    if report[:1] in b"JI":
                        sys.exit("refused")
            if time.monotonic() > repeat:
                # The message was lost, or the report. A repetition finds out which: the venue applies the message if it is new to
                # it; if not, it answers with a heartbeat, whose number tells us what we miss.
                self.send_again(self.next_message - 1, 1)
                repeat = time.monotonic() + REPEAT_S
        sys.exit("expected a report, heard nothing: is the appliance still running?")

    def enter(self, side, quantity, symbol, price):
        self.user_ref += 1
        options = b"\x02\x81X"  # length, tag 129, value: let my own orders trade with each other
        fixed = struct.pack(">cIcI8sqccccc14sH", b"O", self.user_ref, side, quantity, symbol.encode().ljust(8), price,
                            b"0", b"Y", b"P", b"N", b"N", b"example".ljust(14), len(options))
        self.send(fixed + options)
        return self.user_ref

    def cancel(self, user_ref):
        self.send(struct.pack(">cII", b"X", user_ref, 0))

    def log_out(self):
        deadline = time.monotonic() + PATIENCE_S
        while not self.ended and time.monotonic() < deadline:
            self.socket.sendto(HEADER.pack(self.session, self.next_message, END_OF_SESSION), self.server)
            for report in self.reports(REPEAT_S):
                print(f"report {self.next_report - 1}: {describe(report)}")
        print("logged out" if self.ended else "no confirmation of the logout; the venue will find out by the silence")


def amount(price):
    return f"{price // 10_000}.{price % 10_000:04}"


def describe(report):
    kind, user_ref = report[:1], int.from_bytes(report[9:13], "big")
    if kind == b"A":
        side, quantity, symbol, price = struct.unpack_from(">cI8sq", report, 13)
        return f"order {user_ref} accepted: {side.decode()} {quantity} {symbol.decode().strip()} at {amount(price)}"
    if kind == b"E":
        quantity, price, liquidity, match = struct.unpack_from(">IqcQ", report, 13)
        return f"order {user_ref} executed: {quantity} at {amount(price)}, liquidity {liquidity.decode()}, trade {match}"
    if kind == b"C":
        quantity, reason = struct.unpack_from(">Ic", report, 13)
        return f"order {user_ref} canceled: {quantity}, reason {reason.decode()}"
    if kind == b"R":
        return f"order {user_ref} restated: reason {report[13:14].decode()}"
    if kind == b"J":
        return f"order {user_ref} rejected: reason 0x{int.from_bytes(report[13:15], 'big'):04X}"
    return f"{kind.decode()} about order {user_ref}"


class Ticks:
    """A subscriber of one line of the tick channel."""

    def __init__(self, group, interface):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(group)
        membership = socket.inet_aton(group[0]) + socket.inet_aton(interface)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

    def print_until_silence(self):
        """A heartbeat is sent after a silence, with the number that comes next: everything before it has been told."""
        begin = expected = None
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.socket.settimeout(PATIENCE_S)
            data = self.socket.recv(DATAGRAM_LEN_MAX)
            _, sequence, count = HEADER.unpack_from(data)
            if expected is None:
                begin = expected = sequence
            if sequence > expected:
                print(f"ticks {expected} to {sequence - 1} are missing")
                expected = sequence
            if count == END_OF_SESSION or (count == HEARTBEAT and expected > begin):
                return
            for number, message in enumerate(messages_of(data, count), sequence):
                if number == expected:  # else it was heard before, perhaps on another line
                    expected += 1
                    _, symbol_id, price, quantity, side, kind = TICK.unpack(message)
                    print(f"tick {number}: {kind.decode()} symbol {symbol_id} {side.decode()} {quantity} at {amount(price)}")


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", type=address, default="127.0.0.1:26400", help="where orders go")
    parser.add_argument("--rerequest", type=address, default="127.0.0.1:26401", help="where requests go")
    parser.add_argument("--ticks", type=address, default="239.26.40.1:26440", help="multicast group of the ticks")
    parser.add_argument("--interface", default="127.0.0.1", help="address of the interface that hears the group")
    parser.add_argument("--user", default="trader1")
    parser.add_argument("--key", type=bytes.fromhex, default=DEVELOPMENT_KEY.hex(), help="64 hexadecimal digits")
    parser.add_argument("--symbol", default="PINION")
    args = parser.parse_args()

    ticks = Ticks(args.ticks, args.interface)
    session = Session(args.server, args.rerequest, args.user, args.key)
    session.log_in()
    buy = session.enter(b"B", 100, args.symbol, 10_0000)
    session.wait_for(b"A", buy)
    sell = session.enter(b"S", 60, args.symbol, 10_0000)
    session.wait_for(b"E", sell)
    session.cancel(buy)  # what is left of it
    session.wait_for(b"C", buy)
    session.log_out()
    ticks.print_until_silence()


if __name__ == "__main__":
    main()
