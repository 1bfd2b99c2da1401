/* Follows a stream of ITCH 5.0 messages from C: packets come on standard input, each behind its length (two bytes, big-endian), as from
   a line; levels are printed as they change, and the best prices of instrument 1 in the end. A program with sockets does the same with what it receives. */
#include <stdio.h>
#include <stdlib.h>

#include "pinion_feed.h"

static void level(void *context, const PinionLevel *level) {
    ++*(unsigned long *)context;
    printf("%u %c %lld %llu in %u\n", level->instrument, level->side, (long long)level->price,
           (unsigned long long)level->total, level->orders);
}

static void stale(void *context, uint8_t reason, uint64_t since_ns) {
    (void)context;
    fprintf(stderr, reason == PINION_FRESH ? "fresh\n" : "stale for reason %u since %llu ns\n", reason,
            (unsigned long long)since_ns);
}

int main(void) {
    unsigned long changes = 0;
    PinionCallbacks callbacks = {0};
    callbacks.context = &changes;
    callbacks.level = level;
    callbacks.stale = stale;
    PinionOptions options = pinion_options(PINION_DEPTH);
    options.join = PINION_JOIN_FIRST_PACKET;
    options.rerequest = options.snapshot = options.strict = false; /* nobody to ask: input is a recording */
    PinionHandler *handler = pinion_handler_new(&options, &callbacks);
    if (handler == NULL) {
        return EXIT_FAILURE;
    }
    static unsigned char packet[65536];
    unsigned char length[2];
    uint64_t now_ns = 1;
    while (fread(length, 1, 2, stdin) == 2) {
        size_t len = (size_t)length[0] << 8 | length[1];
        if (fread(packet, 1, len, stdin) != len) {
            break;
        }
        now_ns += 1000000;
        pinion_handler_packet(handler, 0, packet, len, now_ns);
        pinion_handler_poll(handler, now_ns);
        while (pinion_handler_next_action(handler).kind != PINION_ACTION_NONE) {
            /* Here requests would be sent and the snapshot server be asked. */
        }
    }
    PinionLevel best;
    const uint8_t sides[] = {PINION_BUY, PINION_SELL};
    for (int i = 0; i < 2; i++) {
        if (pinion_handler_levels(handler, 1, sides[i], &best, 1) == 1) {
            printf("best %c %lld %llu\n", best.side, (long long)best.price, (unsigned long long)best.total);
        }
    }
    PinionCounters counters = pinion_handler_counters(handler);
    printf("%llu messages, %lu changes, next %llu\n", (unsigned long long)counters.messages, changes,
           (unsigned long long)pinion_handler_next_sequence(handler));
    pinion_handler_free(handler);
    return EXIT_SUCCESS;
}
