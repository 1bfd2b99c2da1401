"""Takes a snapshot by somebody else's SoupBinTCP client (nasdaq-protocols) and ITCH decoder (itchfeed).

usage: soup_snapshot.py HOST:PORT SESSION

SESSION names the stream; "" is the depth of the first channel. Prints the session, how many messages of each kind there were, and the next
sequence; then a line for each order: symbol, side, order reference, quantity, price.
"""

import asyncio
import sys
from collections import Counter

from itch.messages import messages as kinds
from nasdaq_protocols import soup


async def take(address, session):
    host, port = address.rsplit(":", 1)
    payloads, whole = [], asyncio.Event()

    async def on_message(message):
        if isinstance(message, soup.SequencedData):
            payloads.append(bytes(message.data))
            if payloads[-1][:1] == b"G":
                whole.set()

    client = await soup.connect_async((host, int(port)), "reader", "", session, on_msg_coro=on_message)
    await asyncio.wait_for(whole.wait(), 20)
    return client.session_id.session.strip(), payloads


def main():
    named, (*state, end) = asyncio.run(take(*sys.argv[1:]))
    counts = Counter(chr(payload[0]) for payload in state)
    print(named, " ".join(f"{kind}={count}" for kind, count in sorted(counts.items())), f"next={int(end[1:])}")
    for payload in state:
        message = kinds[payload[:1]](payload)
        if payload[:1] == b"A":
            stock, side = message.stock.decode().strip(), message.buy_sell_indicator.decode()
            print(stock, side, message.order_reference_number, message.shares, message.price)


main()
