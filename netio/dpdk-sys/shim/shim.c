#include "shim.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include <string.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "expected DPDK 22.11 or later"
#endif

static inline uint16_t bounded(uint16_t count)
{
	return count < PINION_BURST_MAX ? count : PINION_BURST_MAX;
}

static inline uint16_t flags_of(const struct rte_mbuf *mbuf)
{
	uint64_t said = mbuf->ol_flags;
	uint64_t ip = said & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = said & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint16_t flags = 0;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		flags |= PINION_IP_BAD;
	else if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		flags |= PINION_IP_GOOD;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		flags |= PINION_UDP_BAD;
	else if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		flags |= PINION_UDP_GOOD;
	if (mbuf->nb_segs != 1)
		flags |= PINION_CHAINED;
	return flags;
}

uint16_t pinion_receive(uint16_t port, uint16_t queue, struct pinion_frame *frames, uint16_t count)
{
	struct rte_mbuf *mbufs[PINION_BURST_MAX];
	uint16_t got = rte_eth_rx_burst(port, queue, mbufs, bounded(count));

	for (uint16_t at = 0; at < got; at++) {
		struct rte_mbuf *mbuf = mbufs[at];
		uint16_t flags = flags_of(mbuf);

		// A frame that must not pass without its tag, and cannot have it: of no use, like one that is too long.
		if (unlikely(mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(&mbuf) != 0)
			flags |= PINION_CHAINED;
		rte_prefetch0(rte_pktmbuf_mtod(mbuf, void *));
		frames[at].mbuf = mbuf;
		frames[at].data = rte_pktmbuf_mtod(mbuf, uint8_t *);
		frames[at].len = rte_pktmbuf_data_len(mbuf);
		frames[at].room = rte_pktmbuf_data_len(mbuf) + rte_pktmbuf_tailroom(mbuf);
		frames[at].flags = flags;
	}
	return got;
}

// Ethernet, with or without a tag, then IPv4 without options, then UDP.
static void leave_checksums(struct rte_mbuf *mbuf)
{
	const struct rte_ether_hdr *head = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	int is_tagged = head->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);

	mbuf->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;
	mbuf->l2_len = sizeof(struct rte_ether_hdr) + (is_tagged ? sizeof(struct rte_vlan_hdr) : 0);
	mbuf->l3_len = sizeof(struct rte_ipv4_hdr);
}

uint16_t pinion_transmit(uint16_t port, uint16_t queue, const struct pinion_frame *frames, uint16_t count,
			 uint16_t *refused)
{
	struct rte_mbuf *mbufs[PINION_BURST_MAX];
	int offloaded = 0;

	count = bounded(count);
	for (uint16_t at = 0; at < count; at++) {
		struct rte_mbuf *mbuf = frames[at].mbuf;

		mbuf->data_len = frames[at].len;
		mbuf->pkt_len = frames[at].len;
		mbuf->ol_flags = 0;
		if (frames[at].flags & PINION_CHECKSUMS) {
			leave_checksums(mbuf);
			offloaded = 1;
		}
		mbufs[at] = mbuf;
	}
	*refused = 0;
	if (offloaded && count > 0) {
		count = rte_eth_tx_prepare(port, queue, mbufs, count);
		if (count == 0) {
			rte_pktmbuf_free(mbufs[0]);
			*refused = 1;
			return 1;
		}
	}
	return rte_eth_tx_burst(port, queue, mbufs, count);
}

uint16_t pinion_allocate(struct rte_mempool *pool, struct pinion_frame *frames, uint16_t count)
{
	struct rte_mbuf *mbufs[PINION_BURST_MAX];

	count = bounded(count);
	if (rte_pktmbuf_alloc_bulk(pool, mbufs, count) != 0)
		return 0;
	for (uint16_t at = 0; at < count; at++) {
		frames[at].mbuf = mbufs[at];
		frames[at].data = rte_pktmbuf_mtod(mbufs[at], uint8_t *);
		frames[at].len = 0;
		frames[at].room = rte_pktmbuf_tailroom(mbufs[at]);
		frames[at].flags = 0;
	}
	return count;
}

void pinion_free(const struct pinion_frame *frames, uint16_t count)
{
	struct rte_mbuf *mbufs[PINION_BURST_MAX];

	while (count > 0) {
		uint16_t now = bounded(count);

		for (uint16_t at = 0; at < now; at++)
			mbufs[at] = frames[at].mbuf;
		rte_pktmbuf_free_bulk(mbufs, now);
		frames += now;
		count -= now;
	}
}

static void touch_frame(struct rte_mempool *pool, void *unused, void *object, unsigned int index)
{
	struct rte_mbuf *mbuf = object;

	(void)pool;
	(void)unused;
	(void)index;
	memset(mbuf->buf_addr, 0, mbuf->buf_len);
}

void pinion_touch(struct rte_mempool *pool)
{
	rte_mempool_obj_iter(pool, touch_frame, NULL);
}

unsigned int pinion_drain(struct rte_ring *ring)
{
	unsigned int count = 0;
	void *mbuf;

	while (rte_ring_dequeue(ring, &mbuf) == 0) {
		rte_pktmbuf_free(mbuf);
		count++;
	}
	return count;
}

int pinion_link(uint16_t port, uint32_t *speed_mbps)
{
	struct rte_eth_link link;

	memset(&link, 0, sizeof(link));
	int refused = rte_eth_link_get_nowait(port, &link);

	if (refused < 0)
		return refused;
	*speed_mbps = link.link_speed;
	return link.link_status == RTE_ETH_LINK_UP;
}

int pinion_errno(void)
{
	return rte_errno;
}

int pinion_is_registered(void)
{
	return rte_lcore_id() != LCORE_ID_ANY;
}
