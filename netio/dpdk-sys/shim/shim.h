// What DPDK's headers have only as inline functions or macros, for callers that cannot compile C; and what differs between
// versions, so that nothing above this file knows which one is installed.
//
// A frame is handed over whole: who it is, where its bytes are, how many, and what the device says of it. One call moves a
// burst, so that the price of a call is paid once a burst.
#ifndef PINION_DPDK_SHIM_H
#define PINION_DPDK_SHIM_H

#include <rte_config.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_version.h>

struct pinion_frame {
	struct rte_mbuf *mbuf;
	uint8_t *data;
	// Bytes that there are, and bytes that there is room for from `data` on.
	uint16_t len;
	uint16_t room;
	// Of `enum pinion_flag`.
	uint16_t flags;
	uint16_t unused;
};

enum pinion_flag {
	// The device has checked, and found it wrong or right; neither when it did not look.
	PINION_IP_BAD = 1,
	PINION_IP_GOOD = 2,
	PINION_UDP_BAD = 4,
	PINION_UDP_GOOD = 8,
	// It goes on in further buffers, so it is longer than any that we take.
	PINION_CHAINED = 16,
	// To send: the device is to fill in the checksum of IPv4, whose field is 0 and whose header has 20 bytes, and that of
	// UDP, whose field holds the sum of the pseudo header.
	PINION_CHECKSUMS = 32,
};

enum pinion_offload {
	PINION_OFFLOAD_RX_IP = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM,
	PINION_OFFLOAD_RX_UDP = RTE_ETH_RX_OFFLOAD_UDP_CKSUM,
	PINION_OFFLOAD_TX_IP = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
	PINION_OFFLOAD_TX_UDP = RTE_ETH_TX_OFFLOAD_UDP_CKSUM,
};

enum pinion_node {
	PINION_ANY_NODE = SOCKET_ID_ANY,
};

enum pinion_limit {
	PINION_BURST_MAX = 64,
	// What a buffer has before its frame.
	PINION_HEADROOM = RTE_PKTMBUF_HEADROOM,
	PINION_RING_SINGLE_ENDS = RING_F_SP_ENQ | RING_F_SC_DEQ,
};

// At most PINION_BURST_MAX at a time. Each returns how many it did.
//
// A tag that the device or the kernel took out of a received frame is in it again.
uint16_t pinion_receive(uint16_t port, uint16_t queue, struct pinion_frame *frames, uint16_t count);
// The first so many of the frames are the device's afterwards, as long and flagged as they say; those that it can never
// send are freed and `refused`.
uint16_t pinion_transmit(uint16_t port, uint16_t queue, const struct pinion_frame *frames, uint16_t count,
			 uint16_t *refused);
// All or none.
uint16_t pinion_allocate(struct rte_mempool *pool, struct pinion_frame *frames, uint16_t count);
void pinion_free(const struct pinion_frame *frames, uint16_t count);

// Writes to every page of every frame, so that none is missing later.
void pinion_touch(struct rte_mempool *pool);
// Frees what is left in a ring of frames, which nobody else uses any more.
unsigned int pinion_drain(struct rte_ring *ring);
// 1 up, 0 down, below 0 not known.
int pinion_link(uint16_t port, uint32_t *speed_mbps);
// The error of the last call on this thread.
int pinion_errno(void);
// Whether the calling thread has a number at DPDK.
int pinion_is_registered(void);

#endif
