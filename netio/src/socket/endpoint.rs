//! The UDP socket of an endpoint: opened, sized, bound, joined to its groups.
// Why unsafe: two IPv4 options that no safe binding offers.
#![allow(unsafe_code)]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, IpMembershipRequest, SockFlag, SockType, SockaddrIn, bind, getsockname, setsockopt, socket, sockopt,
};

use crate::port::{Endpoint, EndpointIndex, PortError, check_count};

/// Opens every endpoint; none stays open when one fails. The sockets block, unless a call asks otherwise.
pub(crate) fn open_all(endpoints: &[Endpoint]) -> Result<Vec<(OwnedFd, SocketAddrV4)>, PortError> {
    check_count(endpoints)?;
    (0..=u8::MAX).zip(endpoints).map(|(index, endpoint)| open(EndpointIndex(index), endpoint)).collect()
}

fn open(index: EndpointIndex, endpoint: &Endpoint) -> Result<(OwnedFd, SocketAddrV4), PortError> {
    let failed = |action, address| {
        move |source: nix::Error| PortError::Endpoint { endpoint: index, action, address, source: source.into() }
    };
    let at = endpoint.bind;
    let of = |address: &Ipv4Addr| SocketAddrV4::new(*address, at.port());
    let fd = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
        .map_err(failed("open a socket for", at))?;
    size_buffers(&fd, endpoint).map_err(failed("size the buffers of", at))?;
    if !endpoint.groups.is_empty() {
        // Several programs on a host may listen to a group. Not for unicast, where the second would steal silently.
        setsockopt(&fd, sockopt::ReuseAddr, &true).map_err(failed("share", at))?;
    }
    // Without this a socket gets what any other socket of the host has joined.
    set_option(&fd, libc::IP_MULTICAST_ALL, &0_i32).map_err(failed("limit to its own groups", at))?;
    bind(fd.as_raw_fd(), &SockaddrIn::from(at)).map_err(failed("bind", at))?;
    let interface = endpoint.interface;
    for group in &endpoint.groups {
        let request = IpMembershipRequest::new(*group, (!interface.is_unspecified()).then_some(interface));
        setsockopt(&fd, sockopt::IpAddMembership, &request).map_err(failed("join the group", of(group)))?;
    }
    if !interface.is_unspecified() {
        let address = libc::in_addr { s_addr: u32::from_ne_bytes(interface.octets()) };
        set_option(&fd, libc::IP_MULTICAST_IF, &address).map_err(failed("send multicast over", of(&interface)))?;
    }
    setsockopt(&fd, sockopt::IpMulticastTtl, &endpoint.multicast_ttl)
        .map_err(failed("set the multicast TTL of", at))?;
    setsockopt(&fd, sockopt::IpMulticastLoop, &endpoint.multicast_loop).map_err(failed("set multicast loop of", at))?;
    let local = getsockname::<SockaddrIn>(fd.as_raw_fd()).map_err(failed("read the address of", at))?;
    Ok((fd, SocketAddrV4::new(local.ip(), local.port())))
}

/// The privileged call goes beyond the system's maximum; an ordinary user gets the maximum.
fn size_buffers(fd: &OwnedFd, endpoint: &Endpoint) -> nix::Result<()> {
    let receive = endpoint.recv_buffer_bytes.min(BUFFER_BYTES_MAX);
    if receive > 0 && setsockopt(fd, sockopt::RcvBufForce, &receive).is_err() {
        setsockopt(fd, sockopt::RcvBuf, &receive)?;
    }
    let send = endpoint.send_buffer_bytes.min(BUFFER_BYTES_MAX);
    if send > 0 && setsockopt(fd, sockopt::SndBufForce, &send).is_err() {
        setsockopt(fd, sockopt::SndBuf, &send)?;
    }
    Ok(())
}

/// Lets a socket hold its address and its groups, and hear nothing: for who receives by other means.
pub(crate) fn deafen(fd: &OwnedFd) -> std::io::Result<()> {
    // A filter of one instruction: keep nothing of any datagram.
    let mut keep_nothing = libc::sock_filter { code: FILTER_RETURN, jt: 0, jf: 0, k: 0 };
    let filter = libc::sock_fprog { len: 1, filter: &raw mut keep_nothing };
    let len = libc::socklen_t::try_from(size_of::<libc::sock_fprog>()).unwrap_or(libc::socklen_t::MAX);
    let (level, option) = (libc::SOL_SOCKET, libc::SO_ATTACH_FILTER);
    // SAFETY: the filter is as long as it says, and both it and its program live until the kernel has copied them.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const filter).cast(), len) };
    Ok(nix::Error::result(result).map(drop)?)
}

fn set_option<T: Copy>(fd: &OwnedFd, option: libc::c_int, value: &T) -> nix::Result<()> {
    let len = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX);
    // SAFETY: the pointer and the length describe `value`, which the kernel only reads; it checks the rest.
    let result =
        unsafe { libc::setsockopt(fd.as_raw_fd(), libc::IPPROTO_IP, option, std::ptr::from_ref(value).cast(), len) };
    nix::Error::result(result).map(drop)
}

/// Has the kernel tell with each datagram when it came.
pub(crate) fn stamp_arrivals(socket: &OwnedFd) -> std::io::Result<()> {
    Ok(setsockopt(socket, sockopt::ReceiveTimestampns, &true)?)
}

/// An address as the kernel wants it.
pub(crate) fn to_sockaddr(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: AF_INET,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
        sin_zero: [0; 8],
    }
}

/// An address as the kernel gives it.
pub(crate) fn from_sockaddr(address: &libc::sockaddr_in) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes()), u16::from_be(address.sin_port))
}

#[allow(clippy::cast_possible_truncation, reason = "address families are small numbers")]
const AF_INET: libc::sa_family_t = libc::AF_INET as libc::sa_family_t;

/// The instruction that ends a filter of the older kind, with how many bytes to keep.
const FILTER_RETURN: u16 = 0x06;

/// The kernel takes a C `int` and doubles it.
const BUFFER_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn addresses_survive_the_kernel_form() {
        let address = SocketAddrV4::new(Ipv4Addr::new(239, 1, 2, 3), 0x1234);
        assert_eq!(from_sockaddr(&to_sockaddr(address)), address);
    }

    #[test]
    fn a_unicast_address_cannot_be_taken_twice() {
        let first = Endpoint::unicast(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
        let opened = open_all(std::slice::from_ref(&first)).unwrap();
        let error = open_all(&[first, Endpoint::unicast(opened[0].1)]).unwrap_err();
        let PortError::Endpoint { endpoint, action, source, .. } = &error else { panic!("{error}") };
        assert_eq!((endpoint.0, *action, source.kind()), (1, "bind", io::ErrorKind::AddrInUse));
    }
}
