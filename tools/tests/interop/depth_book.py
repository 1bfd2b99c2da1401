"""Rebuilds books from a capture of a depth stream by decoders of other people, and compares them with what `pinion journal book` shows.

usage: depth_book.py itchfeed|meatpy CAPTURE GROUP:PORT BOOK.jsonl

The capture is a pcap file of Ethernet frames, the book is the output of `pinion journal book --orders --json`. The framing (MoldUDP64) is
read here, every field of a message by the named package from PyPI. Prints one line; exit status 1: the books differ.
"""

import datetime
import json
import struct
import sys
from collections import defaultdict


def datagrams(path, group):
    """The UDP payloads that were sent to `group`, in the order of the capture."""
    with open(path, "rb") as file:
        data = file.read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[data[:4]]
    (link,) = struct.unpack_from(order + "I", data, 20)
    ip_at = {1: 14, 101: 0}[link]
    host, port = group.rsplit(":", 1)
    address, port, at = bytes(int(part) for part in host.split(".")), int(port), 24
    while at < len(data):
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        frame = data[at + 16 : at + 16 + length]
        at += 16 + length
        ip = frame[ip_at:]
        udp = ip[(ip[0] & 15) * 4 :]
        if ip[9] == 17 and ip[16:20] == address and struct.unpack_from("!H", udp, 2)[0] == port:
            yield udp[8 : struct.unpack_from("!H", udp, 4)[0]]


def messages(path, group):
    """The messages of the stream, each once, from sequence number 1 on without a hole."""
    expected, sessions = 1, set()
    for packet in datagrams(path, group):
        session, sequence, count = struct.unpack_from("!10sQH", packet)
        sessions.add(session)
        at = 20
        if count == 0xFFFF:
            continue
        for number in range(sequence, sequence + count):
            (length,) = struct.unpack_from("!H", packet, at)
            message = packet[at + 2 : at + 2 + length]
            at += 2 + length
            if number == expected:
                expected += 1
                yield message
            elif number > expected:
                sys.exit(f"expected message {expected}, found {number}: the capture has a hole")
        if at != len(packet):
            sys.exit(f"packet {sequence}: {len(packet) - at} bytes behind the last message")
    if len(sessions) != 1:
        sys.exit(f"expected one session, found {sorted(sessions)}")


def by_itchfeed(stream):
    """Decoded by itchfeed; the books are kept here. (symbol, side, price) -> {order_ref: shares} in queue order."""
    from itch.messages import messages as kinds

    orders, books, counts = {}, defaultdict(dict), defaultdict(int)

    def add(ref, stock, side, price, shares):
        if ref in orders:
            sys.exit(f"order {ref} is added while it stands")
        orders[ref] = (stock, side, price)
        books[orders[ref]][ref] = shares

    def take(ref, shares):
        level = books[orders[ref]]
        if shares is None or level[ref] == shares:
            del level[ref], orders[ref]
        elif level[ref] > shares:
            level[ref] -= shares
        else:
            sys.exit(f"order {ref} shows {level[ref]}, {shares} are taken off")

    for bytes_ in stream:
        kind = bytes_[:1]
        message = kinds[kind](bytes_)
        counts[kind] += 1
        if message.to_bytes() != bytes_:
            sys.exit(f"itchfeed writes another message than it read: {bytes_.hex()}")
        if kind in (b"A", b"F"):
            side = "bid" if message.buy_sell_indicator == b"B" else "ask"
            stock = message.stock.decode().rstrip()
            add(message.order_reference_number, stock, side, message.price, message.shares)
        elif kind in (b"E", b"C"):
            take(message.order_reference_number, message.executed_shares)
        elif kind == b"X":
            take(message.order_reference_number, message.cancelled_shares)
        elif kind == b"D":
            take(message.order_reference_number, None)
        elif kind == b"U":
            stock, side, _ = orders[message.order_reference_number]
            take(message.order_reference_number, None)
            add(message.new_order_reference_number, stock, side, message.price, message.shares)
    return {place: list(level.items()) for place, level in books.items() if level}, counts


def by_meatpy(stream):
    """Decoded and kept by meatpy, which follows one instrument an engine."""
    from meatpy.itch50 import ITCH50MarketProcessor
    from meatpy.itch50.itch50_market_message import ITCH50MarketMessage

    processors, counts = {}, defaultdict(int)
    day = datetime.datetime(2026, 1, 1)
    symbols = {}
    for bytes_ in stream:
        message = ITCH50MarketMessage.from_bytes(bytes_)
        counts[bytes_[:1]] += 1
        locate = struct.unpack_from("!H", bytes_, 1)[0]
        if bytes_[:1] == b"R":
            symbols[locate] = bytes_[11:19].decode().rstrip()
            processors[locate] = ITCH50MarketProcessor(symbols[locate], day)
        for processor in [processors[locate]] if locate else list(processors.values()):
            processor.process_message(message, new_snapshot=False)
    books = {}
    for locate, processor in processors.items():
        book = processor.current_lob
        if book is None:
            continue
        for side, levels in (("bid", book.bid_levels), ("ask", book.ask_levels)):
            for level in levels:
                queue = [(order.order_id, order.volume) for order in level.queue]
                books[symbols[locate], side, level.price] = queue
    return books, counts


def shown(path):
    """What `pinion` shows: the displayed orders of each level, in queue order."""
    books = defaultdict(list)
    with open(path) as file:
        for line in map(json.loads, file):
            if "order_ref" in line and not line["hidden"] and line["shown"] > 0:
                whole, _, part = line["price"].partition(".")
                price = int(whole) * 10_000 + int(part.ljust(4, "0") or 0)
                books[line["symbol"], line["side"], price].append((line["order_ref"], line["shown"]))
    return dict(books)


def main():
    decoder, capture, group, book = sys.argv[1:]
    rebuilt, counts = {"itchfeed": by_itchfeed, "meatpy": by_meatpy}[decoder](messages(capture, group))
    expected = shown(book)
    different = sorted(place for place in rebuilt.keys() | expected.keys() if rebuilt.get(place) != expected.get(place))
    kinds = " ".join(f"{kind.decode()}={count}" for kind, count in sorted(counts.items()))
    orders = sum(map(len, rebuilt.values()))
    print(f"{decoder}: {sum(counts.values())} messages ({kinds}), {len(rebuilt)} levels, {orders} orders, {len(different)} levels differ")
    for place in different[:5]:
        print(f"{place}: from the feed {rebuilt.get(place)}, in the engine {expected.get(place)}", file=sys.stderr)
    sys.exit(1 if different or not rebuilt else 0)


main()
